/// \file
/// /probe of the image slipway-test: a small static program that says what a container looks like
/// from inside, and does on command what tests need a container's process to do. `/probe` alone
/// lists what it can.
///
/// It stands on system calls and stdio only, so that what it reports is the kernel's word and not a
/// library's.

#include <arpa/inet.h>
#include <dirent.h>
#include <grp.h>
#include <net/if.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

namespace {

using Arguments = std::vector<std::string>;

int number(const Arguments& arguments, std::size_t index, int fallback) {
  return index < arguments.size() ? std::atoi(arguments[index].c_str()) : fallback;
}

int failed(const char* call) {
  std::perror(call);
  return 1;
}

void sleep_ms(int ms) {
  const timespec time{ms / 1000, (ms % 1000) * 1'000'000L};
  ::nanosleep(&time, nullptr);
}

void print_file(const char* path, std::string_view only_lines_with = {}) {
  std::FILE* file = std::fopen(path, "r");
  if (file == nullptr) return;
  std::array<char, 4096> line;
  while (std::fgets(line.data(), line.size(), file) != nullptr) {
    if (std::string_view(line.data()).find(only_lines_with) != std::string_view::npos)
      std::fputs(line.data(), stdout);
  }
  std::fclose(file);
}

// The names in a folder but "." and "..".
std::vector<std::string> names_in(const char* path) {
  std::vector<std::string> names;
  DIR* folder = ::opendir(path);
  if (folder == nullptr) return names;
  while (const dirent* entry = ::readdir(folder)) {
    if (entry->d_name[0] != '.') names.emplace_back(entry->d_name);
  }
  ::closedir(folder);
  return names;
}

void print_links(const std::string& folder) {
  for (const std::string& name : names_in(folder.c_str())) {
    std::array<char, 4096> target{};
    if (::readlink((folder + name).c_str(), target.data(), target.size() - 1) >= 0)
      std::printf("%s %s\n", name.c_str(), target.data());
  }
}

int show_id(const Arguments&) {
  std::array<char, 4096> hostname{}, folder{};
  ::gethostname(hostname.data(), hostname.size() - 1);
  if (::getcwd(folder.data(), folder.size()) == nullptr) return failed("getcwd");
  std::printf("pid %d\nppid %d\nuid %u\ngid %u\nhostname %s\ncwd %s\ngroups", ::getpid(),
              ::getppid(), ::geteuid(), ::getegid(), hostname.data(), folder.data());
  std::array<gid_t, 1024> groups;
  const int count = ::getgroups(groups.size(), groups.data());
  for (int i = 0; i < count; ++i) std::printf(" %u", groups[static_cast<std::size_t>(i)]);
  std::printf("\nsession %d\n", ::getsid(0));
  return 0;
}

int show_environment(const Arguments&) {
  for (char** entry = environ; *entry != nullptr; ++entry) std::puts(*entry);
  return 0;
}

int show_mounts(const Arguments&) {
  print_file("/proc/self/mountinfo");
  return 0;
}

int show_pids(const Arguments&) {
  for (const std::string& name : names_in("/proc")) {
    if (name.find_first_not_of("0123456789") == std::string::npos) std::puts(name.c_str());
  }
  return 0;
}

int show_descriptors(const Arguments&) {
  print_links("/proc/self/fd/");
  return 0;
}

int show_namespaces(const Arguments&) {
  print_links("/proc/self/ns/");
  return 0;
}

int show_links(const Arguments&) {
  struct if_nameindex* links = ::if_nameindex();
  if (links == nullptr) return failed("if_nameindex");
  for (const struct if_nameindex* link = links; link->if_index != 0; ++link)
    std::puts(link->if_name);
  ::if_freenameindex(links);
  return 0;
}

int show_capabilities(const Arguments&) {
  for (const char* field : {"Cap", "NoNewPrivs", "Seccomp:"})
    print_file("/proc/self/status", field);
  return 0;
}

int show_limits(const Arguments&) {
  print_file("/proc/self/limits");
  return 0;
}

int show_terminal(const Arguments&) {
  winsize size{};
  const bool sized = ::ioctl(0, TIOCGWINSZ, &size) == 0;
  std::printf("stdin %d\nstdout %d\nstderr %d\n", ::isatty(0), ::isatty(1), ::isatty(2));
  if (sized) std::printf("rows %d\ncolumns %d\n", size.ws_row, size.ws_col);
  return 0;
}

int leave(const Arguments& arguments) { return number(arguments, 0, 0); }

int wait_a_while(const Arguments& arguments) {
  sleep_ms(number(arguments, 0, 1000));
  return 0;
}

// Touches each page: memory that is only reserved costs nothing.
int allocate(const Arguments& arguments) {
  const int megabytes = number(arguments, 0, 1);
  std::vector<std::string> blocks;
  for (int i = 0; i < megabytes; ++i) blocks.emplace_back(1024 * 1024, 'x');
  std::printf("holding %d MB\n", megabytes);
  std::fflush(stdout);
  sleep_ms(number(arguments, 1, 0));
  return 0;
}

// A processor for itself, until it is killed or the time is over.
int spin(const Arguments& arguments) {
  const int ms = number(arguments, 0, 0);
  std::puts("spinning");
  std::fflush(stdout);
  timespec now{}, end{};
  ::clock_gettime(CLOCK_MONOTONIC, &end);
  end.tv_sec += ms / 1000;
  end.tv_nsec += (ms % 1000) * 1'000'000L;
  do {
    ::clock_gettime(CLOCK_MONOTONIC, &now);
  } while (ms == 0 || now.tv_sec < end.tv_sec ||
           (now.tv_sec == end.tv_sec && now.tv_nsec < end.tv_nsec));
  return 0;
}

// Children that sleep; says how many it got before the kernel refused (a limit of processes).
int start_children(const Arguments& arguments) {
  const int wanted = number(arguments, 0, 1), hold = number(arguments, 1, 0);
  int started = 0;
  for (; started < wanted; ++started) {
    const pid_t pid = ::fork();
    if (pid < 0) break;
    if (pid == 0) {
      sleep_ms(hold);
      ::_exit(0);
    }
  }
  std::printf("started %d of %d\n", started, wanted);
  std::fflush(stdout);
  while (::wait(nullptr) > 0) {
  }
  return started == wanted ? 0 : 1;
}

int write_lines(const Arguments& arguments) {
  const int count = number(arguments, 0, 1), pause = number(arguments, 1, 0);
  for (int i = 1; i <= count; ++i) {
    std::fprintf(stdout, "out %d\n", i);
    std::fflush(stdout);
    std::fprintf(stderr, "err %d\n", i);
    if (pause > 0) sleep_ms(pause);
  }
  return 0;
}

int echo_input(const Arguments&) {
  std::array<char, 65536> buffer;
  std::size_t total = 0;
  for (ssize_t got; (got = ::read(0, buffer.data(), buffer.size())) > 0;) {
    total += static_cast<std::size_t>(got);
    for (ssize_t done = 0; done < got;) {
      const ssize_t sent = ::write(1, buffer.data() + done, static_cast<std::size_t>(got - done));
      if (sent < 0) return failed("write");
      done += sent;
    }
  }
  std::fprintf(stderr, "%zu bytes\n", total);
  return 0;
}

// As a container's first process (pid 1) it ignores signals that it sends to itself and has no
// handler for (pid_namespaces(7)); `crash` ends it all the same, because the kernel forces that
// signal.
int signal_self(const Arguments& arguments) {
  ::kill(::getpid(), number(arguments, 0, SIGTERM));
  return 0;
}

int crash(const Arguments&) {
  ::signal(SIGSEGV, SIG_DFL);
  *static_cast<volatile int*>(nullptr) = 1;
  return 0;
}

// Prints each signal that comes; SIGTERM, SIGINT and SIGQUIT end it with the code that is given.
int wait_for_signals(const Arguments& arguments) {
  sigset_t all;
  sigfillset(&all);
  ::sigprocmask(SIG_BLOCK, &all, nullptr);
  std::puts("ready");
  std::fflush(stdout);
  for (;;) {
    const int got = ::sigwaitinfo(&all, nullptr);
    std::printf("signal %d\n", got);
    std::fflush(stdout);
    if (got == SIGTERM || got == SIGINT || got == SIGQUIT) return number(arguments, 0, 0);
  }
}

sockaddr_in address(const char* host, int port) {
  sockaddr_in result{};
  result.sin_family = AF_INET;
  result.sin_port = htons(static_cast<std::uint16_t>(port));
  ::inet_pton(AF_INET, host, &result.sin_addr);
  return result;
}

// Serves one connection: sends back what it gets until the other side has said all.
int serve_once(const Arguments& arguments) {
  const int listener = ::socket(AF_INET, SOCK_STREAM, 0);
  const int on = 1;
  ::setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  const sockaddr_in here = address("0.0.0.0", number(arguments, 0, 8080));
  if (::bind(listener, reinterpret_cast<const sockaddr*>(&here), sizeof here) != 0)
    return failed("bind");
  if (::listen(listener, 16) != 0) return failed("listen");
  std::puts("listening");
  std::fflush(stdout);
  const int connection = ::accept(listener, nullptr, nullptr);
  if (connection < 0) return failed("accept");
  ::dup2(connection, 0);
  ::dup2(connection, 1);
  return echo_input({});
}

int send_and_print(const Arguments& arguments) {
  if (arguments.size() < 3) return failed("connect needs HOST PORT TEXT");
  const int connection = ::socket(AF_INET, SOCK_STREAM, 0);
  const sockaddr_in there = address(arguments[0].c_str(), number(arguments, 1, 0));
  if (::connect(connection, reinterpret_cast<const sockaddr*>(&there), sizeof there) != 0)
    return failed("connect");
  if (::send(connection, arguments[2].data(), arguments[2].size(), MSG_NOSIGNAL) < 0)
    return failed("send");
  ::shutdown(connection, SHUT_WR);
  ::dup2(connection, 0);
  return echo_input({});
}

int write_file(const Arguments& arguments) {
  if (arguments.size() < 2) return failed("write needs FILE TEXT");
  std::FILE* file = std::fopen(arguments[0].c_str(), "w");
  if (file == nullptr) return failed(arguments[0].c_str());
  const bool good = std::fputs(arguments[1].c_str(), file) >= 0;
  return std::fclose(file) == 0 && good ? 0 : failed(arguments[0].c_str());
}

// The old way out of a chroot: move the root to a folder below the one we stand in, and walk up
// past it (chroot(2), "NOTES"). Prints what "/" holds then.
int escape(const Arguments&) {
  ::mkdir("/escape", 0755);
  if (::chdir("/") != 0 || ::chroot("/escape") != 0) return failed("chroot");
  for (int i = 0; i < 64; ++i) {
    if (::chdir("..") != 0) return failed("chdir");
  }
  if (::chroot(".") != 0) return failed("chroot");
  for (const std::string& name : names_in("/")) std::puts(name.c_str());
  return 0;
}

struct Verb {
  const char* name;
  const char* help;
  int (*run)(const Arguments&);
};

constexpr Verb kVerbs[] = {
    {"id", "pid, ppid, uid, gid, hostname, cwd, groups, session: a line each", show_id},
    {"env", "the environment", show_environment},
    {"mounts", "/proc/self/mountinfo", show_mounts},
    {"pids", "the process ids that /proc shows", show_pids},
    {"fds", "open descriptors and what they are", show_descriptors},
    {"ns", "the namespaces: kind and id", show_namespaces},
    {"links", "the network links", show_links},
    {"caps", "capabilities, no_new_privs and seccomp mode", show_capabilities},
    {"limits", "/proc/self/limits", show_limits},
    {"tty", "which of stdin, stdout, stderr are terminals, and their size", show_terminal},
    {"exit", "N: ends with that code", leave},
    {"sleep", "MS", wait_a_while},
    {"alloc", "MB [MS]: takes memory, touches it, holds it", allocate},
    {"spin", "[MS]: uses a processor; without a time for ever", spin},
    {"fork", "N [MS]: starts N children that sleep; says how many it got", start_children},
    {"lines", "N [MS]: N lines to stdout and to stderr, with a pause", write_lines},
    {"cat", "stdin to stdout, the count of bytes to stderr", echo_input},
    {"signal", "N: sends itself a signal", signal_self},
    {"crash", "ends by SIGSEGV, even as pid 1", crash},
    {"trap", "[CODE]: prints signals; ends with CODE at SIGTERM, SIGINT, SIGQUIT",
     wait_for_signals},
    {"listen", "PORT: serves one TCP connection, sending back what it gets", serve_once},
    {"connect", "HOST PORT TEXT: sends the text, prints the answer", send_and_print},
    {"write", "FILE TEXT", write_file},
    {"escape", "leaves a chroot, and prints what / holds then", escape},
};

int usage() {
  for (const Verb& verb : kVerbs) std::printf("/probe %-8s %s\n", verb.name, verb.help);
  return 2;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string_view name = argc > 1 ? argv[1] : "";
  for (const Verb& verb : kVerbs) {
    if (name == verb.name) return verb.run(Arguments(argv + 2, argv + argc));
  }
  return usage();
}
