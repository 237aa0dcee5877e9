#include "volume_cli.hpp"

#include <nlohmann/json.hpp>
#include <ostream>

#include "01-cli-socket/go_template.hpp"
#include "02-daemon/cli/container_cli.hpp"
#include "02-daemon/cli/create_fields.hpp"
#include "02-daemon/cli/prune_text.hpp"
#include "02-daemon/cli/text_table.hpp"

namespace slipway {
namespace {

using nlohmann::json;

class CreateVolumeCommand final : public Command {
 public:
  CommandInfo info() const override {
    return {.name = "volume create", .aliases = {}, .summary = "Make a volume"};
  }
  std::vector<Option> options() override {
    return {{"-d,--driver", &driver_, "The driver: local"},
            {"-o,--opt", &options_, "For the driver, as mount(8) takes them: type=, o=, device="},
            {"--label", &labels_, "Label: KEY=VALUE"},
            {"volume", &name_, ""}};
  }

  int run(CliContext& context) override {
    const json body = {{"Name", name_},
                       {"Driver", driver_},
                       {"DriverOpts", map_of(options_, '=')},
                       {"Labels", map_of(labels_, '=')}};
    context.out << context.api.call("POST", "/volumes/create", body).at("Name").get<std::string>()
                << '\n';
    return 0;
  }

 private:
  std::string name_;
  std::string driver_ = "local";
  std::vector<std::string> options_;
  std::vector<std::string> labels_;
};

class ListVolumesCommand final : public Command {
 public:
  CommandInfo info() const override {
    return {.name = "volume ls", .aliases = {"volume list"}, .summary = "List volumes"};
  }
  std::vector<Option> options() override {
    return {{"-q,--quiet", &quiet_, "Show names only"},
            {"-f,--filter", &filters_, "Show those that match: dangling=true, label=a=b, name=x"},
            {"--format", &format_, "Print by this template: {{.Name}}, or json"}};
  }

  int run(CliContext& context) override {
    const json answer = context.api.call("GET", "/volumes" + filter_query(filters_));
    const std::string format = quiet_ ? "{{.Name}}" : format_;
    std::vector<std::vector<std::string>> lines{{"DRIVER", "VOLUME NAME"}};
    for (const json& volume : answer.at("Volumes")) {
      if (format.empty() || format == "table") {
        lines.push_back({volume.at("Driver"), volume.at("Name")});
      } else {
        context.out << (format == "json" ? dump_json(volume) : fill_template(format, volume))
                    << '\n';
      }
    }
    if (format.empty() || format == "table") context.out << text_table(lines);
    return 0;
  }

 private:
  bool quiet_ = false;
  std::string format_;
  std::vector<std::string> filters_;
};

class RemoveVolumeCommand final : public Command {
 public:
  CommandInfo info() const override {
    return {.name = "volume rm",
            .aliases = {"volume remove"},
            .summary = "Remove one or more volumes, and what is in them"};
  }
  std::vector<Option> options() override {
    return {{"-f,--force", &force_, "No error for one that is not there"},
            {"volume", &names_, "", true}};
  }

  int run(CliContext& context) override {
    return for_each_name(context, names_, [&](const std::string& name) {
      context.api.call("DELETE", "/volumes/" + percent_encode(name) + (force_ ? "?force=1" : ""));
      context.out << name << '\n';
    });
  }

 private:
  bool force_ = false;
  std::vector<std::string> names_;
};

class PruneVolumesCommand final : public Command {
 public:
  CommandInfo info() const override {
    return {.name = "volume prune", .aliases = {}, .summary = "Remove volumes that nobody uses"};
  }
  std::vector<Option> options() override {
    return {{"-a,--all", &all_, "Those with a name, too"},
            {"--filter", &filters_, "Only those that match: label=a=b, label!=a"},
            {"-f,--force", &force_, "Do not ask"}};
  }

  int run(CliContext& context) override {
    const std::string which = all_ ? "all" : "anonymous local";
    if (!force_ && !confirmed(context, which + " volumes not used by at least one container")) {
      return 0;
    }
    std::vector<std::string> filters = filters_;
    if (all_) filters.emplace_back("all=1");
    const json answer = context.api.call("POST", "/volumes/prune" + filter_query(filters));
    print_pruned(context, answer, "VolumesDeleted", "Deleted Volumes:");
    return 0;
  }

 private:
  bool all_ = false;
  bool force_ = false;
  std::vector<std::string> filters_;
};

}  // namespace

Commands volume_commands() {
  Commands commands;
  commands.push_back(std::make_unique<CreateVolumeCommand>());
  commands.push_back(std::make_unique<ListVolumesCommand>());
  commands.push_back(std::make_unique<RemoveVolumeCommand>());
  commands.push_back(std::make_unique<PruneVolumesCommand>());
  commands.push_back(make_inspect_command("volume inspect", {"volume", "/volumes/", ""}));
  return commands;
}

}  // namespace slipway
