#include "log_api.hpp"

#include <time.h>

#include <array>
#include <charconv>
#include <chrono>
#include <nlohmann/json.hpp>
#include <optional>

#include "01-cli-socket/api_error.hpp"
#include "01-cli-socket/json_fields.hpp"
#include "01-cli-socket/router.hpp"
#include "02-daemon/base/client_watch.hpp"
#include "02-daemon/engine/log_config.hpp"
#include "02-daemon/logs/log_reader.hpp"

namespace slipway {
namespace {

constexpr auto kFollowPause = std::chrono::milliseconds(50);

struct LogRequest {
  bool out = false;
  bool err = false;
  bool follow = false;
  bool timestamps = false;
  bool details = false;
  bool framed = true;  ///< a container with a terminal has one stream and no frames
  std::optional<std::size_t> tail;
  std::optional<std::int64_t> since;  ///< nanoseconds since the epoch
  std::optional<std::int64_t> until;
};

LogRequest read_request(const HttpQuery& query, const Container& container) {
  LogRequest request{.out = query.flag("stdout"),
                     .err = query.flag("stderr"),
                     .follow = query.flag("follow"),
                     .timestamps = query.flag("timestamps"),
                     .details = query.flag("details"),
                     .framed = !JsonFields(container.record.config, "Config").boolean("Tty"),
                     .tail = {},
                     .since = {},
                     .until = {}};
  if (!request.out && !request.err) {
    throw bad_request("Bad parameters: you must choose at least one stream");
  }
  // As docker has it: what is no number means "all".
  const std::string tail = query.value("tail", "all");
  std::size_t count = 0;
  const auto read = std::from_chars(tail.data(), tail.data() + tail.size(), count);
  if (read.ec == std::errc{} && read.ptr == tail.data() + tail.size()) request.tail = count;
  if (const std::string since = query.value("since"); !since.empty() && since != "0") {
    request.since = parse_log_time(since, "since");
  }
  const std::string until = query.value("until");
  if (!until.empty() && until != "0") request.until = parse_log_time(until, "until");
  return request;
}

/// As in a query: a space is a plus.
std::string query_escape(const std::string& text) {
  std::string out;
  for (const char c : text) out += c == ' ' ? "+" : percent_encode(std::string(1, c));
  return out;
}

/// Docker's `stringAttrs`: "k=v,k2=v2", both sides escaped as in a query.
std::string details_of(const LogEntry& entry) {
  std::string text;
  if (entry.attributes.empty()) return text;
  const auto attributes = nlohmann::json::parse(entry.attributes);
  for (const auto& [key, value] : attributes.items()) {
    text += (text.empty() ? "" : ",") + query_escape(key) + "=" +
            query_escape(value.is_string() ? value.get<std::string>() : value.dump());
  }
  return text;
}

/// Entries on their way to the client. Several go in one chunk.
class LogSender {
 public:
  LogSender(Exchange& exchange, const LogRequest& request)
      : exchange_(exchange), request_(request) {}

  void send(LogEntry entry) {
    const bool out = entry.stream == StdioStream::out;
    // A long line has several entries: only the first gets a prefix.
    const bool begins = std::exchange(at_line_start_[out ? 0 : 1], entry.text.ends_with('\n'));
    if (!(out ? request_.out : request_.err) || !is_in_time(entry)) return;
    std::string prefix;
    if (begins && request_.timestamps) prefix = entry.time + " ";
    if (begins && request_.details) prefix += details_of(entry) + " ";
    entry.text.insert(0, prefix);
    waiting_ += request_.framed ? encode_frame(entry.stream, entry.text) : entry.text;
    if (waiting_.size() >= kEnough) flush();
  }
  void flush() {
    exchange_.write_chunk(waiting_);
    waiting_.clear();
  }

 private:
  static constexpr std::size_t kEnough = 64 * 1024;

  [[nodiscard]] bool is_in_time(const LogEntry& entry) const {
    if (!request_.since && !request_.until) return true;
    const std::int64_t time = entry_nanoseconds(entry);
    return time >= request_.since.value_or(time) && time <= request_.until.value_or(time);
  }

  Exchange& exchange_;
  const LogRequest& request_;
  std::array<bool, 2> at_line_start_{true, true};
  std::string waiting_;
};

/// True while the container's run goes on that was on when the request came: the end of a run is the end of following.
bool goes_on(const Container& container, std::uint64_t exits) {
  const std::scoped_lock lock(container.mutex);
  const Status status = container.state.status;
  return !container.state.removed && container.state.exits == exits &&
         (status == Status::running || status == Status::paused);
}

void wait_for_change(const Container& container) {
  std::unique_lock lock(container.mutex);
  container.changed.wait_for(lock, kFollowPause);
}

bool is_over(const LogRequest& request) {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  return request.until && now.tv_sec * 1'000'000'000LL + now.tv_nsec > *request.until;
}

std::string_view content_type(const LogRequest& request) {
  return request.framed ? "application/vnd.docker.multiplexed-stream"
                        : "application/vnd.docker.raw-stream";
}

}  // namespace

void serve_logs(Exchange& exchange, const Engine& engine, const std::function<bool()>& stopping) {
  const ContainerPtr container = engine.containers().find(exchange.parameter("id"));
  const LogRequest request = read_request(exchange.request().query, *container);
  if (log_driver_of(container->record.host_config) == "none")
    throw ApiError(501, "configured logging driver does not support reading");
  const std::uint64_t exits = Engine::exits_of(*container);
  LogReader reader(engine.log_path(*container));
  if (request.tail) reader.seek_last(*request.tail);
  HttpHeaders headers;
  if (!api_version_below(exchange.request(), "1.42"))
    headers.add("Content-Type", std::string(content_type(request)));
  exchange.begin_stream({.status = 200, .headers = headers});
  LogSender sender(exchange, request);
  for (bool up = true; up && !stopping() && !client_left(exchange);) {
    // Asked before reading: what was written by its end is read.
    up = request.follow && goes_on(*container, exits) && !is_over(request);
    while (auto entry = reader.next()) sender.send(std::move(*entry));
    sender.flush();
    if (up) wait_for_change(*container);
  }
  exchange.end_stream();
}

}  // namespace slipway
