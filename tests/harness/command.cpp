#include "command.hpp"

#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <ostream>
#include <set>

#include "01-cli-socket/sys_error.hpp"
#include "environment.hpp"

namespace slipway::test {

namespace {

using namespace std::chrono_literals;

std::set<pid_t>& our_children() {
  static std::set<pid_t> pids;
  return pids;
}

// The two halves of a pipe; ours does not block.
struct Pipe {
  UniqueFd ours, theirs;
};

Pipe make_pipe(bool we_read) {
  std::array<int, 2> ends{};
  check(::pipe2(ends.data(), O_CLOEXEC), "pipe2");
  Pipe pipe{UniqueFd(ends[we_read ? 0 : 1]), UniqueFd(ends[we_read ? 1 : 0])};
  check(::fcntl(pipe.ours.get(), F_SETFL, O_NONBLOCK), "fcntl F_SETFL");
  return pipe;
}

// posix_spawn(3)'s two parameter objects as one value.
class SpawnPlan {
 public:
  SpawnPlan() {
    ::posix_spawn_file_actions_init(&actions_);
    ::posix_spawnattr_init(&attributes_);
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGPIPE);  // ignored in the test program, not to be inherited
    ::posix_spawnattr_setsigdefault(&attributes_, &set);
  }
  ~SpawnPlan() {
    ::posix_spawn_file_actions_destroy(&actions_);
    ::posix_spawnattr_destroy(&attributes_);
  }
  SpawnPlan(const SpawnPlan&) = delete;
  SpawnPlan& operator=(const SpawnPlan&) = delete;

  void give(int fd, int as) { ::posix_spawn_file_actions_adddup2(&actions_, fd, as); }
  void open(int as, const char* path, int flags) {
    ::posix_spawn_file_actions_addopen(&actions_, as, path, flags, 0644);
  }
  void folder(const std::string& path) {
    if (!path.empty()) ::posix_spawn_file_actions_addchdir_np(&actions_, path.c_str());
  }
  pid_t start(const std::vector<std::string>& line, const std::vector<std::string>& environment,
              short group_flag = POSIX_SPAWN_SETPGROUP) {
    ::posix_spawnattr_setflags(&attributes_,
                               static_cast<short>(POSIX_SPAWN_SETSIGDEF | group_flag));
    std::vector<char*> arguments = pointers(line), variables = pointers(environment);
    pid_t pid = -1;
    const int error = ::posix_spawnp(&pid, arguments[0], &actions_, &attributes_, arguments.data(),
                                     variables.data());
    if (error != 0) throw SysError(error, "posix_spawnp", line[0]);
    our_children().insert(pid);
    return pid;
  }

 private:
  static std::vector<char*> pointers(const std::vector<std::string>& texts) {
    std::vector<char*> result;
    for (const std::string& text : texts) result.push_back(const_cast<char*>(text.c_str()));
    result.push_back(nullptr);
    return result;
  }
  posix_spawn_file_actions_t actions_{};
  posix_spawnattr_t attributes_{};
};

// Our environment with the additions, which win.
std::vector<std::string> environment_with(const std::vector<std::string>& additions) {
  std::vector<std::string> result = additions;
  const auto overridden = [&](std::string_view entry) {
    const std::string_view name = entry.substr(0, entry.find('=') + 1);
    return std::any_of(additions.begin(), additions.end(),
                       [&](const std::string& added) { return added.starts_with(name); });
  };
  for (char** entry = environ; *entry != nullptr; ++entry) {
    if (!overridden(*entry)) result.emplace_back(*entry);
  }
  return result;
}

std::string quoted_word(const std::string& word) {
  constexpr std::string_view kPlain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./:=@%+,";
  if (!word.empty() && word.find_first_not_of(kPlain) == std::string::npos) return word;
  std::string result = "'";
  for (const char c : word) result += c == '\'' ? "'\\''" : std::string(1, c);
  return result + "'";
}

}  // namespace

