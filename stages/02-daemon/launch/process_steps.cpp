#include "process_steps.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <climits>
#include <string_view>

#include "01-cli-socket/curl_line.hpp"
#include "01-cli-socket/json_fields.hpp"
#include "01-cli-socket/sys_error.hpp"
#include "02-daemon/base/terminal.hpp"

namespace slipway {
namespace {

std::string path_of(const std::vector<std::string>& env) {
  for (const std::string& entry : env) {
    if (entry.starts_with("PATH=")) return entry.substr(5);
  }
  return "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
}

/// Docker's clients look for these words: exit codes 127 and 126.
std::string reason_of(int error) {
  if (error == ENOENT) return "no such file or directory";
  if (error == EACCES) return "permission denied";
  return std::generic_category().message(error);
}

enum class Candidate { missing, forbidden, runnable };

Candidate look_at(const std::string& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) {
    return errno == EACCES ? Candidate::forbidden : Candidate::missing;
  }
  // access(2) says yes to root for any file with one x bit, and execve agrees.
  const bool runnable = S_ISREG(info.st_mode) && ::access(path.c_str(), X_OK) == 0;
  return runnable ? Candidate::runnable : Candidate::forbidden;
}

std::string find_by_path(const std::string& command) {
  const Candidate candidate = look_at(command);
  if (candidate == Candidate::runnable) return command;
  if (candidate == Candidate::forbidden) {
    throw CommandError("exec: \"" + command + "\": permission denied");
  }
  throw CommandError("exec: \"" + command + "\": stat " + command + ": no such file or directory");
}

/// A session of its own: no terminal of ours, and signals to our group do not reach it.
class SessionStep final : public LaunchStep {
 public:
  std::string_view name() const override { return "session"; }
  std::string_view stage() const override { return "02"; }
  void child(LaunchContext& context) override {
    const auto call = context.call("setsid", "", "exec setsid sh");
    check(::setsid(), "setsid");
  }
};

/// A terminal of its own, if process.terminal asks for one. It is made in the world that the steps before have put up, so
/// it has a name there.
class TerminalStep final : public LaunchStep {
 public:
  std::string_view name() const override { return "terminal"; }
  std::string_view stage() const override { return "02"; }
  void prepare(LaunchContext& context) override {
    const JsonFields process = JsonFields(context.spec).object("process");
    wanted_ = process.boolean("terminal");
    const JsonFields size = process.object("consoleSize");
    size_ = {.rows = static_cast<unsigned short>(size.integer("height")),
             .columns = static_cast<unsigned short>(size.integer("width"))};
  }
  void child(LaunchContext& context) override {
    if (!wanted_) return;
    const auto call = context.call("ioctl", "{TIOCGPTPEER,TIOCSCTTY} of /dev/pts/ptmx",
                                   "script --quiet --command sh /dev/null");
    context.terminal = open_terminal();
    const UniqueFd& slave = context.terminal.slave;
    if (size_.rows > 0 || size_.columns > 0) set_terminal_size(slave.get(), size_);
    control_terminal(slave);
    for (int number = 0; number < 3; ++number) {
      check(::dup2(slave.get(), number), "dup2", "terminal");
    }
  }

 private:
  bool wanted_ = false;
  TerminalSize size_;
};

class DirectoryStep final : public LaunchStep {
 public:
  std::string_view name() const override { return "directory"; }
  std::string_view stage() const override { return "02"; }
  void child(LaunchContext& context) override {
    const std::string folder = context.spec.at("process").value("cwd", "/");
    auto call = context.call("chdir", folder, [&] { return "cd " + shell_quoted(folder); });
    if (::chdir(folder.c_str()) != 0) {
      throw CommandError("chdir to cwd (\"" + folder +
                         "\") set in config.json failed: " + reason_of(errno));
    }
    refuse_a_way_out(folder);
  }

  std::string advice(const std::exception& /*error*/) const override {
    return "another `--workdir`: a folder that is there, and that the container's user may enter";
  }

 private:
  /// A descriptor of ours that led out of the root could be reached as /proc/self/fd/N (CVE-2024-21626): the kernel then
  /// says "(unreachable)", or has no path at all.
  static void refuse_a_way_out(const std::string& folder) {
    char path[PATH_MAX];
    if (!::getcwd(path, sizeof path)) throw SysError(errno, "getcwd", folder);
    if (path[0] != '/')
      throw CommandError("working directory '" + folder + "' is outside the root");
  }
};

class ProgramStep final : public LaunchStep {
 public:
  std::string_view name() const override { return "program"; }
  std::string_view stage() const override { return "02"; }
  void child(LaunchContext& context) override {
    if (context.args.empty()) throw CommandError("no command specified");
    auto call = context.call("access", context.args.front(),
                             [&] { return "command -v " + shell_quoted(context.args.front()); });
    context.program = find_program(context.args.front(), context.env);
    call.result(context.program);
  }
  std::string advice(const std::exception& error) const override {
    const std::string_view why = error.what();
    if (why.ends_with("permission denied")) {
      return "`chmod +x` in the image, a `--user` who may execute it, or a file: it may be a "
             "folder";
    }
    if (why == "no command specified") return "a command behind the image's name";
    return "the whole path of a program that is in the image; a command line in quotes is one "
           "word: "
           "`sh -c '…'`";
  }
};

}  // namespace

std::string find_program(const std::string& command, const std::vector<std::string>& env) {
  if (command.find('/') != std::string::npos) return find_by_path(command);
  const std::string path = path_of(env);
  std::string_view rest = path;
  bool forbidden = false;
  while (!command.empty()) {
    const std::size_t end = std::min(rest.find(':'), rest.size());
    const std::string candidate = std::string(rest.substr(0, end)) + "/" + command;
    const Candidate found = end > 0 ? look_at(candidate) : Candidate::missing;
    if (found == Candidate::runnable) return candidate;
    forbidden |= found == Candidate::forbidden;
    if (end == rest.size()) break;
    rest.remove_prefix(end + 1);
  }
  if (forbidden) throw CommandError("exec: \"" + command + "\": permission denied");
  throw CommandError("exec: \"" + command + "\": executable file not found in $PATH");
}

LaunchSteps process_steps() {
  LaunchSteps steps;
  steps.push_back(std::make_unique<SessionStep>());
  steps.push_back(std::make_unique<TerminalStep>());
  steps.push_back(std::make_unique<DirectoryStep>());
  steps.push_back(std::make_unique<ProgramStep>());
  return steps;
}

}  // namespace slipway
