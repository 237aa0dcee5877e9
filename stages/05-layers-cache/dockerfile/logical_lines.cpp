#include "logical_lines.hpp"

#include <algorithm>
#include <cctype>
#include <optional>

#include "words.hpp"

namespace slipway {
namespace {

constexpr std::string_view kBlank = " \t\v\f\r";

std::string_view without_leading_blanks(std::string_view line) {
  line.remove_prefix(std::min(line.find_first_not_of(kBlank), line.size()));
  return line;
}

std::string_view trimmed(std::string_view text) {
  text = without_leading_blanks(text);
  return text.substr(0, text.find_last_not_of(kBlank) + 1);
}

/// The file's lines one by one, without their ends.
class Reader {
 public:
  explicit Reader(std::string_view file) : rest_(file) {
    if (rest_.starts_with("\xEF\xBB\xBF")) rest_.remove_prefix(3);
  }
  std::optional<std::string_view> next() {
    if (rest_.empty()) return std::nullopt;
    const std::size_t end = rest_.find('\n');
    std::string_view line = rest_.substr(0, end);
    rest_.remove_prefix(end == std::string_view::npos ? rest_.size() : end + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    ++number_;
    return line;
  }
  /// Of the line that next() gave last.
  [[nodiscard]] unsigned number() const { return number_; }

 private:
  std::string_view rest_;
  unsigned number_ = 0;
};

/// "# name = value"; nothing if the line is no directive.
std::optional<std::pair<std::string, std::string>> directive_of(std::string_view line) {
  if (!line.starts_with('#')) return std::nullopt;
  const std::size_t equals = line.find('=');
  if (equals == std::string_view::npos) return std::nullopt;
  const std::string_view value = trimmed(line.substr(equals + 1));
  std::string name = lower(trimmed(line.substr(1, equals - 1)));
  const bool plain =
      std::all_of(name.begin(), name.end(), [](unsigned char c) { return std::isalnum(c) != 0; });
  if (name.empty() || value.empty() || !plain) return std::nullopt;
  return std::pair(std::move(name), std::string(value));
}

void take_directive(LogicalLines& into, const std::string& name, const std::string& value,
                    Position at) {
  if (name != "escape" && name != "syntax" && name != "check") return;
  if (!into.directives.emplace(name, value).second) {
    throw DockerfileError(at, "only one " + name + " parser directive can be used");
  }
  if (name != "escape") return;
  if (value != "\\" && value != "`") {
    throw DockerfileError(at, "invalid ESCAPE '" + value + "' does not match ` or \\");
  }
  into.escape = value.front();
}

/// Cuts the escape character off a line that goes on; false if the line ends here. A doubled one does not count.
bool cut_continuation(std::string_view& line, char escape) {
  const std::size_t last = line.find_last_not_of(" \t");
  if (last == std::string_view::npos || line[last] != escape) return false;
  if (last > 0 && line[last - 1] == escape) return false;
  line = line.substr(0, last);
  return true;
}

bool is_comment(std::string_view line) { return without_leading_blanks(line).starts_with('#'); }

Position position_in(std::string_view line, std::string_view part, unsigned number) {
  return {number, static_cast<unsigned>(part.data() - line.data()) + 1};
}

/// Joins the lines that belong to the one that begins with `first`.
LogicalLine join(Reader& reader, std::string_view first, char escape) {
  LogicalLine joined;
  std::string_view part = without_leading_blanks(first);
  const Position begin = position_in(first, part, reader.number());
  bool goes_on = cut_continuation(part, escape);
  joined.append(part, begin);
  while (goes_on) {
    const auto line = reader.next();
    if (!line) break;
    if (is_comment(*line) || trimmed(*line).empty()) continue;
    part = *line;
    goes_on = cut_continuation(part, escape);
    joined.append(part, {reader.number(), 1});
  }
  return joined;
}

/// "<<EOF", "<<-'EOF'", "3<<EOF"; nothing for any other word.
std::optional<Heredoc> heredoc_of(std::string_view word) {
  word.remove_prefix(std::min(word.find_first_not_of("0123456789"), word.size()));
  if (!word.starts_with("<<")) return std::nullopt;
  word.remove_prefix(2);
  Heredoc found;
  found.strip = word.starts_with('-');
  if (found.strip) word.remove_prefix(1);
  if (word.find('<') != std::string_view::npos) return std::nullopt;
  for (const char c : word) {
    if (c == '"' || c == '\'') {
      found.expand = false;
    } else {
      found.name += c;
    }
  }
  return found.name.empty() ? std::nullopt : std::optional(found);
}

void read_heredoc(Reader& reader, Heredoc& heredoc, Position at) {
  while (auto line = reader.next()) {
    if (heredoc.strip) line->remove_prefix(std::min(line->find_first_not_of('\t'), line->size()));
    if (*line == heredoc.name) return;
    heredoc.content.append(*line).append("\n");
  }
  throw DockerfileError(at, "unterminated heredoc: no line is " + heredoc.name);
}

/// Only these read heredocs; elsewhere "<<" is a text like any other.
bool may_have_heredocs(const std::vector<Word>& words) {
  std::size_t at = 0;
  if (words.size() > 1 && lower(words[0].text) == "onbuild") at = 1;
  const std::string name = words.empty() ? "" : lower(words[at].text);
  return name == "run" || name == "copy" || name == "add";
}

void read_heredocs(Reader& reader, LogicalLine& line, char escape) {
  if (line.text().find("<<") == std::string::npos) return;
  const std::vector<Word> words = split_words(line.text(), escape);
  if (!may_have_heredocs(words)) return;
  for (const Word& word : words) {
    auto found = heredoc_of(word.text);
    if (!found) continue;
    read_heredoc(reader, *found, line.position_of(word.offset));
    line.heredocs.push_back(std::move(*found));
  }
}

}  // namespace

void LogicalLine::append(std::string_view part, Position at) {
  parts_.push_back({text_.size(), at});
  text_.append(part);
}

Position LogicalLine::position_of(std::size_t offset) const {
  Position found;
  for (const Part& part : parts_) {
    if (part.offset > offset) break;
    found = {part.at.line, part.at.column + static_cast<unsigned>(offset - part.offset)};
  }
  return found;
}

LogicalLines split_lines(std::string_view file) {
  LogicalLines result;
  Reader reader(file);
  bool at_top = true;
  while (const auto line = reader.next()) {
    const auto directive = at_top ? directive_of(*line) : std::nullopt;
    at_top = directive.has_value();
    if (directive)
      take_directive(result, directive->first, directive->second, {reader.number(), 1});
    if (is_comment(*line) || trimmed(*line).empty()) continue;
    LogicalLine joined = join(reader, *line, result.escape);
    read_heredocs(reader, joined, result.escape);
    if (!trimmed(joined.text()).empty()) result.lines.push_back(std::move(joined));
  }
  return result;
}

}  // namespace slipway
