#include "entry_name.hpp"

#include <algorithm>
#include <vector>

#include "refused.hpp"

namespace slipway {
namespace {

constexpr std::string_view kWhiteout = ".wh.";
constexpr std::string_view kAufs = ".wh..wh.";
constexpr std::string_view kOpaque = ".wh..wh..opq";

/// The parts of a path, without empty ones and ".".
std::vector<std::string_view> parts_of(std::string_view path) {
  std::vector<std::string_view> parts;
  while (!path.empty()) {
    const std::size_t end = std::min(path.find('/'), path.size());
    const std::string_view part = path.substr(0, end);
    if (!part.empty() && part != ".") parts.push_back(part);
    path.remove_prefix(std::min(end + 1, path.size()));
  }
  return parts;
}

std::string join(const std::vector<std::string_view>& parts) {
  std::string path;
  for (const std::string_view part : parts) {
    if (!path.empty()) path += '/';
    path += part;
  }
  return path;
}

std::vector<std::string_view> checked_parts(std::string_view name) {
  if (name.empty()) throw Refused("the name is empty");
  if (name.size() >= kMaxEntryName) throw Refused("the name is longer than 4095 bytes");
  if (name.front() == '/') throw Refused("the name is absolute");
  std::vector<std::string_view> parts = parts_of(name);
  if (std::find(parts.begin(), parts.end(), "..") != parts.end()) {
    throw Refused("the name contains \"..\"");
  }
  return parts;
}

/// The name that a whiteout hides.
std::string hidden_name(std::string_view base) {
  const std::string_view hidden = base.substr(kWhiteout.size());
  if (hidden.empty() || hidden == "." || hidden == "..") {
    throw Refused("a whiteout must name a file in its folder");
  }
  return std::string(hidden);
}

}  // namespace

EntryName parse_entry_name(std::string_view name) {
  std::vector<std::string_view> parts = checked_parts(name);
  if (parts.empty()) return {.kind = EntryKind::root, .parent = {}, .base = {}};
  const std::string_view base = parts.back();
  const auto starts_with = [](std::string_view prefix) {
    return [prefix](std::string_view part) { return part.starts_with(prefix); };
  };
  const bool opaque = base == kOpaque;
  if (!opaque && std::any_of(parts.begin(), parts.end(), starts_with(kAufs))) {
    return {.kind = EntryKind::ignored, .parent = {}, .base = {}};
  }
  parts.pop_back();
  if (std::any_of(parts.begin(), parts.end(), starts_with(kWhiteout))) {
    throw Refused("a whiteout is used as a folder");
  }
  if (opaque) return {.kind = EntryKind::opaque, .parent = join(parts), .base = {}};
  if (base.starts_with(kWhiteout)) {
    return {.kind = EntryKind::whiteout, .parent = join(parts), .base = hidden_name(base)};
  }
  return {.kind = EntryKind::plain, .parent = join(parts), .base = std::string(base)};
}

std::string clean_entry_name(std::string_view name) { return join(checked_parts(name)); }

void check_link_target(std::string_view parent, std::string_view target) {
  if (target.empty()) throw Refused("the link's target is empty");
  if (target.size() >= kMaxEntryName) throw Refused("the link's target is longer than 4095 bytes");
  //@exercise 05.2 Follow the link's target in your head and refuse it when it climbs above the root
  //@hint  count folders: how deep does the link stand, what does each part of the target change?
  //@hint  an absolute target starts at the root, whatever folder the link stands in
  std::ptrdiff_t depth =
      target.front() == '/' ? 0 : static_cast<std::ptrdiff_t>(parts_of(parent).size());
  for (const std::string_view part : parts_of(target)) {
    depth += part == ".." ? -1 : 1;
    if (depth < 0) {
      throw Refused("the link's target \"" + std::string(target) + "\" climbs above the root");
    }
  }
  //@end
}

}  // namespace slipway
