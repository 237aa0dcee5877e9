#include "history_cli.hpp"

#include <algorithm>
#include <ctime>
#include <iostream>
#include <nlohmann/json.hpp>

#include "01-cli-socket/go_template.hpp"
#include "02-daemon/base/human_text.hpp"
#include "02-daemon/cli/text_table.hpp"

namespace slipway {
namespace {

using nlohmann::json;

constexpr std::size_t kIdWidth = 12;
constexpr std::size_t kStepWidth = 45;

std::string short_id(const std::string& id) {
  return id.starts_with("sha256:") ? id.substr(7, kIdWidth) : id;
}

/// One step under docker's names for templates.
json row_of(const json& step, bool whole) {
  const std::int64_t created = step.value("Created", std::int64_t{0});
  const std::string id = step.value("Id", "");
  std::string made_by = step.value("CreatedBy", "");
  std::replace(made_by.begin(), made_by.end(), '\t', ' ');
  return {
      {"ID", whole ? id : short_id(id)},
      {"CreatedSince", created > 0 ? human_duration(std::time(nullptr) - created) + " ago" : "N/A"},
      {"CreatedBy", whole ? made_by : shortened(made_by, kStepWidth)},
      {"Size", human_size(step.value("Size", 0.0), 3)},
      {"Comment", step.value("Comment", "")}};
}

class HistoryCommand final : public Command {
 public:
  CommandInfo info() const override {
    return {.name = "history",
            .aliases = {"image history"},
            .summary = "Show the steps that made an image"};
  }
  std::vector<Option> options() override {
    return {{"-q,--quiet", &quiet_, "Show ids only"},
            {"--no-trunc", &whole_, "Do not shorten"},
            {"--format", &format_, "Print by this template: {{.CreatedBy}}, or json"},
            {"image", &name_, "", true}};
  }

  int run(CliContext& context) override {
    const std::string format = quiet_ ? "{{.ID}}" : format_;
    std::vector<std::vector<std::string>> lines{
        {"IMAGE", "CREATED", "CREATED BY", "SIZE", "COMMENT"}};
    const json steps = context.api.call("GET", "/images/" + percent_encode(name_) + "/history");
    for (const json& step : steps) {
      const json row = row_of(step, whole_);
      lines.push_back(
          {row["ID"], row["CreatedSince"], row["CreatedBy"], row["Size"], row["Comment"]});
      if (format.empty() || format == "table") continue;
      context.out << (format == "json" ? dump_json(row) : fill_template(format, row)) << '\n';
    }
    if (format.empty() || format == "table") context.out << text_table(lines);
    return 0;
  }

 private:
  bool quiet_ = false;
  bool whole_ = false;
  std::string format_;
  std::string name_;
};

}  // namespace

std::unique_ptr<Command> make_history_command() { return std::make_unique<HistoryCommand>(); }

}  // namespace slipway
