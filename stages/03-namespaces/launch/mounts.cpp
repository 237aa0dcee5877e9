// Step "mounts": the spec's list of mounts, in its order, below the container's new root.
// Each is made detached, its place is found through RootDir, and then it is attached to what was
// found.

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "01-cli-socket/curl_line.hpp"
#include "01-cli-socket/json_fields.hpp"
#include "01-cli-socket/sys_error.hpp"
#include "03-namespaces/base/annotations.hpp"
#include "03-namespaces/base/foreign_mount.hpp"
#include "03-namespaces/base/mount_options.hpp"
#include "isolation_step.hpp"

namespace slipway {
namespace {

struct MountRequest {
  std::string destination, type, source;
  MountOptions options;
  std::string
      donor{};  ///< the name of the mount namespace that the source is in, if it is another container's
  std::string words{};  ///< the options as the spec and mount(8) write them
  std::string text{};   ///< for a person: "/proc: proc nosuid,noexec,nodev"
};

MountRequest parse_mount(const nlohmann::json& entry) {
  const JsonFields fields(entry, "mounts");
  const std::vector<std::string> options = fields.texts("options");
  MountRequest request{.destination = fields.text("destination"),
                       .type = fields.text("type"),
                       .source = fields.text("source"),
                       .options = parse_mount_options(options)};
  if (request.type == "bind") request.options.bind = true;
  if (request.destination == "/proc" && request.type != "proc" && !request.options.bind) {
    throw std::runtime_error("\"/proc\" takes a filesystem \"proc\", not \"" + request.type + "\"");
  }
  const std::string& what = request.options.bind ? request.source : request.type;
  request.words = join_words(options, ',');
  request.text = request.destination + ": " + what + " " + request.words;
  return request;
}

/// $ROOT is what the step "rootfs" calls it.
std::string by_hand(const MountRequest& request) {
  const std::string place = "$ROOT" + shell_quoted(request.destination);
  const std::string options = request.words.empty() ? "" : "-o " + request.words + " ";
  if (request.options.bind) return "mount " + options + shell_quoted(request.source) + " " + place;
  return "mkdir -p " + place + " && mount -t " + request.type + " " + options + request.type + " " +
         place;
}

bool is_folder(int fd) {
  struct stat about {};
  check(::fstat(fd, &about), "fstat");
  return S_ISDIR(about.st_mode);
}

DetachedMount make_filesystem(const MountRequest& request) {
  FsParameters parameters = request.options.parameters;
  if (!request.source.empty()) parameters.emplace_back("source", request.source);
  return DetachedMount::filesystem(request.type, parameters, request.options.set);
}

/// A folder or file of the host. Private unless the options say otherwise: what is mounted in
/// there, on either side, stays on that side.
DetachedMount make_bind(const MountRequest& request, int source) {
  const MountOptions& options = request.options;
  DetachedMount mount = is_in_another_namespace(request.source)
                            ? clone_from_namespace(request.source, request.donor)
                            : DetachedMount::clone(source, options.recursive, request.source);
  const bool all = options.recursive && (options.propagation == 0 || options.propagation_recursive);
  const std::uint64_t asked = options.propagation;
  mount.change({.propagation = asked != 0 ? asked : std::uint64_t{MS_PRIVATE}}, all, request.text);
  if (options.set | options.clear) {
    mount.change({.attr_set = options.set, .attr_clr = options.clear}, false, request.text);
  }
  if (options.set_below != 0) mount.change({.attr_set = options.set_below}, true, request.text);
  return mount;
}

/// A volume over /proc, or a file in it, could make programs (and us) believe anything about the
/// system (CVE-2015-3630, CVE-2019-16884, CVE-2023-28642).
void refuse_inside_proc(const MountRequest& request, int target) {
  struct statfs about {};
  check(::fstatfs(target, &about), "fstatfs", request.destination);
  if (about.f_type == PROC_SUPER_MAGIC) {
    throw std::runtime_error("\"" + request.destination +
                             "\" cannot be mounted because it is inside /proc");
  }
}

class MountsStep : public IsolationStep {
 public:
  explicit MountsStep(SharedRoot root) : IsolationStep("mounts"), root_(std::move(root)) {}

  void prepare(LaunchContext& context) override {
    const JsonFields notes = JsonFields(context.spec).object("annotations");
    for (const nlohmann::json& entry : JsonFields(context.spec).array("mounts")) {
      requests_.push_back(parse_mount(entry));
      if (requests_.back().destination != "/dev/shm") continue;
      requests_.back().donor = notes.text(std::string(kDonorAnnotation) + "mount");
    }
  }

  void child(LaunchContext& context) override {
    for (const MountRequest& request : requests_) {
      const auto call = context.call("move_mount", request.text, [&] { return by_hand(request); });
      if (request.options.bind) {
        bind(request);
      } else {
        mount(request);
      }
    }
  }

  std::string advice(const std::exception& error) const override {
    const auto* failed = dynamic_cast<const SysError*>(&error);
    if (failed && failed->is(ENOENT))
      return "make the folder or file on this host, or name another";
    if (failed && failed->is(ENOTDIR)) return "a folder goes on a folder, a file on a file";
    return {};
  }

 private:
  //@region bind
  void bind(const MountRequest& request) const {
    const UniqueFd source(
        check(::open(request.source.c_str(), O_PATH | O_CLOEXEC), "open", request.source));
    const DetachedMount mount = make_bind(request, source.get());
    const UniqueFd target = is_folder(source.get()) ? root_->make_folders(request.destination)
                                                    : root_->make_file(request.destination);
    refuse_inside_proc(request, target.get());
    mount.attach(target.get(), request.destination);
  }
  //@endregion

  void mount(const MountRequest& request) const {
    const bool kernel_view = request.type == "proc" || request.type == "sysfs";
    const UniqueFd target = kernel_view
                                ? root_->make_ordinary_folders(
                                      request.destination, "filesystem \"" + request.type + "\"")
                                : root_->make_folders(request.destination);
    if (!kernel_view) refuse_inside_proc(request, target.get());
    make_filesystem(request).attach(target.get(), request.destination);
  }

  SharedRoot root_;
  std::vector<MountRequest> requests_;
};

}  // namespace

StepPtr make_mounts_step(SharedRoot root) { return std::make_unique<MountsStep>(std::move(root)); }

}  // namespace slipway
