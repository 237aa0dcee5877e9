#pragma once
/// \file
/// A root folder to run in, and an engine of stage 03: there are no images yet.

#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "harness/harness.hpp"

namespace slipway::test {

inline constexpr const char* kPasswd =
    "root:x:0:0:root:/root:/bin/sh\n"
    "app:x:1000:1000:App:/home/app:/bin/sh\n";
inline constexpr const char* kGroup = "root:x:0:\napp:x:1000:\nstaff:x:50:app\n";

/// A container of the folder `root` that stays until it is told to go.
inline void run_trap(TestEngine& engine, const std::string& root, const std::string& name,
                     const std::vector<std::string>& flags) {
  std::vector<std::string> line = {"run", "-d", "--name", name};
  line.insert(line.end(), flags.begin(), flags.end());
  line.insert(line.end(), {root, "/probe", "trap"});
  const auto started = engine.slipway(line);
  INFO(started);
  REQUIRE(started.status == 0);
}

/// A root folder, and an engine of this stage.
struct Harbour {
  TempFolder folder;
  TestEngine engine;
  std::string root = folder.path() / "root";

  /// \param stage  whose engine: this one's, or that of a later one that has no images yet
  explicit Harbour(const std::string& stage = "03") : engine({.stage = stage, .images = false}) {
    std::filesystem::create_directories(std::filesystem::path(root) / "bin");
    std::filesystem::create_directories(std::filesystem::path(root) / "etc");
    std::filesystem::copy_file("/bin/busybox", root + "/bin/busybox");
    std::filesystem::create_symlink("busybox", root + "/bin/sh");
    std::filesystem::copy_file(Environment::get().build / "images/probe", root + "/probe");
    write_text(root + "/etc/passwd", kPasswd);
    write_text(root + "/etc/group", kGroup);
  }

  /// `slipway run --rm FLAGS ROOT COMMAND`
  CommandResult run(std::vector<std::string> flags, const std::vector<std::string>& command) {
    std::vector<std::string> line = {"run", "--rm"};
    line.insert(line.end(), flags.begin(), flags.end());
    line.push_back(root);
    line.insert(line.end(), command.begin(), command.end());
    return engine.slipway(line);
  }
  CommandResult sh(const std::string& script, std::vector<std::string> flags = {}) {
    return run(std::move(flags),
               {"/bin/busybox", "sh", "-c", "PATH=/bin; b() { /bin/busybox \"$@\"; }; " + script});
  }

  /// Starts a container that stays; returns its first process, seen from the host.
  pid_t start(const std::string& name, const std::vector<std::string>& flags = {}) {
    run_trap(engine, root, name, flags);
    const auto answer = engine.http("GET", "/containers/" + name + "/json");
    return answer.json()["State"]["Pid"].get<pid_t>();
  }
};

/// Lines of a text, as a set.
inline std::set<std::string> lines_of(const std::string& text) {
  std::istringstream stream(text);
  std::set<std::string> lines;
  for (std::string line; std::getline(stream, line);) lines.insert(line);
  return lines;
}

}  // namespace slipway::test
