#include "image_removal.hpp"

#include <algorithm>

#include "01-cli-socket/api_error.hpp"

namespace slipway {
namespace {

std::string short_id(const std::string& container) { return container.substr(0, 12); }

const ImageUser* first(const std::vector<ImageUser>& users, bool running) {
  const auto found = std::find_if(users.begin(), users.end(),
                                  [&](const ImageUser& user) { return user.running == running; });
  return found == users.end() ? nullptr : &*found;
}

ApiError refuse(const Image& image, const std::string& how, const std::string& reason) {
  return conflict("conflict: unable to delete " + image.id.short_hex() + " (" + how + ") - " +
                  reason);
}

/// The conflict that keeps the image itself from going, if there is one.
std::optional<ApiError> conflict_of(const Image& image, bool force, std::size_t names,
                                    const std::vector<ImageUser>& users) {
  if (const ImageUser* user = first(users, true)) {
    const std::string who = user->container.empty()
                                ? "a container that is being created"
                                : "running container " + short_id(user->container);
    return refuse(image, "cannot be forced", "image is being used by " + who);
  }
  if (force) return std::nullopt;
  if (names > 0) {
    return refuse(image, "must be forced", "image is referenced in multiple repositories");
  }
  if (const ImageUser* user = first(users, false)) {
    return refuse(image, "must be forced",
                  "image is being used by stopped container " + short_id(user->container));
  }
  return std::nullopt;
}

RemovalPlan plan_by_id(const Image& image, bool force, const std::vector<ImageUser>& users) {
  const bool one_name = image.names.size() <= 1;
  if (auto reason = conflict_of(image, force, one_name ? 0 : image.names.size(), users)) {
    throw *reason;
  }
  return {.untag = image.names, .remove = true};
}

RemovalPlan plan_by_name(const Image& image, const std::string& typed, const ImageReference& name,
                         bool force, const std::vector<ImageUser>& users) {
  const bool last = image.names.size() <= 1;
  if (last && !force && !users.empty()) {
    throw conflict("conflict: unable to remove repository reference \"" + typed +
                   "\" (must force) - container " + short_id(users.front().container) +
                   " is using its referenced image " + image.id.short_hex());
  }
  // A container that runs keeps the image, nameless, and that is no error: its name is gone as
  // asked.
  return {.untag = {name}, .remove = last && !conflict_of(image, force, 0, users)};
}

}  // namespace

bool is_id_prefix(const Image& image, const std::string& typed) {
  return image.id.text().starts_with(typed) || image.id.hex().starts_with(typed);
}

RemovalPlan plan_removal(const Image& image, const std::string& typed, bool force,
                         const std::vector<ImageUser>& users) {
  const auto wanted = ImageReference::maybe_parse(typed);
  const auto name = std::find_if(image.names.begin(), image.names.end(), [&](const auto& own) {
    return wanted && own.full() == wanted->with_default_tag().full();
  });
  return name == image.names.end() ? plan_by_id(image, force, users)
                                   : plan_by_name(image, typed, *name, force, users);
}

}  // namespace slipway
