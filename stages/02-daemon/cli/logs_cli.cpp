#include <time.h>
#include <unistd.h>

#include <nlohmann/json.hpp>
#include <vector>

#include "02-daemon/base/human_text.hpp"
#include "02-daemon/base/stdio_mux.hpp"
#include "container_cli.hpp"
#include "foreground.hpp"
#include "stdio_session.hpp"

namespace slipway {

using nlohmann::json;

namespace {

std::int64_t now_ns() {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  return now.tv_sec * 1'000'000'000LL + now.tv_nsec;
}

constexpr std::size_t kReadBytes = 64 * 1024;

/// What came together goes out together, as long as it is for one stream: a write for each line is what costs.
class LogOutput {
 public:
  void add(StdioStream stream, std::string_view bytes) {
    if (stream != stream_) flush();
    stream_ = stream;
    waiting_ += bytes;
  }
  void flush() {
    write_fully(stream_ == StdioStream::out ? STDOUT_FILENO : STDERR_FILENO, waiting_);
    waiting_.clear();
  }

 private:
  StdioStream stream_ = StdioStream::out;
  std::string waiting_;
};

class LogsCommand final : public Command {
 public:
  CommandInfo info() const override {
    return {
        .name = "logs", .aliases = {"container logs"}, .summary = "Fetch the logs of a container"};
  }
  std::vector<Option> options() override {
    return {{"-f,--follow", &follow_, "Go on until the container stops"},
            {"-n,--tail", &tail_, "Number of lines from the end (default all)"},
            {"-t,--timestamps", &timestamps_, "Show when each line was written"},
            {"--details", &details_, "Show extra details"},
            {"--since", &since_, "Lines after this moment: 2025-01-02T13:23:37Z or 42m"},
            {"--until", &until_, "Lines before this moment"},
            {"container", &name_, "", true}};
  }

  int run(CliContext& context) override {
    const json inspect = context.api.call("GET", container_path(name_, "/json"));
    const bool tty = inspect.value("/Config/Tty"_json_pointer, false);
    const auto stream =
        context.api.open("GET", container_path(inspect.value("Id", name_), "/logs" + query()));
    LogOutput output;
    StdioDemuxer demuxer(
        [&](StdioStream from, std::string_view bytes) { output.add(from, bytes); });
    std::vector<char> buffer(kReadBytes);
    while (const std::size_t count = stream->read_some(buffer)) {
      const std::string_view bytes(buffer.data(), count);
      if (tty) output.add(StdioStream::out, bytes);
      if (!tty) demuxer.feed(bytes);
      output.flush();
    }
    return 0;
  }

 private:
  std::string query() const {
    std::string query = "?stdout=1&stderr=1&tail=" + percent_encode(tail_);
    if (follow_) query += "&follow=1";
    if (timestamps_) query += "&timestamps=1";
    if (details_) query += "&details=1";
    if (!since_.empty()) query += "&since=" + parse_moment(since_, now_ns());
    if (!until_.empty()) query += "&until=" + parse_moment(until_, now_ns());
    return query;
  }

  bool follow_ = false;
  bool timestamps_ = false;
  bool details_ = false;
  std::string tail_ = "all";
  std::string since_;
  std::string until_;
  std::string name_;
};

}  // namespace

Commands logs_commands() {
  Commands commands;
  commands.push_back(std::make_unique<LogsCommand>());
  return commands;
}

}  // namespace slipway
