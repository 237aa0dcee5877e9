#include "voyage.hpp"

#include <algorithm>

namespace slipway::test {

using namespace std::chrono_literals;

std::string Tally::text() const {
  return std::to_string(voyages) + " containers, " + std::to_string(acknowledged) +
         " requests acknowledged, " + std::to_string(unanswered) + " cut off, " +
         std::to_string(exit_codes) + " exit codes and " + std::to_string(lines) +
         " log lines compared, " + std::to_string(execs) + " execs, " +
         std::to_string(shim_deaths) + " runs ended by a killed shim";
}

Voyage::Voyage(Api& api, Tally& tally, Weather weather, std::uint64_t seed)
    : api_(api),
      tally_(tally),
      weather_(weather),
      dice_(static_cast<std::mt19937::result_type>(seed)),
      name_("voyage-" + std::to_string(seed)),
      code_(1 + random(100)),
      lines_(random(200)),
      lingers_(random(4) == 0) {}

/// Writes numbered lines, then ends with its code; a lingering one waits for SIGTERM first.
std::string Voyage::script() const {
  std::string text = "trap over=1 TERM; i=0; while [ $i -lt " + std::to_string(lines_) +
                     " ]; do echo " + name_ + " $i; i=$((i+1)); done; ";
  if (lingers_) text += "until [ $over ]; do sleep 0.02; done; ";
  return text + "exit " + std::to_string(code_);
}

std::string Voyage::expected_output() const {
  std::string text;
  for (int i = 0; i < lines_; ++i) text += name_ + " " + std::to_string(i) + "\n";
  return text;
}

int Voyage::attempt(std::string_view method, const std::string& target, const Json& body) {
  const auto answer = api_.ask(method, target, body);
  ++(answer && answer->status < 400 ? tally_.acknowledged : tally_.unanswered);
  return answer ? answer->status : 0;
}

nlohmann::json Voyage::state() {
  const HttpResponse answer = api_.insist("GET", path("/json"));
  if (answer.status == 404) return nullptr;
  if (answer.status != 200) {
    wrong("inspect says " + std::to_string(answer.status) + " " + answer.body);
    return nullptr;
  }
  return Json::parse(answer.body).at("State");
}

std::vector<std::string> Voyage::sail() {
  create();
  if (wrong_.empty()) start();
  if (wrong_.empty() && random(3) == 0) exec();
  if (wrong_.empty() && lingers_) stop();
  if (wrong_.empty()) wait();
  if (wrong_.empty()) check_logs();
  if (wrong_.empty()) remove();
  ++tally_.voyages;
  return wrong_;
}

/// Acknowledged: it is there. Not acknowledged: it is there, or it can be made.
void Voyage::create() {
  const Json body{{"Image", "busybox"},
                  {"Cmd", {"sh", "-c", script()}},
                  {"HostConfig", {{"NetworkMode", "none"}}}};
  eventually(
      [&] {
        const int status = attempt("POST", "/containers/create?name=" + name_, body);
        const bool exists = !state().is_null();
        if (status == 201 && !exists) wrong("created, acknowledged, and not there");
        return exists || !wrong_.empty();
      },
      60s);
}

/// Acknowledged: it runs or has run. Not acknowledged: so it does, or it is as before and can be started.
void Voyage::start() {
  const bool started = eventually(
      [&] {
        const int status = attempt("POST", path("/start"));
        acknowledged_ = status == 204 || status == 304;
        if (acknowledged_) return true;
        const Json now = state();
        if (now.is_null()) wrong("gone after start said " + std::to_string(status));
        return now.is_null() || now.at("Status") != "created";
      },
      60s);
  if (!started) wrong("cannot be started");
}

/// A detached exec whose start was acknowledged has an exit code, and the right one.
void Voyage::exec() {
  const auto made = api_.ask("POST", path("/exec"), {{"Cmd", {"sh", "-c", "exit 42"}}});
  if (!made || made->status != 201) return;  // it has ended already, or the engine has
  const std::string id = Json::parse(made->body).at("Id");
  if (attempt("POST", "/exec/" + id + "/start", {{"Detach", true}}) != 200) return;
  Json seen;
  const bool ended = eventually(
      [&] {
        const HttpResponse answer = api_.insist("GET", "/exec/" + id + "/json");
        seen = answer.status == 200 ? Json::parse(answer.body) : Json();
        if (seen.is_null())
          return true;  // it went with its task, and an engine came that never saw it
        return seen.at("Running") == false;
      },
      30s);
  if (!ended) return wrong("an exec runs for ever: " + seen.dump());
  if (seen.is_null()) return;
  const Json code = seen.at("ExitCode");
  // 137: the container ended first and took it along.
  if (code != 42 && code != 137) wrong("exec ended with " + code.dump() + " instead of 42");
  ++tally_.execs;
}

/// Once it has written its lines: then it is ready for the signal.
void Voyage::stop() {
  const bool ready = eventually([&] { return log() == expected_output() || has_ended(); }, 60s);
  if (!ready) return wrong("does not write its lines: " + log());
  const bool stopped = eventually(
      [&] {
        const int status = attempt("POST", path("/stop?t=20"));
        return status == 204 || status == 304;
      },
      60s);
  if (!stopped) return wrong("cannot be stopped");
  if (!has_ended()) wrong("runs after stop was acknowledged");
}

bool Voyage::has_ended() {
  const Json now = state();
  return now.is_null() || now.at("Running") == false;
}

void Voyage::wait() {
  int status = 0;
  const bool answered = eventually(
      [&] {
        const auto answer = api_.ask("POST", path("/wait"));
        if (!answer || answer->status != 200 || !answer->body.ends_with("}\n")) return false;
        status = Json::parse(answer->body).at("StatusCode");
        return true;
      },
      60s);
  if (!answered) return wrong("wait gives no answer");
  const Json now = state();
  if (now.is_null()) return wrong("gone, and nobody removed it");
  if (weather_.kills_shims && !acknowledged_ && now.at("Status") == "created") {
    start();  // its shim was killed before it let it run: it never ran
    return wrong_.empty() ? wait() : void();
  }
  if (now.at("ExitCode") != status) {
    wrong("wait says " + std::to_string(status) + ", inspect says " + now.dump());
  }
  check_end(now);
}

bool Voyage::shim_was_killed(const Json& now) const {
  return weather_.kills_shims && now.at("ExitCode") == 137 &&
         now.at("Error").get<std::string>().find("shim") != std::string::npos;
}

void Voyage::check_end(const Json& now) {
  if (now.at("Running") == true) return wrong("runs after wait was answered");
  ++tally_.exit_codes;
  if (now.at("ExitCode") == code_) return;
  if (!shim_was_killed(now))
    return wrong("should have ended with " + std::to_string(code_) + ": " + now.dump());
  ++tally_.shim_deaths;
}

std::string Voyage::log() {
  // Frames of the multiplexed stream: 8 bytes of head with the size in the last four, then the text.
  const std::string framed = api_.insist("GET", path("/logs?stdout=1")).body;
  std::string text;
  for (std::size_t at = 0; at + 8 <= framed.size();) {
    std::size_t size = 0;
    for (std::size_t i = 4; i < 8; ++i)
      size = size << 8 | static_cast<unsigned char>(framed[at + i]);
    text += framed.substr(at + 8, size);
    at += 8 + size;
  }
  return text;
}

/// Every line once and in order; what a killed shim had not read yet may be missing at the end.
void Voyage::check_logs() {
  const bool cut = shim_was_killed(state());
  const std::string text = log();
  const std::string expected = expected_output();
  if (text != expected && !(cut && expected.starts_with(text))) {
    return wrong("its log is wrong: expected " + std::to_string(lines_) + " lines, got:\n" + text);
  }
  tally_.lines += static_cast<int>(std::count(text.begin(), text.end(), '\n'));
}

/// Acknowledged: it is gone for good. Not acknowledged: it is whole, or gone.
void Voyage::remove() {
  const bool removed = eventually(
      [&] {
        const int status = attempt("DELETE", path(random(2) ? "?force=1" : ""));
        if (status == 204 && !state().is_null()) wrong("removed, acknowledged, and still there");
        return status == 204 || status == 404;
      },
      60s);
  if (!removed) wrong("cannot be removed");
}

}  // namespace slipway::test
