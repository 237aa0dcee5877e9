#include <array>
#include <nlohmann/json.hpp>
#include <ostream>

#include "01-cli-socket/go_template.hpp"
#include "01-cli-socket/log_line.hpp"
#include "02-daemon/base/human_text.hpp"
#include "container_cli.hpp"

namespace slipway {

using nlohmann::json;

namespace {

/// "2025-01-02T13:23:37.123456789Z container start ID (image=busybox, name=web)"
std::string event_line(const json& event) {
  std::string line = rfc3339(event.value("timeNano", std::int64_t{0})) + " " +
                     event.value("Type", "") + " " + event.value("Action", "") + " " +
                     event.value("/Actor/ID"_json_pointer, "");
  const json attributes = event.value("/Actor/Attributes"_json_pointer, json::object());
  std::string list;
  for (const auto& [name, value] : attributes.items()) {
    list.append(list.empty() ? "" : ", ").append(name).append("=").append(value.get<std::string>());
  }
  return list.empty() ? line : line + " (" + list + ")";
}

class EventsCommand final : public Command {
 public:
  CommandInfo info() const override {
    return {.name = "events",
            .aliases = {"system events"},
            .summary = "Show what happens, as it happens"};
  }
  std::vector<Option> options() override {
    return {
        {"-f,--filter", &filters_, "Show those that match: container=web, event=die, label=a=b"},
        {"--since", &since_, "Begin at this moment: 2025-01-02T13:23:37Z or 42m"},
        {"--until", &until_, "End at this moment"},
        {"--format", &format_, "Print by this template: {{.Action}}, or json"}};
  }

  int run(CliContext& context) override {
    const auto stream = context.api.open("GET", "/events" + query());
    std::array<char, 16384> buffer;
    std::string text;
    while (const std::size_t count = stream->read_some(buffer)) {
      text.append(buffer.data(), count);
      for (std::size_t end = 0; (end = text.find('\n')) != std::string::npos;
           text.erase(0, end + 1)) {
        print(context, text.substr(0, end));
      }
    }
    return 0;
  }

 private:
  void print(CliContext& context, const std::string& line) const {
    if (line.empty()) return;
    const bool whole = format_ == "json" || format_ == "{{json .}}";
    const json event = parse_json(line, "an event");
    context.out << (whole             ? line
                    : format_.empty() ? event_line(event)
                                      : fill_template(format_, event))
                << std::endl;
  }

  std::string query() const {
    std::string query;
    if (!since_.empty()) query += "&since=" + parse_moment(since_, unix_nanoseconds());
    if (!until_.empty()) query += "&until=" + parse_moment(until_, unix_nanoseconds());
    if (!filters_.empty()) query += "&filters=" + percent_encode(filters_json(filters_));
    if (!query.empty()) query[0] = '?';
    return query;
  }

  std::vector<std::string> filters_;
  std::string since_;
  std::string until_;
  std::string format_;
};

}  // namespace

Commands event_commands() {
  Commands commands;
  commands.push_back(std::make_unique<EventsCommand>());
  return commands;
}

}  // namespace slipway