std::string quoted(const std::vector<std::string>& line) {
  std::string result;
  for (const std::string& word : line) result += (result.empty() ? "" : " ") + quoted_word(word);
  return result;
}

std::ostream& operator<<(std::ostream& stream, const CommandResult& result) {
  stream << "$ " << result.command << "\n  status: " << result.status
         << (result.timed_out ? " (killed: it took too long)" : "");
  if (!result.out.empty()) stream << "\n  stdout: " << result.out;
  if (!result.err.empty()) stream << "\n  stderr: " << result.err;
  return stream;
}

RunningCommand::RunningCommand(std::vector<std::string> line, CommandOptions options)
    : RunningCommand(std::move(line), std::move(options), false) {}

RunningCommand RunningCommand::interactive(std::vector<std::string> line, CommandOptions options) {
  return RunningCommand(std::move(line), std::move(options), true);
}

RunningCommand::RunningCommand(std::vector<std::string> line, CommandOptions options,
                               bool keep_input)
    : line_(std::move(line)), options_(std::move(options)), keep_input_(keep_input) {
  result_.command = quoted(line_);
  pending_ = options_.input;
  spawn(keep_input);
  pidfd_ =
      UniqueFd(static_cast<int>(check(::syscall(SYS_pidfd_open, pid_, 0), "pidfd_open", line_[0])));
  send_pending();
}

RunningCommand::RunningCommand(RunningCommand&& other) noexcept
    : line_(std::move(other.line_)),
      options_(std::move(other.options_)),
      result_(std::move(other.result_)),
      pending_(std::move(other.pending_)),
      keep_input_(other.keep_input_),
      ended_(std::exchange(other.ended_, true)),
      pid_(other.pid_),
      pidfd_(std::move(other.pidfd_)),
      input_(std::move(other.input_)),
      out_(std::move(other.out_)),
      err_(std::move(other.err_)) {}

RunningCommand::~RunningCommand() {
  if (ended_) return;
  ::kill(-pid_, SIGKILL);
  reap();
}

void RunningCommand::spawn(bool keep_input) {
  SpawnPlan plan;
  plan.folder(options_.folder);
  const std::vector<std::string> environment = environment_with(options_.environment);
  if (options_.terminal) {
    int terminal = -1, other_end = -1;
    std::array<char, 64> name{};
    check(::openpty(&terminal, &other_end, name.data(), nullptr, nullptr), "openpty");
    out_ = UniqueFd(terminal);
    const UniqueFd keep_alive(other_end);
    check(::fcntl(terminal, F_SETFD, FD_CLOEXEC), "fcntl F_SETFD");
    check(::fcntl(terminal, F_SETFL, O_NONBLOCK), "fcntl F_SETFL");
    plan.open(0, name.data(),
              O_RDWR);  // a new session's first terminal becomes its controlling one
    plan.give(0, 1);
    plan.give(0, 2);
    pid_ = plan.start(line_, environment, POSIX_SPAWN_SETSID);
    input_ = UniqueFd(check(::fcntl(terminal, F_DUPFD_CLOEXEC, 0), "fcntl F_DUPFD_CLOEXEC"));
    return;
  }
  Pipe in = make_pipe(false), out = make_pipe(true), err = make_pipe(true);
  if (keep_input || !pending_.empty()) {
    plan.give(in.theirs.get(), 0);
    input_ = std::move(in.ours);
  } else {
    plan.open(0, "/dev/null", O_RDONLY);
  }
  plan.give(out.theirs.get(), 1);
  plan.give(err.theirs.get(), 2);
  pid_ = plan.start(line_, environment);
  out_ = std::move(out.ours);
  err_ = std::move(err.ours);
}

void RunningCommand::write(std::string_view text) {
  pending_ += text;
  send_pending();
}

void RunningCommand::close_input() {
  while (running() && !pending_.empty()) pump(10ms);
  input_.reset();
}

