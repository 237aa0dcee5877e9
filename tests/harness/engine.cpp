#include "engine.hpp"

#include <signal.h>

#include <algorithm>
#include <ostream>
#include <sstream>
#include <stdexcept>

#include <nlohmann/json.hpp>

#include "processes.hpp"

namespace slipway::test {

namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

std::set<TestEngine*>& engines() {
  static std::set<TestEngine*> all;
  return all;
}

// The shared engine and the source file that it was made for.
struct Shared {
  std::string file;
  std::unique_ptr<TestEngine> engine;
};

Shared& shared() {
  static Shared instance;
  return instance;
}

// One head of an answer, "HTTP/1.1 200 OK" and its fields, off the front of `text`.
HttpAnswer take_head(std::string& text) {
  HttpAnswer answer;
  const std::size_t end = text.find("\r\n\r\n");
  if (end == std::string::npos) return answer;
  std::istringstream lines(text.substr(0, end));
  std::string version, line;
  lines >> version >> answer.status;
  std::getline(lines, line);
  while (std::getline(lines, line)) {
    const std::size_t colon = line.find(": ");
    if (colon == std::string::npos) continue;
    std::string name = line.substr(0, colon);
    std::transform(name.begin(), name.end(), name.begin(),
                   [](unsigned char c) { return std::tolower(c); });
    line.erase(line.find_last_not_of('\r') + 1);
    answer.headers[name] = line.substr(colon + 2);
  }
  text.erase(0, end + 4);
  return answer;
}

// Names below `folder`, down to `depth`.
void list_into(std::set<std::string>& result, const fs::path& folder, int depth) {
  std::error_code gone;  // something may vanish while we look
  for (const auto& entry : fs::directory_iterator(folder, gone)) {
    result.insert(entry.path());
    if (depth > 1 && entry.is_directory(gone)) list_into(result, entry.path(), depth - 1);
  }
}

std::vector<std::string> after(std::vector<std::string> front,
                               const std::vector<std::string>& arguments) {
  front.insert(front.end(), arguments.begin(), arguments.end());
  return front;
}

}  // namespace

nlohmann::json HttpAnswer::json() const { return nlohmann::json::parse(body); }

std::ostream& operator<<(std::ostream& stream, const HttpAnswer& answer) {
  return stream << "HTTP status " << answer.status << ", body: " << answer.body;
}

TestEngine::TestEngine(EngineOptions options) : options_(std::move(options)) {
  start();
  engines().insert(this);
  const bool has_images = options_.stage == "final" || options_.stage >= "05";
  if (!options_.images || !has_images) return;
  load("busybox.tar");
  load("slipway-test.tar");
  files_when_ready_ = files();
}

TestEngine::~TestEngine() {
  try {
    if (!running()) start();  // containers may have outlived a killed engine: they are to go too
  } catch (const std::exception&) {  // what is left because of that is found by the leak check
  }
  remove_containers();
  stop();
  engines().erase(this);
}

void TestEngine::start() {
  std::vector<std::string> line = {program("slipwayd", options_.stage),
                                   "-H",
                                   endpoint(),
                                   "--data-root",
                                   data_root(),
                                   "--exec-root",
                                   exec_root()};
  const std::size_t printed_before = log().size();
  daemon_ = std::make_unique<Daemon>(after(line, options_.flags), folder() / "engine.log");
  wait_until_ready(printed_before);
}

void TestEngine::wait_until_ready(std::size_t printed_before) {
  const bool ready =
      eventually([&] { return !running() || http("GET", "/_ping").status == 200; }, 10s);
  if (!ready || !running())
    throw std::runtime_error("slipwayd did not get ready:\n" +
                             log().substr(std::min(printed_before, log().size())));
  if (files_when_ready_.empty()) files_when_ready_ = files();
  descriptors_when_ready_ = {{pid(), open_descriptors(pid())}};
  if (const auto supervisor = supervisor_pid())
    descriptors_when_ready_[*supervisor] = open_descriptors(*supervisor);
}

int TestEngine::stop() {
  const auto supervisor = supervisor_pid();
  const int status = daemon_->end_with(SIGTERM, 15s);
  if (supervisor) ::kill(*supervisor, SIGTERM);
  eventually([this] { return !supervisor_pid(); }, 10s);
  return status;
}

void TestEngine::kill_engine() { daemon_->end_with(SIGKILL, 10s); }

