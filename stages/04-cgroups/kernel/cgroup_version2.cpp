// Version 2: one folder, and all of a container is in it.

#include <fcntl.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <sstream>

#include "01-cli-socket/log_line.hpp"
#include "01-cli-socket/sys_error.hpp"
#include "cgroup_folder.hpp"
#include "cgroup_versions.hpp"
#include "device_program.hpp"
#include "settings.hpp"

namespace slipway {
namespace {

/// What a container's limits and figures need, as far as the host has it.
constexpr const char* kWanted[] = {"cpu", "cpuset", "io", "memory", "pids", "hugetlb"};

/// "some avg10=0.00 … \n" is not for us: "io.stat" has a line for each device, "8:0 rbytes=1 wbytes=2 rios=3 wios=4 …".
void add_io_line(const std::string& line, Figures& figures) {
  std::istringstream words(line);
  IoFigure figure;
  char colon = 0;
  if (!(words >> figure.major >> colon >> figure.minor)) return;
  for (std::string word; words >> word;) {
    const std::size_t equals = word.find('=');
    const std::string key = word.substr(0, equals);
    if (equals == word.npos || (key.find("bytes") == key.npos && key.find("ios") == key.npos))
      continue;
    if (key.starts_with('d')) continue;  // discarded, not transferred
    figure.operation = key.starts_with('r') ? "read" : "write";
    figure.value = std::stoull(word.substr(equals + 1));
    (key.ends_with("bytes") ? figures.io_bytes : figures.io_operations).push_back(figure);
  }
}

class Version2 final : public Cgroup {
 public:
  Version2(const Hierarchies& hierarchies, std::string path)
      : hierarchies_(hierarchies), path_(std::move(path)), folder_(hierarchies.root() + path_) {}

  void make(const Resources& resources) override {
    make_folder();
    write(resources, false);
    if (resources.devices) attach_device_program(folder_, *resources.devices);
  }

  void change(const Resources& resources) override {
    if (resources.memory.value_or(-1) > 0) make_room(*resources.memory);
    write(resources, true);
  }

  UniqueFd birthplace() const override {
    return UniqueFd(
        check(::open(folder_.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC), "open", folder_));
  }
  void enter() const override { write_setting(folder_ + "/cgroup.procs", "0"); }
  std::map<std::string, std::string> views() const override { return {{"", folder_}}; }
  bool exists() const override { return ::access(folder_.c_str(), F_OK) == 0; }
  std::vector<pid_t> processes() const override { return pids_below(folder_, "cgroup.procs"); }

  //@region freeze
  void freeze() const override {
    write_setting(folder_ + "/cgroup.freeze", "1");
    // Each process stops at its next way back from the kernel.
    if (patiently([this] { return frozen(); })) return;
    thaw();
    throw std::runtime_error("a process in " + folder_ + " does not stop");
  }
  void thaw() const override { write_setting(folder_ + "/cgroup.freeze", "0"); }
  bool frozen() const override {
    return flat_keyed(read_setting(folder_ + "/cgroup.events"))["frozen"] == 1;
  }
  //@endregion

  //@region kill
  void kill() const override { write_setting(folder_ + "/cgroup.kill", "1"); }

  bool remove() const noexcept override {
    if (remove_cgroup_folder(folder_)) return true;
    try {
      kill();
      return patiently([this] { return remove_cgroup_folder(folder_); });
    } catch (const std::exception& error) {
      log_line(LogLevel::error, "removing " + folder_ + ": " + error.what());
      return !exists();
    }
  }
  //@endregion

  Figures figures() const override;

  OomCount oom_count() const override {
    OomCount count;
    auto events = flat_keyed(read_setting(folder_ + "/memory.events"));
    count.kills = static_cast<int>(events["oom_kill"]);
    count.peak = number_in(folder_ + "/memory.peak");
    count.limit = limit_in(folder_ + "/memory.max");
    return count;
  }

  /// The kernel says of each change of this file that it was modified: inotify(7).
  UniqueFd oom_alarm() const override {
    const std::string file = folder_ + "/memory.events";
    if (::access(file.c_str(), F_OK) != 0) return {};
    UniqueFd alarm(check(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK), "inotify_init1"));
    check(::inotify_add_watch(alarm.get(), file.c_str(), IN_MODIFY), "inotify_add_watch", file);
    return alarm;
  }