void RunningCommand::send_pending() {
  while (input_ && !pending_.empty()) {
    const ssize_t sent = ::write(input_.get(), pending_.data(), pending_.size());
    if (sent < 0 && errno == EAGAIN) return;
    if (sent < 0) pending_.clear();  // nobody reads any more, which is the program's right
    if (sent > 0) pending_.erase(0, static_cast<std::size_t>(sent));
  }
  if (!keep_input_ && !options_.terminal) input_.reset();
}

void RunningCommand::read_from(UniqueFd& source, std::string& into) {
  std::array<char, 65536> buffer;
  while (source) {
    const ssize_t got = ::read(source.get(), buffer.data(), buffer.size());
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (got <= 0) return source.reset();  // the end; a terminal says EIO
    into.append(buffer.data(), static_cast<std::size_t>(got));
  }
}

// Waits until something happens, moves what can be moved, and notices the end.
void RunningCommand::pump(std::chrono::milliseconds wait) {
  const short want_write = pending_.empty() ? 0 : POLLOUT;
  std::array<pollfd, 4> fds{{{ended_ ? -1 : pidfd_.get(), POLLIN, 0},
                             {out_.get(), POLLIN, 0},
                             {err_.get(), POLLIN, 0},
                             {want_write != 0 ? input_.get() : -1, want_write, 0}}};
  ::poll(fds.data(), fds.size(), static_cast<int>(wait.count()));
  send_pending();
  const bool over = fds[0].revents != 0;  // before the last read, so that nothing written is missed
  read_from(out_, result_.out);
  read_from(err_, result_.err);
  if (over) reap();
}

void RunningCommand::reap() {
  int status = 0;
  ::waitpid(pid_, &status, 0);
  our_children().erase(pid_);
  ended_ = true;
  result_.status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

bool RunningCommand::running() {
  pump(0ms);
  return !ended_;
}

bool RunningCommand::wait_for_output(std::string_view text, std::chrono::milliseconds within) {
  const auto there = [&] {
    return result_.out.find(text) != std::string::npos ||
           result_.err.find(text) != std::string::npos;
  };
  return eventually([&] { return there() || !running() || there(); }, within) && there();
}

void RunningCommand::signal(int number) {
  if (!ended_) check(::kill(pid_, number), "kill", line_[0]);
}

CommandResult RunningCommand::finish() {
  const auto end = std::chrono::steady_clock::now() + limit(options_.within);
  while (!ended_) {
    pump(100ms);
    if (ended_ || std::chrono::steady_clock::now() < end) continue;
    result_.timed_out = true;
    ::kill(-pid_, SIGKILL);
    reap();
  }
  pump(0ms);
  Environment::get().commands.push_back("$ " + result_.command + "  -> " +
                                        std::to_string(result_.status));
  return result_;
}

CommandResult run_command(std::vector<std::string> line, CommandOptions options) {
  return RunningCommand(std::move(line), std::move(options)).finish();
}

CommandResult run_shell(const std::string& script, CommandOptions options) {
  return run_command({"/bin/sh", "-c", script}, std::move(options));
}

Daemon::Daemon(const std::vector<std::string>& line, const std::string& log_file) {
  SpawnPlan plan;
  plan.open(0, "/dev/null", O_RDONLY);
  plan.open(1, log_file.c_str(), O_WRONLY | O_CREAT | O_APPEND);
  plan.give(1, 2);
  pid_ = plan.start(line, environment_with({}));
  Environment::get().commands.push_back("$ " + quoted(line) + " &");
}

Daemon::~Daemon() {
  if (running()) end_with(SIGKILL, 10s);
}

bool Daemon::running() {
  int status = 0;
  if (status_ || ::waitpid(pid_, &status, WNOHANG) != pid_) return !status_;
  status_ = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  our_children().erase(pid_);
  return false;
}

int Daemon::end_with(int signal, std::chrono::milliseconds within) {
  if (running()) ::kill(pid_, signal);
  if (eventually([this] { return !running(); }, within)) return *status_;
  ::kill(pid_, SIGKILL);
  eventually([this] { return !running(); }, 10s);
  return -1;
}

bool started_by_us(pid_t pid) { return our_children().contains(pid); }

}  // namespace slipway::test
