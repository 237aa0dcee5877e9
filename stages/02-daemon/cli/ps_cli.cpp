#include <nlohmann/json.hpp>
#include <ostream>

#include "container_cli.hpp"
#include "format_cli.hpp"
#include "ps_rows.hpp"

namespace slipway {

using nlohmann::json;

namespace {

constexpr char kDefaultTable[] =
    "table {{.ID}}\t{{.Image}}\t{{.Command}}\t{{.RunningFor}}\t{{.Status}}\t{{.Ports}}\t{{.Names}}";

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
            {"-q,--quiet", &quiet_, "Show ids only"},
            {"-s,--size", &size_, "Show how much each has written, and sees"}};
  }

  int run(CliContext& context) override {
    const json containers = context.api.call("GET", "/containers/json" + query());
    std::vector<json> rows;
    for (const json& container : containers) rows.push_back(ps_row(container, whole_));
    print_rows(context.out, format(), ps_titles(), rows);
    return 0;
  }

 private:
  std::string format() const {
    const std::string table = std::string(kDefaultTable) + (size_ ? "\t{{.Size}}" : "");
    if (format_.empty() || format_ == "table") return quiet_ ? "{{.ID}}" : table;
    return format_;
  }

  std::string query() const {
    std::string query;
    if (all_) query += "&all=1";
    if (size_ || format_.find(".Size") != std::string::npos) query += "&size=1";
    if (latest_ || last_ > 0) query += "&limit=" + std::to_string(latest_ ? 1 : last_);
    if (!filters_.empty()) query += "&filters=" + percent_encode(filters_json(filters_));
    if (!query.empty()) query[0] = '?';
    return query;
  }

  bool all_ = false;
  bool latest_ = false;
  bool whole_ = false;
  bool quiet_ = false;
  bool size_ = false;
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
