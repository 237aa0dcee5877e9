#include <time.h>

#include <nlohmann/json.hpp>
#include <ostream>

#include "01-cli-socket/go_template.hpp"
#include "01-cli-socket/log_line.hpp"
#include "container_cli.hpp"
#include "human_text.hpp"
#include "text_table.hpp"

namespace slipway {

using nlohmann::json;

namespace {

constexpr std::size_t kShortId = 12;
constexpr std::size_t kShortCommand = 20;

std::string joined(const std::vector<std::string>& parts, const std::string& separator) {
  std::string text;
  for (const std::string& part : parts) text += (text.empty() ? "" : separator) + part;
  return text;
}

/// "0.0.0.0:8080->80/tcp", or "80/tcp" for a port that is only exposed.
std::string port_text(const json& port) {
  const std::string inside =
      std::to_string(port.value("PrivatePort", 0)) + "/" + port.value("Type", "tcp");
  if (!port.contains("PublicPort")) return inside;
  const std::string ip = port.value("IP", "");
  const bool v6 = ip.find(':') != std::string::npos;
  return (v6 ? "[" + ip + "]" : ip) + ":" + std::to_string(port.value("PublicPort", 0)) + "->" +
         inside;
}

std::string names_of(const json& container) {
  std::vector<std::string> names;
  for (const json& name : container.value("Names", json::array()))
    names.push_back(name.get<std::string>().substr(1));
  return joined(names, ",");
}

std::string ports_of(const json& container) {
  std::vector<std::string> ports;
  for (const json& port : container.value("Ports", json::array())) ports.push_back(port_text(port));
  return joined(ports, ", ");
}

std::string labels_of(const json& container) {
  std::vector<std::string> labels;
  const json map = container.value("Labels", json::object());
  for (const auto& [key, value] : map.items())
    labels.push_back(key + "=" + value.get<std::string>());
  return joined(labels, ",");
}

std::string command_of(const json& container, bool whole) {
  std::string command = container.value("Command", "");
  if (!whole && command.size() > kShortCommand)
    command = command.substr(0, kShortCommand - 1) + "…";
  return dump_json(command);
}

/// "2025-06-01 12:00:00 +0000 UTC", as Go prints a moment.
std::string go_time(std::int64_t unix_seconds) {
  std::string text = rfc3339(unix_seconds * 1'000'000'000).substr(0, 19);
  text.replace(10, 1, " ");
  return text + " +0000 UTC";
}

/// What a template may ask for of one container: docker's names.
json row_of(const json& container, bool whole) {
  const std::string id = container.value("Id", "");
  const std::int64_t created = container.value("Created", std::int64_t{0});
  return {{"ID", whole ? id : id.substr(0, kShortId)},
          {"Image", container.value("Image", "")},
          {"Command", command_of(container, whole)},
          {"RunningFor", human_duration(::time(nullptr) - created) + " ago"},
          {"CreatedAt", go_time(created)},
          {"Status", container.value("Status", "")},
          {"State", container.value("State", "")},
          {"Ports", ports_of(container)},
          {"Names", names_of(container)},
          {"Labels", labels_of(container)}};
}

/// The titles of a table, by the names above.
json titles() {
  return {{"ID", "CONTAINER ID"},    {"Image", "IMAGE"},          {"Command", "COMMAND"},
          {"RunningFor", "CREATED"}, {"CreatedAt", "CREATED AT"}, {"Status", "STATUS"},
          {"State", "STATE"},        {"Ports", "PORTS"},          {"Names", "NAMES"},
          {"Labels", "LABELS"}};
}

constexpr char kDefaultTable[] =
    "table {{.ID}}\t{{.Image}}\t{{.Command}}\t{{.RunningFor}}\t{{.Status}}\t{{.Ports}}\t{{.Names}}";

/// Cells of a filled template line.
std::vector<std::string> cells_of(const std::string& line) {
  std::vector<std::string> cells(1);
  for (const char c : line) {
    if (c == '\t') {
      cells.emplace_back();
    } else {
      cells.back() += c;
    }
  }
  return cells;
}

class PsCommand final : public Command {
 public:
  CommandInfo info() const override {
    return {.name = "ps",
            .aliases = {"container ls", "container list", "container ps"},
            .summary = "List containers"};
  }
  std::vector<Option> options() override {
    return {{"-a,--all", &all_, "Show all containers, not only running ones"},
            {"-f,--filter", &filters_, "Show those that match: status=exited, name=web, label=a=b"},
            {"--format", &format_,
             "Print by this template: {{.ID}}, 'table {{.Names}}\\t{{.Status}}', or json"},
            {"-n,--last", &last_, "Show the last N created, in all states"},
            {"-l,--latest", &latest_, "Show the last created"},
            {"--no-trunc", &whole_, "Do not shorten"},
            {"-q,--quiet", &quiet_, "Show ids only"}};
  }

  int run(CliContext& context) override {
    const json containers = context.api.call("GET", "/containers/json" + query());
    const std::string format = quiet_ ? "{{.ID}}" : format_.empty() ? kDefaultTable : format_;
    constexpr std::string_view kTable = "table ";
    if (format.starts_with(kTable)) {
      context.out << table(containers, format.substr(kTable.size()));
    } else {
      for (const json& container : containers) {
        const json row = row_of(container, whole_);
        context.out << (format == "json" ? dump_json(row) : fill_template(format, row)) << '\n';
      }
    }
    return 0;
  }

 private:
  std::string table(const json& containers, const std::string& format) const {
    std::vector<std::vector<std::string>> rows{cells_of(fill_template(format, titles()))};
    for (const json& container : containers) {
      rows.push_back(cells_of(fill_template(format, row_of(container, whole_))));
    }
    return text_table(rows);
  }

  std::string query() const {
    std::string query;
    if (all_) query += "&all=1";
    if (latest_ || last_ > 0) query += "&limit=" + std::to_string(latest_ ? 1 : last_);
    if (!filters_.empty()) query += "&filters=" + percent_encode(filters_json(filters_));
    if (!query.empty()) query[0] = '?';
    return query;
  }

  bool all_ = false;
  bool latest_ = false;
  bool whole_ = false;
  bool quiet_ = false;
  long last_ = -1;
  std::string format_;
  std::vector<std::string> filters_;
};

}  // namespace

Commands ps_commands() {
  Commands commands;
  commands.push_back(std::make_unique<PsCommand>());
  return commands;
}

}  // namespace slipway
