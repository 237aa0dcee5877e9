#include "log_api.hpp"

#include <charconv>
#include <chrono>
#include <limits>

#include "01-cli-socket/api_error.hpp"
#include "01-cli-socket/json_fields.hpp"
#include "01-cli-socket/router.hpp"
#include "client_watch.hpp"
#include "log_reader.hpp"

namespace slipway {
namespace {

constexpr auto kFollowPause = std::chrono::milliseconds(50);

struct LogRequest {
  bool out = false;
  bool err = false;
  bool follow = false;
  bool timestamps = false;
  bool framed = true;  ///< a container with a terminal has one stream and no frames
  std::optional<std::size_t> tail;
  std::int64_t since = 0;
  std::int64_t until = std::numeric_limits<std::int64_t>::max();
};

LogRequest read_request(const HttpQuery& query, const Container& container) {
  LogRequest request{.out = query.flag("stdout"),
                     .err = query.flag("stderr"),
                     .follow = query.flag("follow"),
                     .timestamps = query.flag("timestamps"),
                     .framed = !JsonFields(container.record.config, "Config").boolean("Tty"),
                     .tail = {}};
  if (!request.out && !request.err) {
    throw bad_request("Bad parameters: you must choose at least one stream");
  }
  // As docker has it: what is no number means "all".
  const std::string tail = query.value("tail", "all");
  std::size_t count = 0;
  const auto read = std::from_chars(tail.data(), tail.data() + tail.size(), count);
  if (read.ec == std::errc{} && read.ptr == tail.data() + tail.size()) request.tail = count;
  if (const std::string since = query.value("since"); !since.empty()) {
    request.since = parse_log_time(since, "since");
  }
  const std::string until = query.value("until");
  if (!until.empty() && until != "0") request.until = parse_log_time(until, "until");
  return request;
}

void write_entry(Exchange& exchange, const LogRequest& request, LogEntry entry) {
  const bool wanted = entry.stream == StdioStream::out ? request.out : request.err;
  const std::int64_t time = entry_nanoseconds(entry);
  if (!wanted || time < request.since || time > request.until) return;
  if (request.timestamps) entry.text.insert(0, entry.time + " ");
  exchange.write_chunk(request.framed ? encode_frame(entry.stream, entry.text) : entry.text);
}

bool is_up(const Container& container) {
  const std::scoped_lock lock(container.mutex);
  const Status status = container.state.status;
  return !container.state.removed && (status == Status::running || status == Status::paused);
}

void wait_for_change(const Container& container) {
  std::unique_lock lock(container.mutex);
  container.changed.wait_for(lock, kFollowPause);
}

}  // namespace

void serve_logs(Exchange& exchange, const Engine& engine, const std::function<bool()>& stopping) {
  const ContainerPtr container = engine.containers().find(exchange.parameter("id"));
  const LogRequest request = read_request(exchange.request().query, *container);
  LogReader reader(engine.log_path(*container));
  if (request.tail) reader.seek_last(*request.tail);
  HttpHeaders headers;
  if (!api_version_below(exchange.request(), "1.42")) {
    headers.add("Content-Type", request.framed ? "application/vnd.docker.multiplexed-stream"
                                               : "application/vnd.docker.raw-stream");
  }
  exchange.begin_stream({.status = 200, .headers = headers});
  for (bool up = true; up && !stopping() && !client_left(exchange);) {
    up =
        request.follow && is_up(*container);  // before reading: what was written by its end is read
    while (auto entry = reader.next()) write_entry(exchange, request, std::move(*entry));
    if (up) wait_for_change(*container);
  }
  exchange.end_stream();
}

}  // namespace slipway
