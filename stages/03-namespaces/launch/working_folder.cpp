// Step "working folder": process.cwd is made if the image lacks it, as Docker does, while the root
// is still writable. A WORKDIR whose link leads out of the root makes a folder inside it
// (CVE-2026-55686). Going there is the step "working directory".

#include "01-cli-socket/curl_line.hpp"
#include "01-cli-socket/json_fields.hpp"
#include "01-cli-socket/sys_error.hpp"
#include "isolation_step.hpp"

namespace slipway {
namespace {

class WorkingFolderStep : public IsolationStep {
 public:
  explicit WorkingFolderStep(SharedRoot root)
      : IsolationStep("working folder"), root_(std::move(root)) {}

  void child(LaunchContext& context) override {
    const std::string path = JsonFields(context.spec).object("process").text("cwd", "/");
    if (path == "/") return;
    const auto call = context.call("openat2", path + ": made if it is missing",
                                   [&] { return "mkdir -p $ROOT" + shell_quoted(path); });
    try {
      static_cast<void>(root_->make_folders(path));
    } catch (const SysError& error) {
      // /proc/self/fd/7 as a WORKDIR: a descriptor of ours would be the way out (CVE-2024-21626).
      const std::string why =
          error.is(ELOOP) ? "its links lead nowhere inside the container" : error.what();
      throw CommandError("cannot make working directory \"" + path + "\": " + why);
    }
  }
  std::string advice(const std::exception& /*error*/) const override {
    return "another `--workdir`: what is in its way in the image is a file, or a link";
  }

 private:
  SharedRoot root_;
};

}  // namespace

StepPtr make_working_folder_step(SharedRoot root) {
  return std::make_unique<WorkingFolderStep>(std::move(root));
}

}  // namespace slipway
