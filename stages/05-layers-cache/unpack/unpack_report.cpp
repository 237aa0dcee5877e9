#include "unpack_report.hpp"

#include <nlohmann/json.hpp>
#include <stdexcept>

#include "01-cli-socket/http_message.hpp"
#include "05-layers-cache/base/refused.hpp"
#include "05-layers-cache/base/write_at.hpp"

namespace slipway {
namespace {

using nlohmann::json;

[[noreturn]] void throw_error(const json& line) {
  const std::string message = line.at("Error").get<std::string>();
  if (line.value("Refused", false)) throw Refused(message);
  throw std::runtime_error("slipway-unpack: " + message);
}

ArchiveMember member_of(const json& line) {
  ArchiveMember member{.file = line.value("File", ""),
                       .size = line.value("Size", std::uint64_t{0}),
                       .digest = Digest::parse(line.value("Digest", "")),
                       .link = line.value("Link", "")};
  if (!member.digest && member.link.empty()) throw std::runtime_error("slipway-unpack: bad report");
  return member;
}

/// Takes one line in. True at the last one.
bool take_line(const json& line, UnpackReport& report) {
  if (line.contains("Error")) throw_error(line);
  if (!line.contains("Filter")) {
    report.members.insert_or_assign(line.at("Name").get<std::string>(), member_of(line));
    return false;
  }
  report.filter = line.at("Filter").get<std::string>();
  report.diff_id = Digest::parse(line.value("DiffId", ""));
  report.bytes = line.at("Bytes").get<std::uint64_t>();
  report.entries = line.at("Entries").get<std::uint64_t>();
  return true;
}

}  // namespace

void ReportWriter::add(const json& line) {
  const std::string text = dump_json(line) + "\n";
  write_at(fd_, text, offset_, "report");
  offset_ += text.size();
}

UnpackReport read_report(const std::string& text) {
  UnpackReport report;
  for (std::size_t start = 0; start < text.size();) {
    const std::size_t end = std::min(text.find('\n', start), text.size());
    if (take_line(json::parse(text.substr(start, end - start)), report)) return report;
    start = end + 1;
  }
  throw std::runtime_error("slipway-unpack: ended without a report");
}

}  // namespace slipway
