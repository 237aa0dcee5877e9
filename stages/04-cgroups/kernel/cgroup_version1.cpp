// Version 1: a folder in the tree of each controller, and every process is put into each of them.

#include <fcntl.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <set>
#include <sstream>

#include "01-cli-socket/log_line.hpp"
#include "01-cli-socket/sys_error.hpp"
#include "cgroup_folder.hpp"
#include "cgroup_versions.hpp"
#include "settings.hpp"

namespace slipway {
namespace {

/// The trees that each container is in: for its figures, its devices, and to pause it. The others cost time at every start
/// ("cpu" alone as much as these six together), and are joined when a limit asks for them.
constexpr const char* kAlways[] = {"memory", "cpuacct", "pids", "blkio", "devices", "freezer"};

constexpr std::uint64_t kNanosecondsPerTick = 10'000'000;  // USER_HZ is 100 on every Linux

/// "8:0 Read 4096"
std::vector<IoFigure> io_figures(const std::string& text) {
  std::istringstream lines(text);
  std::vector<IoFigure> figures;
  IoFigure figure;
  char colon = 0;
  while (lines >> figure.major >> colon >> figure.minor >> figure.operation >> figure.value) {
    figures.push_back(figure);
  }
  return figures;
}

class Version1 final : public Cgroup {
 public:
  Version1(const Hierarchies& hierarchies, std::string path)
      : hierarchies_(hierarchies), path_(std::move(path)) {}

  void make(const Resources& resources) override {
    const std::vector<Setting> settings = version1_settings(resources);
    for (const std::string name : kAlways) {
      if (hierarchies_.has(name)) make_cgroup_folder(hierarchies_.tree_of(name), path_);
    }
    for (const Setting& setting : settings) make_folder_for(setting.controller);
    write(settings, false);
  }

  void change(const Resources& resources) override {
    Resources changed = resources;
    changed.devices.reset();  // they are not changed while it runs
    const std::vector<Setting> settings = version1_settings(changed);
    std::set<std::string> joined;
    for (const Setting& setting : settings) {
      if (make_folder_for(setting.controller)) joined.insert(setting.controller);
    }
    write(settings, true);
    for (const std::string& controller : joined) bring_all(controller);
  }

  UniqueFd birthplace() const override { return {}; }

  //@region enter1
  /// "0" is whoever writes it. A process that moves itself need not stop all others while it does, as it would by
  /// "cgroup.procs".
  void enter() const override {
    for (const std::string& folder : folders()) write_setting(folder + "/tasks", "0");
  }
  //@endregion

  /// Those that are made in any case: programs look there for what they may use.
  std::map<std::string, std::string> views() const override {
    std::map<std::string, std::string> places;
    for (const std::string name : kAlways) {
      if (hierarchies_.has(name)) places[name] = folder(name);
    }
    return places;
  }

  bool exists() const override { return !folders().empty(); }

  std::vector<pid_t> processes() const override {
    const std::vector<std::string> all = folders();
    return all.empty() ? std::vector<pid_t>() : pids_below(all.front(), "cgroup.procs");
  }

  void freeze() const override {
    const std::string state = file("freezer", "freezer.state");
    // A process that was being made while the others froze is told again: the kernel says FREEZING then.
    const bool stopped = patiently([&] {
      write_setting(state, "FROZEN");
      return frozen();
    });
    if (stopped) return;
    thaw();
    throw std::runtime_error("a process in " + path_ + " does not stop");
  }
  void thaw() const override { write_setting(file("freezer", "freezer.state"), "THAWED"); }
  bool frozen() const override {
    return hierarchies_.has("freezer") &&
           read_setting(file("freezer", "freezer.state")) == "FROZEN";
  }