void TestEngine::kill_supervisor() {
  const auto supervisor = supervisor_pid();
  if (!supervisor) throw std::runtime_error("there is no supervisor to kill");
  ::kill(*supervisor, SIGKILL);
  eventually([&] { return supervisor_pid() != supervisor; }, 10s);
}

std::optional<pid_t> TestEngine::supervisor_pid() const {
  for (const auto& [pid, process] : all_processes()) {
    if (process.program() == "slipway-supervisor" &&
        process.command_line.find(folder().string()) != std::string::npos)
      return pid;
  }
  return {};
}

std::vector<std::string> TestEngine::docker_line(std::vector<std::string> arguments) const {
  return after({"docker", "-H", endpoint()}, arguments);
}

std::vector<std::string> TestEngine::slipway_line(std::vector<std::string> arguments) const {
  return after({program("slipway", options_.stage), "-H", endpoint()}, arguments);
}

CommandResult TestEngine::docker(std::vector<std::string> arguments, CommandOptions options) {
  return run_command(docker_line(std::move(arguments)), std::move(options));
}

CommandResult TestEngine::slipway(std::vector<std::string> arguments, CommandOptions options) {
  return run_command(slipway_line(std::move(arguments)), std::move(options));
}

HttpAnswer TestEngine::http(std::string_view method, std::string_view target,
                            std::string_view body) {
  return http_at(socket(), method, target, body);
}

HttpAnswer TestEngine::http_at(const fs::path& socket, std::string_view method,
                               std::string_view target, std::string_view body) {
  std::vector<std::string> line = {"curl", "-sS", "-i", "--unix-socket", socket, "-H", "Expect:"};
  if (method == "HEAD") line.push_back("-I");
  if (method != "HEAD") line.insert(line.end(), {"-X", std::string(method)});
  if (!body.empty())
    line.insert(line.end(), {"-H", "Content-Type: application/json", "--data-binary", "@-"});
  line.push_back("http://localhost" + std::string(target));
  std::string text = run_command(line, {.input = std::string(body)}).out;
  HttpAnswer answer = take_head(text);
  while (answer.status / 100 == 1 && text.starts_with("HTTP/")) answer = take_head(text);
  answer.body = text;
  return answer;
}

void TestEngine::load(std::string_view file) {
  const auto result =
      run_command({"curl", "-sS", "--fail-with-body", "--unix-socket", socket(), "-X", "POST", "-T",
                   image_file(file), "http://localhost/images/load?quiet=1"});
  if (result.status == 0 && result.out.find("\"error\"") == std::string::npos) return;
  throw std::runtime_error("cannot load " + std::string(file) + ": " + result.out + result.err);
}

void TestEngine::remove_containers() {
  const HttpAnswer answer = http("GET", "/containers/json?all=1");
  if (answer.status != 200) return;  // an engine of stage 01 knows no containers
  for (const auto& container : answer.json())
    http("DELETE", "/containers/" + container.at("Id").get<std::string>() + "?force=1&v=1");
}

// Down to containers/ID, tasks/ID, layers/sha256 and so on, and the blobs of images one by one.
std::set<std::string> TestEngine::files() const {
  std::set<std::string> result;
  list_into(result, data_root(), 2);
  list_into(result, data_root() / "images/blobs/sha256", 1);
  list_into(result, data_root() / "layers/sha256", 1);
  list_into(result, exec_root(), 2);
  return result;
}

std::vector<std::string> TestEngine::leftovers() const {
  std::vector<std::string> result;
  for (const std::string& file : files()) {
    if (!files_when_ready_.contains(file)) result.push_back("file " + file);
  }
  // A kept-alive connection or two between the boxes is no leak; one descriptor per container would
  // be.
  constexpr std::size_t kKeptAlive = 4;
  for (const auto& [pid, before] : descriptors_when_ready_) {
    const std::size_t now = open_descriptors(pid);
    if (now > before + kKeptAlive)
      result.push_back("process " + std::to_string(pid) + " has " + std::to_string(now) +
                       " descriptors open, was " + std::to_string(before));
  }
  return result;
}

const std::set<TestEngine*>& TestEngine::all() { return engines(); }

TestEngine& shared_engine(const std::source_location& where) {
  Shared& current = shared();
  if (current.file == where.file_name() && current.engine->running()) return *current.engine;
  current.engine.reset();
  current.engine = std::make_unique<TestEngine>();
  current.file = where.file_name();
  return *current.engine;
}

void stop_shared_engine() {
  shared().engine.reset();
  shared().file.clear();
}

}  // namespace slipway::test
