#include "leak_check.hpp"

#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <sstream>

#include "01-cli-socket/sys_error.hpp"
#include "engine.hpp"
#include "processes.hpp"

namespace slipway::test {

namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

// A mount's place: the fifth word of its line (proc(5), mountinfo).
std::string mount_point(const std::string& line) {
  std::istringstream words(line);
  std::string word;
  for (int i = 0; i < 5; ++i) words >> word;
  return word;
}

// Mounts that other programs come and go with while we run. Everything else that is new is taken
// for ours, wherever it is: a mount that escaped from a container can be at any place.
bool others_mount(const std::string& place) {
  constexpr std::string_view kOthers[] = {"/var/lib/docker/", "/run/docker/",
                                          "/var/lib/containers/", "/run/containerd/", "/run/user/"};
  const bool other_run =
      place.starts_with("/tmp/slipway-test-") && !place.starts_with(Environment::get().prefix);
  return other_run || std::any_of(std::begin(kOthers), std::end(kOthers),
                                  [&](std::string_view other) { return place.starts_with(other); });
}

std::set<std::string> mounts() {
  std::set<std::string> result;
  for (const std::string& line : lines_of(read_text("/proc/self/mountinfo"))) {
    const std::size_t type = line.find(" - ");
    const std::string place = mount_point(line);
    if (!others_mount(place)) result.insert(place + " (" + line.substr(type + 3) + ")");
  }
  return result;
}

// The cgroup that an engine keeps for as long as it lives: named for its exec root.
bool is_live_engines_own(const std::string& name) {
  return std::any_of(TestEngine::all().begin(), TestEngine::all().end(), [&](TestEngine* engine) {
    std::string own = "slipway" + engine->exec_root().string();
    std::replace(own.begin(), own.end(), '/', '-');
    return engine->running() && name == own;
  });
}

// Each cgroup folder of this run, in the unified hierarchy and in every v1 one.
std::set<std::string> cgroups() {
  const std::string mark = fs::path(Environment::get().prefix).filename();
  std::set<std::string> result;
  std::error_code gone;
  fs::recursive_directory_iterator it("/sys/fs/cgroup", gone), end;
  for (; it != end; it.increment(gone)) {
    if (gone || it.depth() > 6) break;
    const bool ours = it->path().string().find(mark) != std::string::npos;
    if (ours && it->is_directory(gone) && !is_live_engines_own(it->path().filename()))
      result.insert(it->path());
  }
  return result;
}

// An engine that is meant to live, or its supervisor.
bool is_live_daemon(const Process& process) {
  const bool daemon = process.program() == "slipwayd" || process.program() == "slipway-supervisor";
  return daemon &&
         std::any_of(TestEngine::all().begin(), TestEngine::all().end(), [&](TestEngine* engine) {
           return process.command_line.find(engine->folder()) != std::string::npos;
         });
}

bool is_ours(const std::map<pid_t, Process>& all, const Process& process) {
  if (process.pid == ::getpid() || started_by_us(process.pid) || is_live_daemon(process))
    return false;
  return descends_from(all, process.pid, ::getpid()) ||
         process.command_line.find(Environment::get().prefix) != std::string::npos;
}

std::string describe(const Process& process) {
  return std::to_string(process.pid) + " " + process.name +
         (process.state == 'Z' ? " (zombie)" : "") + " [" + process.command_line.substr(0, 200) +
         "] child of " + std::to_string(process.parent);
}

// Orphans that ended after the kernel gave them to us.
void reap_orphans() {
  for (const auto& [pid, process] : all_processes()) {
    if (process.state == 'Z' && process.parent == ::getpid() && !started_by_us(pid))
      ::waitpid(pid, nullptr, WNOHANG);
  }
}

std::vector<Process> our_processes() {
  std::vector<Process> result;
  const auto all = all_processes();
  for (const auto& [pid, process] : all) {
    if (is_ours(all, process)) result.push_back(process);
  }
  return result;
}

std::set<std::string> processes() {
  reap_orphans();
  std::set<std::string> result;
  for (const Process& process : our_processes()) result.insert(describe(process));
  return result;
}

// A namespace lives as long as a process, a mount or a descriptor holds it; the last two are looked
// at elsewhere.
std::set<std::string> network_namespaces() {
  std::set<std::string> result;
  const auto all = all_processes();
  for (const auto& [pid, process] : all) {
    std::error_code gone;
    if (!descends_from(all, pid, ::getpid())) continue;
    result.insert(fs::read_symlink("/proc/" + std::to_string(pid) + "/ns/net", gone));
  }
  result.erase("");
  result.erase(fs::read_symlink("/proc/self/ns/net"));
  return result;
}

std::set<std::string> entries(const fs::path& folder, std::string_view prefix = {}) {
  std::set<std::string> result;
  std::error_code none;
  for (const auto& entry : fs::directory_iterator(folder, none)) {
    if (entry.path().string().starts_with(prefix)) result.insert(entry.path());
  }
  return result;
}

std::set<std::string> folders() {
  std::set<std::string> result = entries("/tmp", Environment::get().prefix);
  for (const TestEngine* engine : TestEngine::all()) result.erase(engine->folder());
  return result;
}

std::set<std::string> nft_tables() {
  std::set<std::string> result;
  if (::access("/usr/sbin/nft", X_OK) != 0) return result;
  for (const std::string& line : lines_of(run_command({"/usr/sbin/nft", "list", "tables"}).out)) {
    if (line.find("slipway") != std::string::npos) result.insert(line);
  }
  return result;
}

std::set<std::string> held_by_engines() {
  std::set<std::string> result;
  for (const TestEngine* engine : TestEngine::all()) {
    for (const std::string& item : engine->leftovers()) result.insert(item);
  }
  return result;
}

}  // namespace

void adopt_orphans() { check(::prctl(PR_SET_CHILD_SUBREAPER, 1), "prctl PR_SET_CHILD_SUBREAPER"); }

MachineState machine_state() {
  return {{"process", processes()},
          {"network namespace", network_namespaces()},
          {"mount", mounts()},
          {"cgroup", cgroups()},
          {"network link", entries("/sys/class/net")},
          {"named network namespace", entries("/run/netns")},
          {"nft table", nft_tables()},
          {"folder", folders()},
          {"in a live engine", held_by_engines()}};
}

namespace {

std::vector<std::string> new_since(const MachineState& before) {
  std::vector<std::string> result;
  for (const auto& [kind, things] : machine_state()) {
    const auto known = before.find(kind);
    for (const std::string& thing : things) {
      if (known == before.end() || !known->second.contains(thing))
        result.push_back(kind + ": " + thing);
    }
  }
  return result;
}

}  // namespace

std::vector<std::string> left_since(const MachineState& before,
                                    std::chrono::milliseconds patience) {
  std::vector<std::string> left;
  eventually([&] { return (left = new_since(before)).empty(); }, patience);
  return left;
}

void clean_up(const MachineState& before) {
  for (const Process& process : our_processes()) {
    if (!before.at("process").contains(describe(process))) ::kill(process.pid, SIGKILL);
  }
  eventually([] { return processes().empty(); }, 2s);
  for (const std::string& line : lines_of(read_text("/proc/self/mountinfo"))) {
    const std::string place = mount_point(line);
    if (place.starts_with(Environment::get().prefix)) ::umount2(place.c_str(), MNT_DETACH);
  }
  for (const std::string& folder : folders()) {
    std::error_code ignored;
    fs::remove_all(folder, ignored);
  }
}

}  // namespace slipway::test
