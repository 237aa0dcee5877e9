/// \file
/// Fifty clients at once, two thousand containers from create to rm, each client in an order of its own. Every answer is
/// checked, and at the end the daemons are as they were: no thread, no descriptor more.

#include <filesystem>
#include <iostream>
#include <mutex>
#include <random>
#include <thread>

#include "api.hpp"
#include "harness/processes.hpp"

using namespace slipway::test;
using nlohmann::json;

namespace {

constexpr int kClients = 50;
constexpr int kLifecycles = 40;

std::size_t threads_of(pid_t pid) {
  std::size_t count = 0;
  for ([[maybe_unused]] const auto& entry :
       std::filesystem::directory_iterator("/proc/" + std::to_string(pid) + "/task"))
    ++count;
  return count;
}

/// One client: its containers are its own, so it knows every answer beforehand.
class Client {
 public:
  Client(std::string socket, std::uint64_t seed)
      : api_(std::move(socket)),
        dice_(static_cast<std::mt19937::result_type>(seed)),
        prefix_("crowd-" + std::to_string(seed) + "-") {}

  std::vector<std::string> run() {
    for (int i = 0; i < kLifecycles && wrong_.empty(); ++i) live(prefix_ + std::to_string(i));
    return wrong_;
  }

 private:
  void live(const std::string& name) {
    name_ = name;
    code_ = random(50);
    const bool lingers = random(2) == 0;
    create(lingers ? "sleep 1000" : "echo " + name + "; exit " + std::to_string(code_));
    expect(409, "POST", "/containers/create?name=" + name_, body("true"));
    if (random(10) == 0) return expect(204, "DELETE", path(""));
    expect(204, "POST", path("/start"));
    lingers ? end_lingering() : end_quick();
    if (std::getenv("RN") && random(3) == 0) rename();
    if (random(4) == 0) seen_in_list();
    expect(204, "DELETE", path("?v=1"));
    expect(404, "GET", path("/json"));
  }

  void create(const std::string& script) {
    expect(201, "POST", "/containers/create?name=" + name_, body(script));
  }
  static json body(const std::string& script) {
    return {{"Image", "busybox"},
            {"Cmd", {"sh", "-c", script}},
            {"HostConfig", {{"NetworkMode", "none"}}}};
  }

  void end_quick() {
    expect(200, "POST", path("/wait"));
    if (answer_ != "{\"StatusCode\":" + std::to_string(code_) + "}\n") wrong("wait: " + answer_);
    expect(200, "GET", path("/logs?stdout=1&stderr=1"));
    if (answer_.substr(std::min<std::size_t>(8, answer_.size())) != name_ + "\n")
      wrong("logs: " + answer_);
    expect(304, "POST", path("/stop"));
  }

  void end_lingering() {
    expect(304, "POST", path("/start"));
    expect(409, "DELETE", path(""));
    expect(200, "GET", path("/json"));
    if (json::parse(answer_).at("State").at("Running") != true) wrong("inspect: " + answer_);
    expect(204, "POST", path(random(2) == 0 ? "/kill" : "/stop?t=0"));
    expect(200, "POST", path("/wait"));
    if (answer_ != "{\"StatusCode\":137}\n") wrong("wait: " + answer_);
    expect(409, "POST", path("/kill"));
  }

  void rename() {
    expect(204, "POST", path("/rename?name=" + name_ + "-new"));
    name_ += "-new";
  }

  void seen_in_list() {
    expect(200, "GET", "/containers/json?all=1");
    if (answer_.find("\"/" + name_ + "\"") == std::string::npos) wrong("not in the list");
  }

  void expect(int status, std::string_view method, const std::string& target,
              const json& body = {}) {
    if (!wrong_.empty()) return;
    const auto answer = api_.ask(method, target, body);
    answer_ = answer ? answer->body : "no answer";
    if (!answer || answer->status != status) {
      wrong(std::string(method) + " " + target + ": expected " + std::to_string(status) + ", got " +
            (answer ? std::to_string(answer->status) : "") + " " + answer_);
    }
  }

  void wrong(const std::string& what) { wrong_.push_back(name_ + ": " + what); }
  [[nodiscard]] std::string path(const std::string& rest) const {
    return "/containers/" + name_ + rest;
  }
  int random(int bound) { return static_cast<int>(dice_() % static_cast<unsigned>(bound)); }

  Api api_;
  std::mt19937 dice_;
  std::string prefix_, name_, answer_;
  int code_ = 0;
  std::vector<std::string> wrong_;
};

}  // namespace

TEST_CASE("fifty clients, two thousand lifecycles: every answer is right, nothing grows",
          "[crash][crowd]") {
  TestEngine engine;
  const pid_t supervisor = *engine.supervisor_pid();
  const auto threads = [&] { return threads_of(engine.pid()) + threads_of(supervisor); };
  const std::size_t before = threads();
  std::mutex mutex;
  std::vector<std::string> wrong;
  std::vector<std::thread> clients;
  for (int i = 0; i < kClients; ++i) {
    const std::uint64_t seed = Environment::get().random(1'000'000);
    clients.emplace_back([&, seed] {
      const auto found = Client(engine.socket(), seed).run();
      const std::scoped_lock lock(mutex);
      wrong.insert(wrong.end(), found.begin(), found.end());
    });
  }
  for (std::thread& client : clients) client.join();
  CHECK(wrong == std::vector<std::string>());
  INFO("threads of engine and supervisor: " << before << " before, " << threads() << " after");
  CHECK(eventually([&] { return threads() <= before + 4; }, std::chrono::seconds(10)));
}
