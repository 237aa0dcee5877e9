#include "cli_help.hpp"

#include <array>
#include <map>
#include <set>

namespace slipway {
namespace {

/// What newcomers need first, in the order of need; all other one-word commands are listed by name below.
constexpr std::array<std::string_view, 12> kCommonCommands = {
    "run",    "exec",  "ps",     "build",  "pull",    "push",
    "images", "login", "logout", "search", "version", "info"};

/// Name and summary, by name.
using Table = std::map<std::string, std::string>;

std::string upper(std::string text) {
  for (char& c : text) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  return text;
}

bool takes_many(const Option& option) {
  return std::holds_alternative<std::vector<std::string>*>(option.target);
}

std::string positional_usage(const Option& option) {
  const std::string name = upper(option.names);
  if (takes_many(option))
    return option.required ? name + " [" + name + "...]" : "[" + name + "...]";
  return option.required ? name : "[" + name + "]";
}

/// "string", "list", "int" or nothing, as docker's help names types.
std::string value_name(const Option& option) {
  if (is_flag(option)) return "";
  if (takes_many(option)) return " list";
  const bool number = std::holds_alternative<long*>(option.target) ||
                      std::holds_alternative<std::optional<long>*>(option.target);
  return number ? " int" : " string";
}

/// "  -d, --detach" and "      --rm": long names stand below each other.
std::string option_label(const Option& option) {
  std::string names = option.names;
  for (std::size_t at = names.find(','); at != std::string::npos; at = names.find(',', at + 2)) {
    names.insert(at + 1, " ");
  }
  return (names.starts_with("--") ? "      " : "  ") + names + value_name(option);
}

std::string aligned(const std::vector<std::pair<std::string, std::string>>& rows) {
  std::size_t width = 0;
  for (const auto& [label, text] : rows) width = std::max(width, label.size());
  std::string out;
  for (const auto& [label, text] : rows) {
    out += label + std::string(width - label.size() + 3, ' ') + text + "\n";
  }
  return out;
}

std::string section(const std::string& title, const Table& table) {
  if (table.empty()) return "";
  std::vector<std::pair<std::string, std::string>> rows;
  for (const auto& [name, summary] : table) rows.emplace_back("  " + name, summary);
  return "\n" + title + ":\n" + aligned(rows);
}

std::vector<std::string> spellings(const CommandInfo& info) {
  std::vector<std::string> all{info.name};
  all.insert(all.end(), info.aliases.begin(), info.aliases.end());
  return all;
}

std::string common_section(Table& commands) {
  std::vector<std::pair<std::string, std::string>> rows;
  for (const std::string_view name : kCommonCommands) {
    const auto found = commands.find(std::string(name));
    if (found == commands.end()) continue;
    rows.emplace_back("  " + found->first, found->second);
    commands.erase(found);
  }
  return rows.empty() ? "" : "\nCommon Commands:\n" + aligned(rows);
}

}  // namespace

bool is_positional(const Option& option) { return !option.names.starts_with('-'); }

bool is_flag(const Option& option) {
  return std::holds_alternative<bool*>(option.target) ||
         std::holds_alternative<CurlMode*>(option.target) ||
         std::holds_alternative<ExplainMode*>(option.target);
}

std::string usage_line(const std::string& program, const std::vector<Option>& options) {
  std::string positionals;
  bool flags = false;
  for (const Option& option : options) {
    if (is_positional(option)) positionals += " " + positional_usage(option);
    flags = flags || !is_positional(option);
  }
  return program + (flags ? " [OPTIONS]" : "") + positionals;
}

std::string options_help(const std::vector<Option>& options) {
  std::vector<std::pair<std::string, std::string>> rows;
  for (const Option& option : options) {
    if (!is_positional(option)) rows.emplace_back(option_label(option), option.help);
  }
  return rows.empty() ? "" : "\nOptions:\n" + aligned(rows);
}

std::string command_help(const std::string& program, const CommandInfo& info,
                         const std::vector<Option>& options) {
  std::string text = "Usage:  " + usage_line(program, options) + "\n\n" + info.summary + "\n";
  if (!info.aliases.empty()) {
    text += "\nAliases:\n  ";
    for (const std::string& words : spellings(info)) text += "slipway " + words + ", ";
    text.replace(text.size() - 2, 2, "\n");
  }
  return text + options_help(options);
}

std::string program_help(const std::string& about, const Commands& commands,
                         const std::vector<Option>& global_options) {
  Table single;
  Table groups;
  for (const auto& command : commands) {
    const CommandInfo info = command->info();
    for (const std::string& words : spellings(info)) {
      const std::size_t space = words.find(' ');
      if (space == std::string::npos) {
        single.emplace(words, info.summary);
      } else {
        groups.emplace(words.substr(0, space), "Manage " + words.substr(0, space) + "s");
      }
    }
  }
  if (groups.contains("system")) groups["system"] = "Manage Slipway";
  std::string text =
      "Usage:  slipway [OPTIONS] COMMAND\n\n" + about + "\n" + common_section(single);
  text += section("Management Commands", groups) + section("Commands", single);
  text += "\nGlobal " + options_help(global_options).substr(1);
  return text + "\nRun 'slipway COMMAND --help' for more information on a command.\n";
}

std::string group_help(const std::string& group, const Commands& commands) {
  Table table;
  for (const auto& command : commands) {
    const CommandInfo info = command->info();
    for (const std::string& words : spellings(info)) {
      if (!words.starts_with(group + " ")) continue;
      table.emplace(words.substr(group.size() + 1), info.summary);
      break;  // the other spellings are on the command's own page
    }
  }
  if (table.empty()) return "";
  return "Usage:  slipway " + group + " COMMAND\n" + section("Commands", table) +
         "\nRun 'slipway " + group + " COMMAND --help' for more information on a command.\n";
}

}  // namespace slipway
