// Step "user": the process stops being the host's root. Order matters (credentials(7),
// capabilities(7)):
//   1. the bounding set first: it needs CAP_SETPCAP;
//   2. groups before the user: setgroups(2) needs CAP_SETGID, which goes with root;
//   3. "keep capabilities" over the change of user, since what the spec grants is set after it;
//   4. no_new_privs last: from then on no setuid program gives anything back.

#include <fcntl.h>
#include <grp.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <optional>

#include "01-cli-socket/curl_line.hpp"
#include "01-cli-socket/json_fields.hpp"
#include "01-cli-socket/sys_error.hpp"
#include "03-namespaces/base/annotations.hpp"
#include "03-namespaces/base/capabilities.hpp"
#include "03-namespaces/base/user_lookup.hpp"
#include "isolation_step.hpp"

namespace slipway {
namespace {

std::string text_of(const UserIds& ids) {
  std::string text = std::to_string(ids.uid) + ": gid " + std::to_string(ids.gid) + ", groups";
  for (const gid_t gid : ids.groups) text += " " + std::to_string(gid);
  return text;
}

/// setpriv(1) makes the three calls in their order.
std::string by_hand(const UserIds& ids) {
  std::string groups;
  for (const gid_t gid : ids.groups) groups += (groups.empty() ? "" : ",") + std::to_string(gid);
  return "exec setpriv --reuid " + std::to_string(ids.uid) + " --regid " + std::to_string(ids.gid) +
         (groups.empty() ? " --clear-groups" : " --groups " + groups) + " sh";
}

/// "CAP_CHOWN" as capsh(1) writes it: "cap_chown".
std::string full_name(std::string name) {
  std::ranges::transform(name, name.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return name;
}

/// And setpriv(1): "chown".
std::string short_name(const std::string& name) {
  return full_name(name).substr(std::string_view("cap_").size());
}

template <class Id>
Id id_of(std::int64_t number, const char* field) {
  if (number < 0 || number > INT32_MAX)
    throw std::runtime_error(std::string(field) + ": out of range");
  return static_cast<Id>(number);
}

UserIds numeric_ids(const JsonFields& user) {
  UserIds ids{.uid = id_of<uid_t>(user.integer("uid"), "process.user.uid"),
              .gid = id_of<gid_t>(user.integer("gid"), "process.user.gid")};
  for (const nlohmann::json& gid : user.array("additionalGids")) {
    ids.groups.push_back(id_of<gid_t>(gid.get<std::int64_t>(), "process.user.additionalGids"));
  }
  return ids;
}

CapabilitySets capability_sets(const JsonFields& spec) {
  return {.bounding = parse_capabilities(spec.texts("bounding")),
          .effective = parse_capabilities(spec.texts("effective")),
          .permitted = parse_capabilities(spec.texts("permitted")),
          .inheritable = parse_capabilities(spec.texts("inheritable")),
          .ambient = parse_capabilities(spec.texts("ambient"))};
}

/// A pipe of the shim's belongs to root, a new terminal too; its new owner must be able to open it
/// again as /dev/stdout. A device that the image has put there is not ours to give.
void give_streams_to(uid_t uid) {
  for (int number = 0; number < 3; ++number) {
    struct stat about {};
    if (::fstat(number, &about) < 0 || about.st_uid == uid) continue;
    if (!S_ISFIFO(about.st_mode) && ::isatty(number) == 0) continue;
    check(::fchown(number, uid, static_cast<gid_t>(-1)), "fchown", "stdio");
  }
}

class UserStep : public IsolationStep {
 public:
  UserStep() : IsolationStep("user") {}

  void prepare(LaunchContext& context) override {
    const JsonFields spec(context.spec);
    const JsonFields process = spec.object("process");
    const JsonFields notes = spec.object("annotations");
    ids_ = numeric_ids(process.object("user"));
    if (notes.has(kUserAnnotation)) text_ = parse_user_text(notes.text(kUserAnnotation));
    extra_groups_ = split_words(notes.text(kGroupsAnnotation), ',');
    if (process.has("capabilities"))
      capabilities_ = capability_sets(process.object("capabilities"));
    no_new_privileges_ = process.boolean("noNewPrivileges");
  }

  void child(LaunchContext& context) override {
    find_out_who(context);
    if (capabilities_) drop_bounding(context);
    change_user(context);
    if (capabilities_) keep_capabilities(context);
    if (no_new_privileges_) {
      const auto call =
          context.call("prctl", "PR_SET_NO_NEW_PRIVS 1", "exec setpriv --no-new-privs sh");
      check(::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "prctl", "PR_SET_NO_NEW_PRIVS");
    }
    ::umask(022);
  }

  std::string advice(const std::exception& /*error*/) const override {
    return "a user and group that /etc/passwd and /etc/group of the image name, or numbers: "
           "`--user 1000:1000`";
  }

 private:
  /// Names mean what the container's own files say; we are inside its root now.
  void find_out_who(LaunchContext& context) {
    const bool home_is_set = std::ranges::any_of(
        context.env, [](const std::string& entry) { return entry.starts_with("HOME="); });
    if (!text_ && home_is_set) return;
    auto call = context.call("openat2", "/etc/passwd", [&] {
      const bool named = text_ && !text_->user.empty();
      return "getent passwd " + shell_quoted(named ? text_->user : std::to_string(ids_.uid));
    });
    const RootDir root = RootDir::at("/");
    if (text_) {
      ids_ = look_up(root);
    } else {
      ids_.home = home_of(root);
    }
    if (!home_is_set) context.env.push_back("HOME=" + ids_.home);
    call.result(text_of(ids_));
  }

  [[nodiscard]] UserIds look_up(const RootDir& root) const {
    const std::string passwd = read_account_file(root, "/etc/passwd");
    return find_user(*text_, extra_groups_, passwd, read_account_file(root, "/etc/group"));
  }

  /// Only a convenience here: an image whose passwd is unreadable gets "/".
  [[nodiscard]] std::string home_of(const RootDir& root) const {
    try {
      const UserText number{.user = std::to_string(ids_.uid)};
      return find_user(number, {}, read_account_file(root, "/etc/passwd"), "").home;
    } catch (const std::exception&) {
      return "/";
    }
  }

  void drop_bounding(LaunchContext& context) const {
    const auto call = context.call("prctl", "PR_CAPBSET_DROP all but what the spec grants", [&] {
      std::string option = "-all";
      for (const std::string& name : capability_names(capabilities_->bounding)) {
        option += ",+" + short_name(name);
      }
      return "exec setpriv --bounding-set " + option + " sh";
    });
    drop_bounding_set(capabilities_->bounding);
    check(::prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0), "prctl", "PR_SET_KEEPCAPS");
  }

  //@region change_user
  void change_user(LaunchContext& context) const {
    give_streams_to(ids_.uid);
    const auto call = context.call("setresuid", text_of(ids_), [&] { return by_hand(ids_); });
    //@exercise 03.5 Stop being root, in the only order that works
    //@hint  setgroups(2) and setresgid(2) need a capability that goes with root
    //@hint  all three ids each time: a saved uid of 0 is a way back
    check(::setgroups(ids_.groups.size(), ids_.groups.data()), "setgroups");
    check(::setresgid(ids_.gid, ids_.gid, ids_.gid), "setresgid");
    check(::setresuid(ids_.uid, ids_.uid, ids_.uid), "setresuid");
    //@end
  }
  //@endregion

  void keep_capabilities(LaunchContext& context) const {
    CapabilitySets sets = *capabilities_;
    // The engine grants before it knows who "app" is. A user other than root gets none of root's
    // powers (CVE-2017-10856); execve(2) would take them as well.
    if (text_ && ids_.uid != 0) sets.effective = sets.permitted = sets.ambient = 0;
    const std::vector<std::string> names = capability_names(sets.effective);
    auto call = context.call("capset", "effective: " + std::to_string(names.size()), [&] {
      std::string line = "capsh --caps='";
      for (const std::string& name : names)
        line += (line.back() == '\'' ? "" : ",") + full_name(name);
      return line + (names.empty() ? "=" : "=ep") + "' --";
    });
    if (set_capabilities(sets) != 0)
      call.result("ok, but we have not got all of them ourselves, ignoring");
    check(::prctl(PR_SET_KEEPCAPS, 0, 0, 0, 0), "prctl", "PR_SET_KEEPCAPS");
  }

  UserIds ids_;
  std::optional<UserText> text_;
  std::vector<std::string> extra_groups_;
  std::optional<CapabilitySets> capabilities_;
  bool no_new_privileges_ = false;
};

}  // namespace

StepPtr make_user_step() { return std::make_unique<UserStep>(); }

}  // namespace slipway