  //@region kill1
  /// Who may make no process cannot outrun us. To freeze the cgroup first would do as well, until we are killed half way:
  /// a frozen process dies of no signal, and whoever waits for it waits for ever.
  void kill() const override {
    //@exercise 04.3 End everything in the cgroup, and what it makes meanwhile
    //@hint  no more processes, signal all that are there, thaw what was paused; again until nobody is left
    write_if_there("pids", "pids.max", "0");
    for (int round = 0; round < kKillRounds && !processes().empty(); ++round) {
      for (const pid_t pid : processes()) ::kill(pid, SIGKILL);
      write_if_there("freezer", "freezer.state", "THAWED");
      patiently_until_fewer();
    }
    //@end
  }
  //@endregion

  bool remove() const noexcept override {
    try {
      if (remove_all_folders()) return true;
      kill();
      return patiently([this] { return remove_all_folders(); });
    } catch (const std::exception& error) {
      log_line(LogLevel::error, "removing cgroup " + path_ + ": " + error.what());
      return false;
    }
  }

  Figures figures() const override;

  OomCount oom_count() const override {
    OomCount count;
    if (!hierarchies_.has("memory")) return count;
    auto control = flat_keyed(read_setting(file("memory", "memory.oom_control")));
    count.kills = static_cast<int>(control["oom_kill"]);
    count.peak = number_in(file("memory", "memory.max_usage_in_bytes"));
    count.limit = limit_in(file("memory", "memory.limit_in_bytes"));
    return count;
  }

  /// eventfd(2), registered by writing its number beside that of the file.
  UniqueFd oom_alarm() const override {
    if (!hierarchies_.has("memory")) return {};
    const std::string control = file("memory", "memory.oom_control");
    const UniqueFd watched(check(::open(control.c_str(), O_RDONLY | O_CLOEXEC), "open", control));
    UniqueFd alarm(check(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), "eventfd"));
    write_setting(file("memory", "cgroup.event_control"),
                  std::to_string(alarm.get()) + " " + std::to_string(watched.get()));
    return alarm;
  }

 private:
  static constexpr int kKillRounds = 100;

  [[nodiscard]] std::string folder(const std::string& controller) const {
    return hierarchies_.tree_of(controller) + path_;
  }
  [[nodiscard]] std::string file(const std::string& controller, const char* name) const {
    return folder(controller) + "/" + name;
  }
  void write_if_there(const char* controller, const char* name, const char* value) const {
    if (!hierarchies_.has(controller)) return;
    const std::string path = file(controller, name);
    if (::access(path.c_str(), F_OK) == 0) write_setting(path, value);
  }

  /// Those that are there.
  [[nodiscard]] std::vector<std::string> folders() const {
    std::vector<std::string> there;
    for (const std::string& name : hierarchies_.controllers()) {
      std::string place = folder(name);
      if (::access(place.c_str(), F_OK) == 0) there.push_back(std::move(place));
    }
    return there;
  }

  bool remove_all_folders() const noexcept {
    bool gone = true;
    for (const std::string& name : hierarchies_.controllers()) {
      gone = remove_cgroup_folder(folder(name)) && gone;
    }
    return gone;
  }

  /// True if it was not there before. \throws std::runtime_error if the host has no such controller
  bool make_folder_for(const std::string& controller) const {
    const std::string place = folder(controller);
    if (::access(place.c_str(), F_OK) == 0) return false;
    make_cgroup_folder(hierarchies_.tree_of(controller), path_);
    if (controller == "cpuset") fill_cpusets();
    return true;
  }

  /// A new cpuset has no processors and no memory, and nobody can enter it: each takes its parent's.
  void fill_cpusets() const {
    const std::string& tree = hierarchies_.tree_of("cpuset");
    std::size_t parent = 0;
    for (std::size_t end = path_.find('/', 1);; end = path_.find('/', end + 1)) {
      for (const char* name : {"/cpuset.cpus", "/cpuset.mems"}) {
        const std::string own = tree + path_.substr(0, end) + name;
        if (read_setting(own).empty()) {
          write_setting(own, read_setting(tree + path_.substr(0, parent) + name));
        }
      }
      if (end == path_.npos) return;
      parent = end;
    }
  }

