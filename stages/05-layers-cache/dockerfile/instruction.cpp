#include "instruction.hpp"

#include <algorithm>
#include <array>
#include <cctype>

#include <nlohmann/json.hpp>

#include "words.hpp"

namespace slipway {
namespace {

constexpr std::string_view kBlank = " \t\v\f\r\n";

/// What is being parsed: the line, and how far we are.
struct Cursor {
  const LogicalLine& line;
  Instruction& into;
  std::size_t offset = 0;

  [[nodiscard]] std::string_view rest() const {
    return std::string_view(line.text()).substr(offset);
  }
  [[nodiscard]] Position here() const { return line.position_of(offset); }
  [[nodiscard]] Position at(const Word& word) const {
    return line.position_of(offset + word.offset);
  }
  [[nodiscard]] std::vector<Word> words() const { return split_words(rest(), into.escape); }
  [[nodiscard]] std::string name() const { return std::string(name_of(into.keyword)); }
  void skip_blanks() {
    offset = std::min(line.text().find_first_not_of(kBlank, offset), line.text().size());
  }
};

std::string trimmed_end(std::string_view text) {
  return std::string(text.substr(0, text.find_last_not_of(kBlank) + 1));
}

/// A JSON array of strings; nothing for all else. Docker, too, takes what is no such array as shell form.
std::optional<std::vector<std::string>> json_words(std::string_view text) {
  if (!text.starts_with('[')) return std::nullopt;
  const auto parsed = nlohmann::json::parse(text, nullptr, false);
  if (!parsed.is_array()) return std::nullopt;
  const auto is_text = [](const auto& item) { return item.is_string(); };
  if (!std::all_of(parsed.begin(), parsed.end(), is_text)) return std::nullopt;
  return parsed.get<std::vector<std::string>>();
}

bool take_exec_form(Cursor& cursor) {
  auto words = json_words(cursor.rest());
  if (!words) return false;
  cursor.into.words = std::move(*words);
  cursor.into.exec_form = true;
  return true;
}

void take_words(Cursor& cursor) {
  const std::vector<Word> words = cursor.words();
  for (const Word& word : words) cursor.into.words.push_back(word.text);
}

void parse_command(Cursor& cursor) {
  if (!take_exec_form(cursor)) cursor.into.words = {trimmed_end(cursor.rest())};
}

void parse_list(Cursor& cursor) {
  if (!take_exec_form(cursor)) take_words(cursor);
}

void parse_copy(Cursor& cursor) {
  parse_list(cursor);
  if (cursor.into.words.size() >= 2) return;
  throw DockerfileError(cursor.here(), cursor.name() +
                                           " requires at least two arguments, but only " +
                                           std::to_string(cursor.into.words.size()) +
                                           " provided. Destination could not be determined");
}

void parse_text(Cursor& cursor) { cursor.into.words = {trimmed_end(cursor.rest())}; }

void parse_shell(Cursor& cursor) {
  if (take_exec_form(cursor) && !cursor.into.words.empty()) return;
  throw DockerfileError(cursor.here(), "SHELL requires the arguments to be in JSON form");
}

void parse_from(Cursor& cursor) {
  take_words(cursor);
  const auto& words = cursor.into.words;
  if (words.size() == 1 || (words.size() == 3 && lower(words[1]) == "as")) return;
  const auto typed = cursor.words();
  const bool near_as = typed.size() == 3 && nearest(upper(words[1]), {"AS"}) == "AS";
  throw DockerfileError(typed.size() > 1 ? cursor.at(typed[1]) : cursor.here(),
                        "FROM requires either one or three arguments", near_as ? "AS" : "");
}

/// One word "name=value"; a quote or an escape may stand in both.
Assignment assignment_of(Cursor& cursor, const Word& word) {
  const std::size_t equals = word.text.find('=');
  if (equals == 0) {
    throw DockerfileError(cursor.at(word), cursor.name() + " names can not be blank");
  }
  if (equals == std::string::npos) return {word.text, std::nullopt};
  return {word.text.substr(0, equals), word.text.substr(equals + 1)};
}

/// The old way, `ENV name all of the rest`.
void parse_one_pair(Cursor& cursor, const std::vector<Word>& words) {
  if (words.size() < 2) {
    throw DockerfileError(cursor.here(), cursor.name() + " must have two arguments");
  }
  cursor.into.assignments = {{words[0].text, trimmed_end(cursor.rest().substr(words[1].offset))}};
}

void parse_pairs(Cursor& cursor) {
  const std::vector<Word> words = cursor.words();
  if (words.front().text.find('=') == std::string::npos) return parse_one_pair(cursor, words);
  for (const Word& word : words) {
    Assignment found = assignment_of(cursor, word);
    if (!found.value) {
      throw DockerfileError(cursor.at(word), "Syntax error - can't find = in \"" + word.text +
                                                 "\". Must be of the form: name=value");
    }
    cursor.into.assignments.push_back(std::move(found));
  }
}

void parse_arguments(Cursor& cursor) {
  for (const Word& word : cursor.words()) {
    cursor.into.assignments.push_back(assignment_of(cursor, word));
  }
}

void parse_healthcheck(Cursor& cursor) {
  const std::vector<Word> words = cursor.words();
  const std::string kind = upper(words.front().text);
  cursor.into.none = kind == "NONE";
  if (cursor.into.none && words.size() > 1) {
    throw DockerfileError(cursor.at(words[1]), "HEALTHCHECK NONE takes no arguments");
  }
  if (cursor.into.none) return;
  if (kind != "CMD") {
    throw DockerfileError(cursor.here(), "Unknown type \"" + kind + "\" in HEALTHCHECK (try CMD)",
                          nearest(kind, {"CMD", "NONE"}));
  }
  if (words.size() == 1) {
    throw DockerfileError(cursor.here(), "Missing command after HEALTHCHECK CMD");
  }
  cursor.offset += words[1].offset;
  parse_command(cursor);
}

void parse_onbuild(Cursor& cursor) {
  const std::string trigger = upper(cursor.words().front().text);
  if (trigger == "ONBUILD") {
    throw DockerfileError(cursor.here(), "Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed");
  }
  if (trigger == "MAINTAINER" || trigger == "FROM") {
    throw DockerfileError(cursor.here(), trigger + " isn't allowed as an ONBUILD trigger");
  }
  LogicalLine inner;
  inner.append(cursor.rest(), cursor.here());
  inner.heredocs = cursor.line.heredocs;
  static_cast<void>(parse_instruction(inner, cursor.into.escape));  // wrong now rather than later
  parse_text(cursor);
}

/// The grammar's table.
struct Rule {
  Keyword keyword;
  std::string_view name;
  void (*parse)(Cursor&);
  std::string_view flags;  ///< that it knows, separated by blanks
};

constexpr auto kRules = std::to_array<Rule>({
    {Keyword::add, "ADD", parse_copy, "chown chmod link checksum keep-git-dir exclude unpack"},
    {Keyword::arg, "ARG", parse_arguments, ""},
    {Keyword::cmd, "CMD", parse_command, ""},
    {Keyword::copy, "COPY", parse_copy, "from chown chmod link parents exclude"},
    {Keyword::entrypoint, "ENTRYPOINT", parse_command, ""},
    {Keyword::env, "ENV", parse_pairs, ""},
    {Keyword::expose, "EXPOSE", take_words, ""},
    {Keyword::from, "FROM", parse_from, "platform"},
    {Keyword::healthcheck, "HEALTHCHECK", parse_healthcheck,
     "interval timeout start-period start-interval retries"},
    {Keyword::label, "LABEL", parse_pairs, ""},
    {Keyword::maintainer, "MAINTAINER", parse_text, ""},
    {Keyword::onbuild, "ONBUILD", parse_onbuild, ""},
    {Keyword::run, "RUN", parse_command, "mount network security"},
    {Keyword::shell, "SHELL", parse_shell, ""},
    {Keyword::stopsignal, "STOPSIGNAL", parse_text, ""},
    {Keyword::user, "USER", parse_text, ""},
    {Keyword::volume, "VOLUME", parse_list, ""},
    {Keyword::workdir, "WORKDIR", parse_text, ""},
});

const Rule& rule_of(const Word& word, Position at) {
  const std::string name = upper(word.text);
  const auto found = std::find_if(kRules.begin(), kRules.end(),
                                  [&](const Rule& rule) { return rule.name == name; });
  if (found != kRules.end()) return *found;
  std::vector<std::string> names;
  for (const Rule& rule : kRules) names.emplace_back(rule.name);
  throw DockerfileError(at, "unknown instruction: " + name, nearest(name, names));
}

void check_flag(const Cursor& cursor, const Flag& flag, std::string_view known) {
  std::vector<std::string> names;
  for (const Word& word : split_words(known, '\\')) names.push_back("--" + word.text);
  const std::string typed = "--" + flag.name;
  if (std::find(names.begin(), names.end(), typed) != names.end()) return;
  throw DockerfileError(flag.at, "unknown flag: " + typed + " for " + cursor.name(),
                        nearest(typed, names));
}

/// The words before the arguments that begin with "--"; a "--" alone ends them.
void take_flags(Cursor& cursor, std::string_view known) {
  for (cursor.skip_blanks(); cursor.rest().starts_with("--"); cursor.skip_blanks()) {
    const Word word = cursor.words().front();
    const Position at = cursor.here();
    cursor.offset += word.text.size();
    if (word.text == "--") return cursor.skip_blanks();
    const std::size_t equals = word.text.find('=');
    Flag flag{word.text.substr(2, equals == std::string::npos ? equals : equals - 2), {}, at};
    if (equals != std::string::npos) flag.value = word.text.substr(equals + 1);
    check_flag(cursor, flag, known);
    cursor.into.flags.push_back(std::move(flag));
  }
}

}  // namespace

std::string_view name_of(Keyword keyword) {
  return kRules.at(static_cast<std::size_t>(keyword)).name;
}

std::optional<std::string> Instruction::flag(std::string_view name) const {
  const auto found = std::find_if(flags.rbegin(), flags.rend(),
                                  [&](const Flag& flag) { return flag.name == name; });
  return found == flags.rend() ? std::nullopt : std::optional(found->value.value_or(""));
}

Instruction parse_instruction(const LogicalLine& line, char escape) {
  Instruction result;
  result.text = trimmed_end(line.text());
  result.heredocs = line.heredocs;
  result.escape = escape;
  result.at = line.position_of(0);
  Cursor cursor{line, result};
  const std::vector<Word> words = cursor.words();
  if (words.empty()) throw DockerfileError(result.at, "an instruction is missing");
  const Rule& rule = rule_of(words.front(), result.at);
  result.keyword = rule.keyword;
  cursor.offset = words.front().offset + words.front().text.size();
  take_flags(cursor, rule.flags);
  if (cursor.rest().empty()) {
    throw DockerfileError(cursor.here(), cursor.name() + " requires at least one argument");
  }
  rule.parse(cursor);
  return result;
}

Instruction parse_instruction(std::string_view text) {
  const LogicalLines lines = split_lines(text);
  if (lines.lines.size() == 1) return parse_instruction(lines.lines.front(), lines.escape);
  const Position at = lines.lines.empty() ? Position{} : lines.lines[1].position_of(0);
  throw DockerfileError(
      at, "one instruction is expected here, not " + std::to_string(lines.lines.size()));
}

}  // namespace slipway
