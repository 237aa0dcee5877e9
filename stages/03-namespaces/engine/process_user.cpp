#include "process_user.hpp"

#include <nlohmann/json.hpp>

#include "01-cli-socket/api_error.hpp"
#include "01-cli-socket/json_fields.hpp"
#include "02-daemon/launch/launch_step.hpp"
#include "03-namespaces/base/annotations.hpp"
#include "03-namespaces/base/user_lookup.hpp"

namespace slipway {

using nlohmann::json;

namespace {

/// useradd(8) allows 32 characters; two names and a colon, with room to spare.
constexpr std::size_t kLongestUser = 512;

void check_group(const std::string& group) {
  try {
    if (group.empty() || group.size() > kLongestUser ||
        group.find_first_of(",: \t\n") != std::string::npos) {
      throw CommandError("invalid group \"" + group + "\"");
    }
    static_cast<void>(parse_id(group));
  } catch (const CommandError& error) {
    throw bad_request("HostConfig.GroupAdd: " + std::string(error.what()));
  }
}

}  // namespace

void check_user(const CreateRequest& request) {
  const std::string user = JsonFields(request.config).text("User");
  if (user.size() > kLongestUser) throw bad_request("User: longer than 512 characters");
  try {
    parse_user_text(user);
  } catch (const CommandError& error) {
    throw bad_request("User: " + std::string(error.what()));
  }
  for (const std::string& group : JsonFields(request.host_config, "HostConfig").texts("GroupAdd")) {
    check_group(group);
  }
}

void write_user(const ContainerRecord& record, json& spec) {
  const std::string text = JsonFields(record.config).text("User");
  const std::vector<std::string> groups = JsonFields(record.host_config).texts("GroupAdd");
  const UserText user = parse_user_text(text);
  json& ids = spec["process"]["user"];
  ids = {{"uid", parse_id(user.user).value_or(0)}, {"gid", parse_id(user.group).value_or(0)}};
  for (const std::string& group : groups) {
    if (const auto gid = parse_id(group)) ids["additionalGids"].push_back(*gid);
  }
  // Also for no user at all: root's groups are those of the container's own /etc/group.
  spec["annotations"][std::string(kUserAnnotation)] = text;
  if (!groups.empty()) {
    spec["annotations"][std::string(kGroupsAnnotation)] = join_words(groups, ',');
  }
}

}  // namespace slipway
