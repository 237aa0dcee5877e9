#include <nlohmann/json.hpp>
#include <ostream>

#include "01-cli-socket/api_error.hpp"
#include "01-cli-socket/go_template.hpp"
#include "container_cli.hpp"

namespace slipway {

using nlohmann::json;

namespace {

using Kind = InspectKind;

/// Docker's order. An engine that knows no such kind says 404, too.
std::vector<Kind> all_kinds() {
  return {{"container", "/containers/", "/json"},
          {"image", "/images/", "/json"},
          {"network", "/networks/", ""},
          {"volume", "/volumes/", ""}};
}

class InspectCommand final : public Command {
 public:
  /// \param name   the command's words
  /// \param kinds  where to look, in this order
  InspectCommand(std::string name, std::vector<Kind> kinds)
      : command_(std::move(name)), kinds_(std::move(kinds)) {}

  CommandInfo info() const override {
    return {.name = command_,
            .aliases = {},
            .summary = "Show all that the engine knows of one or more objects"};
  }
  std::vector<Option> options() override {
    std::vector<Option> options{
        {"-f,--format", &format_, "Print by this template: {{.State.Pid}}, or json"},
        {"-s,--size", &size_, "Show sizes, if it is a container"},
        {"name", &names_, "", true}};
    if (kinds_.size() > 1)
      options.push_back({"--type", &type_, "Look only for this: container, image, …"});
    return options;
  }

  int run(CliContext& context) override {
    json found = json::array();
    const int code = for_each_name(context, names_, [&](const std::string& name) {
      const json object = look_up(context, name);
      if (format_.empty()) {
        found.push_back(object);
      } else {
        context.out << (format_ == "json" ? dump_json(object) : fill_template(format_, object))
                    << '\n';
      }
    });
    if (format_.empty())
      context.out << found.dump(4, ' ', false, json::error_handler_t::replace) << '\n';
    return code;
  }

 private:
  json look_up(CliContext& context, const std::string& name) {
    const std::string encoded = percent_encode(name.starts_with('/') ? name.substr(1) : name);
    bool known_type = false;
    for (const Kind& kind : kinds_) {
      if (!type_.empty() && kind.name != type_) continue;
      known_type = true;
      const std::string query = size_ && kind.name == "container" ? "?size=1" : "";
      const HttpResponse response =
          context.api.request("GET", kind.before + encoded + kind.behind + query);
      if (response.status == 404 && kinds_.size() > 1) continue;
      throw_if_error(response);
      return parse_json(response.body, "the engine's answer");
    }
    if (!known_type) throw std::runtime_error("\"" + type_ + "\" is not a valid value for --type");
    throw not_found("No such " + (type_.empty() ? "object" : type_) + ": " + name);
  }

  std::string command_;
  std::vector<Kind> kinds_;
  std::string format_;
  std::string type_;
  bool size_ = false;
  std::vector<std::string> names_;
};

}  // namespace

std::unique_ptr<Command> make_inspect_command(std::string name, InspectKind kind) {
  return std::make_unique<InspectCommand>(std::move(name), std::vector{std::move(kind)});
}

Commands inspect_commands() {
  Commands commands;
  commands.push_back(std::make_unique<InspectCommand>("inspect", all_kinds()));
  commands.push_back(make_inspect_command("container inspect", all_kinds()[0]));
  return commands;
}

}  // namespace slipway
