// Step "cgroup": a place where the container's processes are counted and limited, made before the first of them exists.
//
// Version 2 (04-I1): the process is born in it (CLONE_INTO_CGROUP); there is no moment at which it is anywhere else. Version 1: the
// child moves itself, before it does anything else.
//
// What is left if we are killed (04-I2) is removed by others who can name it: its path stands in the spec, which is on disk before
// we run.

#include <iterator>
#include <map>

#include "01-cli-socket/json_fields.hpp"
#include "01-cli-socket/log_line.hpp"
#include "04-cgroups/kernel/cgroup.hpp"
#include "04-cgroups/kernel/settings.hpp"
#include "cgroup_steps.hpp"
#include "oom_watch.hpp"

namespace slipway {
namespace {

/// Version 1: a process enters a cgroup of each tree.
std::string entering_by_hand(const Cgroup& cgroup) {
  std::string folders;
  for (const auto& [controller, folder] : cgroup.views()) folders += " " + folder;
  return "for f in" + folders + "; do echo $$ > $f/cgroup.procs; done";
}

/// What both steps have in common: the cgroup that the spec names, if it names one.
class CgroupStepBase : public LaunchStep {
 public:
  std::string_view name() const final { return "cgroup"; }
  std::string_view stage() const final { return "04"; }

  void child(LaunchContext& context) override {
    if (!cgroup_ || born_in_it_) return;
    const auto call = context.call("write", "0 to the tasks of " + path_,
                                   [this] { return entering_by_hand(*cgroup_); });
    cgroup_->enter();
  }

 protected:
  [[nodiscard]] bool open(const LaunchContext& context) {
    path_ = JsonFields(context.spec).object("linux").text("cgroupsPath");
    if (path_.empty()) return false;
    hierarchies_ = Hierarchies::find();
    cgroup_ = open_cgroup(hierarchies_, path_);
    return true;
  }

  /// Its folders, and then a line into a file for each limit.
  [[nodiscard]] std::string making_by_hand(const Resources& resources) const {
    std::map<std::string, std::string> folders = cgroup_->views();
    const bool unified = folders.contains("");
    std::string limits;
    for (const Setting& setting :
         unified ? version2_settings(resources) : version1_settings(resources)) {
      std::string& folder = folders[unified ? "" : setting.controller];
      if (folder.empty()) folder = hierarchies_.tree_of(setting.controller) + path_;
      limits += " && echo '" + setting.value + "' > " + folder + "/" + setting.file;
    }
    std::string make = "mkdir -p";
    for (const auto& [controller, folder] : folders) make += " " + folder;
    return make + limits;
  }

  void be_born_in_it(LaunchContext& context) {
    place_ = cgroup_->birthplace();
    born_in_it_ = static_cast<bool>(place_);
    context.cgroup_fd = place_.get();
  }

  std::string path_;
  Hierarchies hierarchies_;
  std::unique_ptr<Cgroup> cgroup_;
  UniqueFd place_;
  bool born_in_it_ = false;
};

/// A spec is made in pieces, and by others: one that says nothing about devices must not give all of them.
Resources closed_resources(const nlohmann::json& spec) {
  Resources resources = resources_of(spec);
  resources.devices = closed_device_rules(resources.devices.value_or(DeviceRules()));
  return resources;
}

class CgroupStep final : public CgroupStepBase {
 public:
  //@region step
  void prepare(LaunchContext& context) override {
    if (!open(context)) return;
    const Resources resources = closed_resources(context.spec);
    const auto call = context.call("mkdir", path_, [&] { return making_by_hand(resources); });
    cgroup_->make(resources);
    be_born_in_it(context);
    oom_.begin(context, *cgroup_, path_);
  }

  void parent(LaunchContext&) override { place_.reset(); }

  void undo(LaunchContext& context) noexcept override {
    if (!cgroup_) return;
    oom_.end(context);
    if (!cgroup_->remove()) log_line(LogLevel::error, "cgroup " + path_ + " cannot be removed");
  }
  //@endregion

 private:
  OomWatch oom_;
};

class JoinCgroupStep final : public CgroupStepBase {
 public:
  void prepare(LaunchContext& context) override {
    if (open(context)) be_born_in_it(context);
  }
  void parent(LaunchContext&) override { place_.reset(); }
};

LaunchSteps with_first(std::unique_ptr<LaunchStep> first, LaunchSteps steps) {
  steps.insert(steps.begin(), std::move(first));
  return steps;
}

}  // namespace

LaunchSteps cgroup_steps(LaunchSteps steps) {
  return with_first(std::make_unique<CgroupStep>(), std::move(steps));
}

LaunchSteps join_cgroup_steps(LaunchSteps steps) {
  return with_first(std::make_unique<JoinCgroupStep>(), std::move(steps));
}

}  // namespace slipway
