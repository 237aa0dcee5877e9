#include "supervisor_client.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <stdexcept>
#include <thread>

#include "01-cli-socket/api_error.hpp"
#include "01-cli-socket/curl_line.hpp"
#include "01-cli-socket/log_line.hpp"
#include "01-cli-socket/sys_error.hpp"
#include "01-cli-socket/unix_socket.hpp"

namespace slipway {

using nlohmann::json;

namespace {

constexpr int kTries = 50;
constexpr int kStartPatienceMs = 10'000;

std::string start_of(const std::string& id, const std::string& run) {
  return "/tasks/" + id + "/start?run=" + percent_encode(run);
}

bool nobody_listens(const SysError& error) { return error.is(ENOENT) || error.is(ECONNREFUSED); }

/// A long body is better read from a file.
std::string by_hand(const std::string& socket, std::string_view method, const std::string& target,
                    std::string_view body) {
  constexpr std::size_t kLongestBody = 200;
  const std::string_view shown = body.size() > kLongestBody ? "@body.json" : body;
  return curl_line(socket, {.method = std::string(method),
                            .target = target,
                            .body = std::string(shown),
                            .content_type = "application/json"});
}

}  // namespace

SupervisorClient::SupervisorClient(const EnginePaths& paths)
    : socket_(paths.exec_root + "/supervisor.sock"),
      tasks_folder_(paths.exec_root + "/tasks"),
      ledger_(paths.data_root + "/exits"),
      log_(paths.exec_root + "/supervisor.log") {
  ensure_running();
}

bool SupervisorClient::answers() const noexcept {
  try {
    return static_cast<bool>(connect_unix(socket_));
  } catch (const SysError&) {
    return false;
  }
}

/// True if the supervisor that we started has ended (and is reaped now).
bool SupervisorClient::reap_dead() noexcept {
  if (!process_.pidfd) return false;
  siginfo_t info{};
  const auto id = static_cast<id_t>(process_.pidfd.get());
  const bool ended = ::waitid(P_PIDFD, id, &info, WEXITED | WNOHANG) == 0 && info.si_pid != 0;
  if (ended) process_.pidfd.reset();
  return ended;
}

void SupervisorClient::ensure_running() {
  const std::scoped_lock lock(starting_);
  if (answers()) return;
  reap_dead();
  const UniqueFd log(
      check(::open(log_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600), "open", log_));
  process_ = spawn({.program = sibling_program("slipway-supervisor"),
                    .args = {"--socket", socket_, "--tasks", tasks_folder_, "--ledger", ledger_},
                    .descriptors = {{log.get(), 2}},
                    .new_session = true});
  log_line(LogLevel::info, "started the supervisor, pid " + std::to_string(process_.pid));
  for (int waited = 0; waited < kStartPatienceMs; ++waited) {
    if (answers()) return;
    if (reap_dead()) break;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  throw std::runtime_error("the supervisor does not start to answer at " + socket_ + ": see " +
                           log_);
}

/// A request that reached nobody is sent again, to a new supervisor.
HttpResponse SupervisorClient::ask_once(std::string_view method, const std::string& target,
                                        std::string_view body, Trace* trace) {
  HttpClient client(socket_);
  client.trace = trace;
  try {
    return client.request(method, target, body);
  } catch (const SysError& error) {
    if (!nobody_listens(error)) throw;
    ensure_running();
    return client.request(method, target, body);
  }
}

/// A supervisor that was killed over a request may have done it or not: only what may be done twice is asked again
/// (RFC 9110, 9.2.2).
HttpResponse SupervisorClient::ask(std::string_view method, const std::string& target,
                                   std::string_view body, Trace* trace) {
  const bool idempotent = method == "GET" || method == "PUT" || method == "DELETE";
  Trace quiet;
  const auto step = (trace ? *trace : quiet).begin("02", "ask", method, target, [&] {
    return by_hand(socket_, method, target, body);
  });
  HttpResponse response;
  try {
    response = ask_once(method, target, body, trace);
  } catch (const std::runtime_error&) {
    if (!idempotent) throw;
    response = ask_once(method, target, body, trace);
  }
  throw_if_error(response);
  return response;
}

/// Asked again and again if the supervisor dies over it: what was begun is finished, and twice is as good as once.
void SupervisorClient::insist(std::string_view method, const std::string& target, Trace* trace,
                              std::string_view body) {
  for (int tries = 0;; ++tries) {
    try {
      ask(method, target, body, trace);
      return;
    } catch (const ApiError&) {
      throw;
    } catch (const std::exception&) {
      if (tries == kTries) throw;
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
  }
}

pid_t SupervisorClient::create(const std::string& id, const json& spec,
                               const TaskSettings& settings, Trace& trace) {
  const json body{{"Spec", spec}, {"Settings", to_json(settings)}};
  const HttpResponse response = ask("POST", "/tasks/" + id, dump_json(body), &trace);
  return parse_json(response.body, "the supervisor's answer").at("Pid").get<pid_t>();
}

void SupervisorClient::start(const std::string& id, const std::string& run, Trace& trace) {
  ask("POST", start_of(id, run), {}, &trace);
}

void SupervisorClient::kill(const std::string& id, const std::string& run, int signal,
                            Trace& trace) {
  const std::string what = "?signal=" + std::to_string(signal) + "&run=" + percent_encode(run);
  ask("POST", "/tasks/" + id + "/kill" + what, {}, &trace);
}

bool SupervisorClient::withdraw(const std::string& id, const std::string& run) {
  try {
    insist("DELETE", start_of(id, run));
    return true;
  } catch (const ApiError& error) {
    if (error.status() != 409) throw;
    return false;
  }
}

void SupervisorClient::start_failed(const std::string& id, const std::string& run, int exit_code,
                                    const std::string& message) {
  const json body{{"StartedAt", run}, {"ExitCode", exit_code}, {"Error", message}};
  insist("PUT", "/exits/" + id, nullptr, dump_json(body));
}

void SupervisorClient::remove(const std::string& id, Trace& trace) {
  insist("DELETE", "/tasks/" + id, &trace);
}

json SupervisorClient::tasks() {
  return parse_json(ask("GET", "/tasks", {}, nullptr).body, "the supervisor's answer");
}

json SupervisorClient::task(const std::string& id) {
  return parse_json(ask("GET", "/tasks/" + id, {}, nullptr).body, "the supervisor's answer");
}

std::vector<ExitRecord> SupervisorClient::exits() {
  std::vector<ExitRecord> records;
  const HttpResponse response = ask("GET", "/exits", {}, nullptr);
  for (const json& entry : parse_json(response.body, "the supervisor's answer")) {
    records.push_back(exit_record_from_json(entry));
  }
  return records;
}

namespace {

/// False at the end of the stream, or when it broke: the supervisor is gone.
bool read_more(HttpStream& stream, std::string& text) {
  std::array<char, 16384> buffer;
  try {
    const std::size_t count = stream.read_some(buffer);
    text.append(buffer.data(), count);
    return count > 0;
  } catch (const std::runtime_error&) {
    return false;
  }
}

}  // namespace

/// Lets `stop_listening` find the connection for as long as it is open.
class SupervisorClient::Listening {
 public:
  Listening(SupervisorClient& client, int fd) : client_(client) { set(fd); }
  ~Listening() { set(-1); }
  Listening(const Listening&) = delete;
  Listening& operator=(const Listening&) = delete;

 private:
  void set(int fd) {
    const std::scoped_lock lock(client_.listening_);
    client_.listening_fd_ = fd;
  }
  SupervisorClient& client_;
};

void SupervisorClient::listen(const std::function<void()>& connected,
                              const std::function<void(const ExitRecord&)>& on_exit) {
  ensure_running();
  HttpClient client(socket_);
  const std::unique_ptr<HttpStream> stream = client.open("GET", "/events");
  const Listening listening(*this, stream->fd());
  std::string text;
  bool first = true;
  while (!stopped_ && read_more(*stream, text)) {
    for (std::size_t end = 0; (end = text.find('\n')) != std::string::npos;
         text.erase(0, end + 1)) {
      if (std::exchange(first, false)) {
        connected();
      } else {
        on_exit(exit_record_from_json(parse_json(text.substr(0, end), "the supervisor's event")));
      }
    }
  }
}

void SupervisorClient::stop_listening() noexcept {
  const std::scoped_lock lock(listening_);
  stopped_ = true;
  if (listening_fd_ >= 0) ::shutdown(listening_fd_, SHUT_RDWR);
}

void SupervisorClient::dismiss_if_idle() noexcept {
  try {
    HttpClient client(socket_);
    const bool going = client.request("POST", "/dismiss").status < 400;
    if (going && process_.pidfd) wait_for_exit(process_);
  } catch (const std::exception&) {  // gone already
    reap_dead();
  }
}

}  // namespace slipway
