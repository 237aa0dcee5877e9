// explain: the story of a container that has been started already, or that could not be.

#include <algorithm>
#include <nlohmann/json.hpp>
#include <ostream>

#include "01-cli-socket/explain_story.hpp"
#include "container_cli.hpp"
#include "foreground.hpp"

namespace slipway {

using nlohmann::json;

namespace {

void print_sentences(std::ostream& out, const json& sentences) {
  for (const json& sentence : sentences) out << "  " << sentence.get<std::string>() << '\n';
}

/// From the first step to the end of the last.
std::string story_of(const std::string& title, std::vector<TraceStep> steps, ExplainMode mode) {
  std::int64_t start = steps.front().start_us;
  std::int64_t end = start;
  for (const TraceStep& step : steps) {
    start = std::min(start, step.start_us);
    end = std::max(end, step.start_us + step.duration_us);
  }
  return explain_story(title, std::move(steps), start, end, mode);
}

class ExplainCommand final : public Command {
 public:
  CommandInfo info() const override {
    return {.name = "explain",
            .aliases = {"container explain"},
            .summary = "Tell how a container was started, and what became of it"};
  }
  std::vector<Option> options() override {
    return {{"--by-hand", &by_hand_, "Under each step the shell command that does the same"},
            {"container", &names_, "", true}};
  }
  int run(CliContext& context) override {
    return for_each_name(context, names_, [&](const std::string& name) { tell(context, name); });
  }

 private:
  void tell(CliContext& context, const std::string& name) const {
    const json answer = context.api.call("GET", container_path(name, "/explain"));
    const std::string own_name = answer.value("Name", name);
    constexpr std::size_t kShortId = 12;
    context.out << "Container " << own_name << " (" << answer.value("Id", "").substr(0, kShortId)
                << ")\n";
    print_sentences(context.out, answer.at("Before"));
    std::vector<TraceStep> steps = steps_from_json(answer.at("Steps"));
    if (!steps.empty()) {
      const ExplainMode mode = by_hand_ ? ExplainMode::by_hand : ExplainMode::story;
      context.out << story_of("slipway start " + own_name, std::move(steps), mode) << '\n';
    }
    print_sentences(context.out, answer.at("After"));
  }

  bool by_hand_ = false;
  std::vector<std::string> names_;
};

}  // namespace

Commands explain_commands() {
  Commands commands;
  commands.push_back(std::make_unique<ExplainCommand>());
  return commands;
}

}  // namespace slipway
