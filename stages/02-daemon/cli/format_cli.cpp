#include "format_cli.hpp"

#include <nlohmann/json.hpp>
#include <ostream>

#include "01-cli-socket/go_template.hpp"
#include "01-cli-socket/http_message.hpp"
#include "text_table.hpp"

namespace slipway {

using nlohmann::json;

namespace {

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

/// A table's title of `{{.Label "team"}}` is the label's name.
json with_label_titles(json titles, const std::string& format) {
  json& labels = titles["Label"] = json::object();
  constexpr std::string_view kStart = ".Label \"";
  for (std::size_t at = format.find(kStart); at != std::string::npos;
       at = format.find(kStart, at + 1)) {
    const std::size_t begin = at + kStart.size();
    const std::string name = format.substr(begin, format.find('"', begin) - begin);
    labels[name] = name;
  }
  return titles;
}

/// Without what only templates can ask for.
json plain(json row) {
  row.erase("Label");
  return row;
}

}  // namespace

void print_rows(std::ostream& out, const std::string& format, const json& titles,
                const std::vector<json>& rows) {
  constexpr std::string_view kTable = "table ";
  if (format.starts_with(kTable)) {
    const std::string line = format.substr(kTable.size());
    std::vector<std::vector<std::string>> cells{
        cells_of(fill_template(line, with_label_titles(titles, line)))};
    for (const json& row : rows) cells.push_back(cells_of(fill_template(line, row)));
    out << text_table(cells);
    return;
  }
  const std::string line = format == "json" ? "{{json .}}" : format;
  const bool whole = line.find("json .}}") != std::string::npos;
  for (const json& row : rows) out << fill_template(line, whole ? plain(row) : row) << '\n';
}

}  // namespace slipway
