#include "container_top.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>
#include <vector>

#include "01-cli-socket/api_error.hpp"
#include "02-daemon/base/atomic_file.hpp"

namespace slipway {

using nlohmann::json;
namespace fs = std::filesystem;

namespace {

/// What proc(5) says of one process.
struct Process {
  pid_t pid = 0;
  pid_t parent = 0;
  uid_t user = 0;
  ino_t pid_namespace = 0;
  char state = '?';
  int terminal = 0;
  long ticks = 0;    ///< user and system time
  long started = 0;  ///< ticks after boot
  long virtual_kib = 0;
  long resident_kib = 0;
  std::string name;
  std::string command;  ///< with arguments; the name in brackets if it has none
};

long ticks_per_second() { return ::sysconf(_SC_CLK_TCK); }

/// Seconds since the host was booted.
double uptime() {
  double seconds = 0;
  std::ifstream("/proc/uptime") >> seconds;
  return seconds;
}

std::string command_line(const std::string& folder, const std::string& name) {
  std::ifstream file(folder + "/cmdline");
  std::string text((std::istreambuf_iterator<char>(file)), {});
  while (text.ends_with('\0')) text.pop_back();
  for (char& c : text) c = c == '\0' ? ' ' : c;
  return text.empty() ? "[" + name + "]" : text;
}

/// The fields behind the name, proc(5) under /proc/pid/stat; the name may hold anything, so it ends at the last ')'.
bool read_stat(const std::string& folder, Process& process) {
  std::ifstream file(folder + "/stat");
  const std::string text((std::istreambuf_iterator<char>(file)), {});
  const std::size_t begin = text.find('(');
  const std::size_t end = text.rfind(')');
  if (begin == std::string::npos || end == std::string::npos) return false;
  process.name = text.substr(begin + 1, end - begin - 1);
  std::istringstream rest(text.substr(end + 1));
  std::vector<std::string> fields{"pid", "name"};
  for (std::string field; rest >> field;) fields.push_back(field);
  if (fields.size() < 24) return false;
  process.state = fields[2][0];
  process.parent = std::stoi(fields[3]);
  process.terminal = std::stoi(fields[6]);
  process.ticks = std::stol(fields[13]) + std::stol(fields[14]);
  process.started = std::stol(fields[21]);
  process.virtual_kib = static_cast<long>(std::stoul(fields[22]) / 1024);
  process.resident_kib = std::stol(fields[23]) * (::sysconf(_SC_PAGESIZE) / 1024);
  return true;
}

/// All processes of the host. One that ends while we look is left out.
std::map<pid_t, Process> all_processes() {
  std::map<pid_t, Process> processes;
  for (const auto& entry : fs::directory_iterator("/proc")) {
    const std::string name = entry.path().filename();
    Process process;
    const auto read = std::from_chars(name.data(), name.data() + name.size(), process.pid);
    if (read.ptr != name.data() + name.size()) continue;
    const std::string folder = entry.path();
    struct stat status {};
    if (::stat(folder.c_str(), &status) != 0 || !read_stat(folder, process)) continue;
    process.user = status.st_uid;
    struct stat ns {};
    if (::stat((folder + "/ns/pid").c_str(), &ns) == 0) process.pid_namespace = ns.st_ino;
    process.command = command_line(folder, process.name);
    processes.emplace(process.pid, std::move(process));
  }
  return processes;
}

bool descends_from(const std::map<pid_t, Process>& all, pid_t pid, pid_t ancestor) {
  for (std::size_t steps = 0; steps <= all.size() && pid != 0; ++steps) {
    if (pid == ancestor) return true;
    const auto found = all.find(pid);
    if (found == all.end()) return false;
    pid = found->second.parent;
  }
  return false;
}

std::vector<Process> processes_of(pid_t first, const std::vector<pid_t>& known) {
  const std::map<pid_t, Process> all = all_processes();
  const std::set<pid_t> listed(known.begin(), known.end());
  const auto init = all.find(first);
  const auto self = all.find(::getpid());
  const bool own_namespace = init != all.end() && self != all.end() &&
                             init->second.pid_namespace != self->second.pid_namespace;
  std::vector<Process> found;
  for (const auto& [pid, process] : all) {
    if (!listed.empty()) {
      if (listed.contains(pid)) found.push_back(process);
      continue;
    }
    const bool inside = own_namespace && process.pid_namespace == init->second.pid_namespace;
    if (inside || descends_from(all, pid, first)) found.push_back(process);
  }
  return found;
}

/// By the host's /etc/passwd, by hand: getpwuid(3) would load shared libraries into a static program.
std::string user_name(uid_t user) {
  std::ifstream file("/etc/passwd");
  const std::string wanted = std::to_string(user);
  for (std::string line; std::getline(file, line);) {
    std::istringstream fields(line);
    std::string name, password, id;
    std::getline(fields, name, ':');
    std::getline(fields, password, ':');
    std::getline(fields, id, ':');
    if (id == wanted) return name;
  }
  return wanted;
}

std::string clock_text(long seconds) {
  char text[32];
  std::snprintf(text, sizeof text, "%02ld:%02ld:%02ld", seconds / 3600, seconds / 60 % 60,
                seconds % 60);
  return text;
}

/// "12:34" today, "Nov24" before.
std::string start_text(const Process& process) {
  const std::time_t now = std::time(nullptr);
  const std::time_t then =
      now - static_cast<std::time_t>(uptime()) + process.started / ticks_per_second();
  std::tm today{}, day{};
  ::localtime_r(&now, &today);
  ::localtime_r(&then, &day);
  char text[16];
  const bool same = today.tm_yday == day.tm_yday && today.tm_year == day.tm_year;
  std::strftime(text, sizeof text, same ? "%H:%M" : "%b%d", &day);
  return text;
}

/// "pts/0" or "?": the device's number as in /proc/pid/stat, see tty_nr.
std::string terminal_text(int device) {
  const unsigned major = static_cast<unsigned>(device) >> 8 & 0xfff;
  const unsigned minor =
      (static_cast<unsigned>(device) & 0xff) | (static_cast<unsigned>(device) >> 12 & 0xfff00);
  return major >= 136 && major <= 143 ? "pts/" + std::to_string(minor) : "?";
}

double seconds_alive(const Process& process) {
  return uptime() - static_cast<double>(process.started) / static_cast<double>(ticks_per_second());
}

std::string cpu_percent(const Process& process, const char* format) {
  const double used = static_cast<double>(process.ticks) / static_cast<double>(ticks_per_second());
  const double alive = seconds_alive(process);
  char text[16];
  std::snprintf(text, sizeof text, format, alive > 0 ? 100 * used / alive : 0.0);
  return text;
}

std::string memory_percent(const Process& process) {
  const double total = static_cast<double>(::sysconf(_SC_PHYS_PAGES)) *
                       static_cast<double>(::sysconf(_SC_PAGESIZE)) / 1024;
  char text[16];
  std::snprintf(text, sizeof text, "%.1f", 100 * static_cast<double>(process.resident_kib) / total);
  return text;
}

struct Column {
  std::string_view name;   ///< as in ps -o
  std::string_view title;  ///< as ps prints it
  std::string (*value)(const Process&);
};

const std::array kColumns = {
    Column{"user", "USER", [](const Process& p) { return user_name(p.user); }},
    Column{"uid", "UID", [](const Process& p) { return std::to_string(p.user); }},
    Column{"username", "UID", [](const Process& p) { return user_name(p.user); }},
    Column{"pid", "PID", [](const Process& p) { return std::to_string(p.pid); }},
    Column{"ppid", "PPID", [](const Process& p) { return std::to_string(p.parent); }},
    Column{"c", "C", [](const Process& p) { return cpu_percent(p, "%.0f"); }},
    Column{"pcpu", "%CPU", [](const Process& p) { return cpu_percent(p, "%.1f"); }},
    Column{"pmem", "%MEM", [](const Process& p) { return memory_percent(p); }},
    Column{"vsz", "VSZ", [](const Process& p) { return std::to_string(p.virtual_kib); }},
    Column{"rss", "RSS", [](const Process& p) { return std::to_string(p.resident_kib); }},
    Column{"stat", "STAT", [](const Process& p) { return std::string(1, p.state); }},
    Column{"stime", "STIME", [](const Process& p) { return start_text(p); }},
    Column{"start", "START", [](const Process& p) { return start_text(p); }},
    Column{"etimes", "ELAPSED",
           [](const Process& p) { return std::to_string(static_cast<long>(seconds_alive(p))); }},
    Column{"tty", "TTY", [](const Process& p) { return terminal_text(p.terminal); }},
    Column{"time", "TIME",
           [](const Process& p) { return clock_text(p.ticks / ticks_per_second()); }},
    Column{"cmd", "CMD", [](const Process& p) { return p.command; }},
    Column{"args", "COMMAND", [](const Process& p) { return p.command; }},
    Column{"command", "COMMAND", [](const Process& p) { return p.command; }},
    Column{"comm", "COMMAND", [](const Process& p) { return p.name; }},
};

/// Their names, separated by commas or spaces. \throws ApiError 400
std::vector<const Column*> columns_named(std::string names) {
  for (char& c : names) c = c == ',' ? ' ' : c;
  std::istringstream words(names);
  std::vector<const Column*> columns;
  for (std::string word; words >> word;) {
    const auto found = std::find_if(kColumns.begin(), kColumns.end(),
                                    [&](const Column& column) { return column.name == word; });
    if (found == kColumns.end()) throw bad_request("ps_args: unknown column '" + word + "'");
    columns.push_back(&*found);
  }
  if (columns.empty()) throw bad_request("ps_args: no columns are named");
  return columns;
}

std::vector<const Column*> columns_for(const std::string& ps_args) {
  if (ps_args.empty() || ps_args == "-ef") {
    return columns_named("username pid ppid c stime tty time cmd");
  }
  if (ps_args == "aux" || ps_args == "-aux") {
    return columns_named("user pid pcpu pmem vsz rss tty stat start time command");
  }
  for (const std::string_view option : {"-eo", "-o", "o", "-efo", "-Ao"}) {
    if (ps_args.starts_with(std::string(option) + " ")) {
      return columns_named(ps_args.substr(option.size()));
    }
  }
  if (ps_args.starts_with("-o")) return columns_named(ps_args.substr(2));
  throw bad_request("ps_args: '" + ps_args + "' is not understood: use -ef, aux or -o COLUMN,…");
}

}  // namespace

json container_processes(pid_t first, const std::vector<pid_t>& known, const std::string& ps_args) {
  const std::vector<const Column*> columns = columns_for(ps_args);
  json titles = json::array();
  for (const Column* column : columns) titles.push_back(column->title);
  json rows = json::array();
  for (const Process& process : processes_of(first, known)) {
    json& row = rows.emplace_back(json::array());
    for (const Column* column : columns) row.push_back(column->value(process));
  }
  return {{"Titles", std::move(titles)}, {"Processes", std::move(rows)}};
}

}  // namespace slipway