 private:
  //@region hand_down
  /// A group has a controller only if its parent hands it down.
  void hand_down(const std::string& parent) const {
    const std::string control = parent + "/cgroup.subtree_control";
    const std::string there = " " + read_setting(control) + " ";
    //@exercise 04.2 Hand the controllers down that the parent has and does not hand down yet
    //@hint  "+memory" in cgroup.subtree_control; one at a time: one that is refused must not keep the others back
    for (const std::string name : kWanted) {
      if (!hierarchies_.has(name) || there.find(" " + name + " ") != there.npos) continue;
      try {
        write_setting(control, "+" + name);
      } catch (const SysError& error) {
        if (error.is(ENOENT) && ::access(parent.c_str(), F_OK) != 0) throw;
        log_line(LogLevel::warning, std::string("no controller \"") + name + "\": " + error.what());
      }
    }
    //@end
  }
  //@endregion

  /// Somebody may remove an empty parent meanwhile: then all again.
  void make_folder() const {
    for (int tries = 0;; ++tries) {
      try {
        const std::size_t end = path_.rfind('/');
        if (end > 0) make_cgroup_folder(hierarchies_.root(), path_.substr(0, end));
        for (std::size_t at = 0; at != path_.npos; at = path_.find('/', at + 1)) {
          hand_down(hierarchies_.root() + path_.substr(0, at));
        }
        return make_cgroup_folder(hierarchies_.root(), path_);
      } catch (const SysError& error) {
        if (!error.is(ENOENT) || tries == 3) throw;
      }
    }
  }

  void write(const Resources& resources, bool keep) const {
    SettingsWriter writer(keep);
    try {
      for (const Setting& setting : version2_settings(resources)) {
        writer.write(folder_ + "/" + setting.file, setting.value);
      }
    } catch (...) {
      writer.undo();
      throw;
    }
  }

  /// memory.max below what is in use would call the OOM killer at once. memory.high makes the kernel take back what it can,
  /// and kills nobody: what is left then is what the container needs.
  void make_room(std::int64_t limit) const {
    const std::string usage = folder_ + "/memory.current";
    const auto wanted = static_cast<std::uint64_t>(limit);
    if (number_in(usage) <= wanted) return;
    SettingsWriter high(true);
    high.write(folder_ + "/memory.high", std::to_string(limit));
    const std::uint64_t needed = number_in(usage);
    high.undo();
    if (needed > wanted) refuse_memory_limit(limit, needed, number_in(folder_ + "/memory.peak"));
  }

  const Hierarchies& hierarchies_;
  std::string path_;
  std::string folder_;
};

Figures Version2::figures() const {
  constexpr std::uint64_t kMicrosecond = 1000;  // in nanoseconds
  Figures figures;
  auto cpu = flat_keyed(read_setting(folder_ + "/cpu.stat"));
  figures.cpu_total = cpu["usage_usec"] * kMicrosecond;
  figures.cpu_user = cpu["user_usec"] * kMicrosecond;
  figures.cpu_system = cpu["system_usec"] * kMicrosecond;
  figures.periods = cpu["nr_periods"];
  figures.throttled_periods = cpu["nr_throttled"];
  figures.throttled_time = cpu["throttled_usec"] * kMicrosecond;
  figures.memory = number_in(folder_ + "/memory.current");
  figures.memory_limit = limit_in(folder_ + "/memory.max");
  figures.memory_detail = flat_keyed(read_setting(folder_ + "/memory.stat"));
  figures.pids = number_in(folder_ + "/pids.current");
  figures.pids_limit = limit_in(folder_ + "/pids.max");
  std::istringstream lines(read_setting(folder_ + "/io.stat"));
  for (std::string line; std::getline(lines, line);) add_io_line(line, figures);
  return figures;
}

}  // namespace

std::unique_ptr<Cgroup> make_version2(const Hierarchies& hierarchies, const std::string& path) {
  return std::make_unique<Version2>(hierarchies, path);
}

}  // namespace slipway