  /// Everything that runs, into one more tree. What is made meanwhile is born where its parent was: until there is nobody.
  void bring_all(const std::string& controller) const {
    std::set<pid_t> brought;
    for (bool more = true; more;) {
      more = false;
      for (const pid_t pid : processes()) {
        if (!brought.insert(pid).second) continue;
        more = true;
        try {
          write_setting(file(controller, "cgroup.procs"), std::to_string(pid));
        } catch (const SysError& error) {
          if (!error.is(ESRCH)) throw;  // it has ended meanwhile
        }
      }
    }
  }

  /// memory.limit_in_bytes may never be above memory.memsw.limit_in_bytes, on the way to new values neither.
  void order_memory(std::vector<Setting>& settings) const {
    const auto limit = std::ranges::find(settings, "memory.limit_in_bytes", &Setting::file);
    const auto both = std::ranges::find(settings, "memory.memsw.limit_in_bytes", &Setting::file);
    if (limit == settings.end() || both == settings.end()) return;
    const auto now = limit_in(file("memory", "memory.memsw.limit_in_bytes"));
    const bool none = limit->value == "-1";
    if (now && (none || std::stoull(limit->value) > *now)) std::iter_swap(limit, both);
  }

  void write(std::vector<Setting> settings, bool keep) const {
    order_memory(settings);
    SettingsWriter writer(keep);
    for (const Setting& setting : settings) {
      try {
        writer.write(file(setting.controller, setting.file.c_str()), setting.value);
      } catch (const SysError& error) {
        writer.undo();
        if (!error.is(EBUSY) || setting.file != "memory.limit_in_bytes") throw;
        refuse_memory_limit(std::stoll(setting.value),
                            number_in(file("memory", "memory.usage_in_bytes")),
                            number_in(file("memory", "memory.max_usage_in_bytes")));
      }
    }
  }

  void patiently_until_fewer() const {
    const std::size_t before = processes().size();
    patiently([&] {
      const std::size_t now = processes().size();
      return now == 0 || now < before;
    });
  }

  const Hierarchies& hierarchies_;
  std::string path_;
};

Figures Version1::figures() const {
  Figures figures;
  figures.cpu_total = number_in(file("cpuacct", "cpuacct.usage"));
  auto cpu = flat_keyed(read_setting(file("cpuacct", "cpuacct.stat")));
  figures.cpu_user = cpu["user"] * kNanosecondsPerTick;
  figures.cpu_system = cpu["system"] * kNanosecondsPerTick;
  std::istringstream each(read_setting(file("cpuacct", "cpuacct.usage_percpu")));
  for (std::uint64_t used = 0; each >> used;) figures.cpu_each.push_back(used);
  if (hierarchies_.has("cpu")) {
    auto throttled = flat_keyed(read_setting(file("cpu", "cpu.stat")));
    figures.periods = throttled["nr_periods"];
    figures.throttled_periods = throttled["nr_throttled"];
    figures.throttled_time = throttled["throttled_time"];
  }
  figures.memory = number_in(file("memory", "memory.usage_in_bytes"));
  figures.memory_peak = number_in(file("memory", "memory.max_usage_in_bytes"));
  figures.memory_limit = limit_in(file("memory", "memory.limit_in_bytes"));
  figures.memory_failures = number_in(file("memory", "memory.failcnt"));
  figures.memory_detail = flat_keyed(read_setting(file("memory", "memory.stat")));
  figures.pids = number_in(file("pids", "pids.current"));
  figures.pids_limit = limit_in(file("pids", "pids.max"));
  const std::string io = file("blkio", "blkio.throttle.io_service");
  figures.io_bytes = io_figures(read_setting(io + "_bytes_recursive"));
  figures.io_operations =
      io_figures(read_setting(file("blkio", "blkio.throttle.io_serviced_recursive")));
  return figures;
}

}  // namespace

std::unique_ptr<Cgroup> make_version1(const Hierarchies& hierarchies, const std::string& path) {
  return std::make_unique<Version1>(hierarchies, path);
}

}  // namespace slipway
