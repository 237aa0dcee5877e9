#include "unpack_program.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "01-cli-socket/sys_error.hpp"
#include "05-layers-cache/base/entry_name.hpp"
#include "05-layers-cache/base/refused.hpp"
#include "05-layers-cache/base/write_at.hpp"
#include "extractor.hpp"
#include "jail.hpp"
#include "tar_reader.hpp"
#include "unpack_report.hpp"

namespace slipway {
namespace {

using nlohmann::json;

constexpr std::uint64_t kMaxMembers = 65'536;  // an image archive has two or three per layer

/// The last line of a report that went well.
json summary(TarReader& reader) {
  reader.drain();
  json line{{"Filter", reader.filter()},
            {"Bytes", reader.content_bytes()},
            {"Entries", reader.entries()}};
  if (const auto digest = reader.digest()) line["DiffId"] = digest->text();
  return line;
}

/// The member that a link in the archive stands for, from the archive's root on. Docker 20.10 writes
/// "b/layer.tar -> ../a/layer.tar" when two images share a layer.
std::string link_target(const TarEntry& entry, const EntryName& name) {
  if (entry.type == EntryType::hard_link) return clean_entry_name(entry.link);
  check_link_target(name.parent, entry.link);
  std::vector<std::string> parts;
  const std::string base = entry.link.starts_with('/') ? "" : name.parent;
  const std::string path = base + "/" + entry.link;
  for (std::size_t start = 0; start < path.size();) {
    const std::size_t end = std::min(path.find('/', start), path.size());
    const std::string part = path.substr(start, end - start);
    if (part == "..") parts.pop_back();
    if (!part.empty() && part != "." && part != "..") parts.push_back(part);
    start = end + 1;
  }
  std::string target;
  for (const std::string& part : parts) target += target.empty() ? part : "/" + part;
  return target;
}

/// Stores one member's content and returns its line.
json store_member(int folder, TarReader& reader, std::uint64_t number) {
  const std::string file = std::to_string(number);
  const int flags = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC;
  const UniqueFd fd(check(::openat(folder, file.c_str(), flags, 0600), "openat", file));
  Sha256 hash;
  while (const auto part = reader.read()) {
    if (part->offset != hash.bytes())
      throw Refused("a sparse file has no place in an image archive");
    hash.update(part->bytes);
    write_at(fd.get(), part->bytes, part->offset, file);
  }
  return {{"File", file}, {"Size", hash.bytes()}, {"Digest", hash.finish().text()}};
}

void add_member(const TarEntry& entry, int folder, TarReader& reader, ReportWriter& report) {
  const EntryName name = parse_entry_name(entry.name);
  json line;
  switch (entry.type) {
    case EntryType::folder:
      return;
    case EntryType::file:
      line = store_member(folder, reader, reader.entries());
      break;
    case EntryType::symbolic_link:
    case EntryType::hard_link:
      line = {{"Link", link_target(entry, name)}};
      break;
    default:
      throw Refused("an image archive may hold files, folders and links only");
  }
  line["Name"] = clean_entry_name(entry.name);
  report.add(line);
}

void unpack_archive(UniqueFd root, const UnpackBudget& budget, ReportWriter& report) {
  const UniqueFd folder(
      check(::openat(root.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), "openat", "/"));
  TarReader reader(STDIN_FILENO, budget, TarReader::Hash::none);
  while (const auto entry = reader.next()) {
    try {
      add_member(*entry, folder.get(), reader, report);
    } catch (const Refused& reason) {
      throw Refused("entry \"" + entry->name + "\": " + reason.what());
    }
  }
  report.add(summary(reader));
}

void unpack_layer(UniqueFd root, const UnpackBudget& budget, ReportWriter& report) {
  TarReader reader(STDIN_FILENO, budget, TarReader::Hash::if_compressed);
  Extractor extractor{RootDir(std::move(root))};
  while (const auto entry = reader.next()) extractor.add(*entry, reader);
  extractor.finish();
  report.add(summary(reader));
}

void unpack(const std::vector<std::string>& arguments, ReportWriter& report) {
  if (arguments.empty()) throw std::runtime_error("usage: slipway-unpack archive|layer [LIMIT=N]…");
  const bool layer = arguments.front() == "layer";
  if (!layer && arguments.front() != "archive") {
    throw std::runtime_error("unknown mode \"" + arguments.front() + "\"");
  }
  UnpackBudget budget = UnpackBudget::from_arguments({arguments.begin() + 1, arguments.end()});
  if (!layer) budget.entries = std::min(budget.entries, kMaxMembers);
  ::umask(0);
  // Whatever else was handed down: in here nobody needs it.
  check(::close_range(kUnpackReportFd + 1, ~0U, 0), "close_range");
  const JailWork work = layer ? JailWork::write_any_files : JailWork::write_own_files;
  UniqueFd root = enter_jail(UniqueFd(kUnpackFolderFd), work, budget.ceiling);
  (layer ? unpack_layer : unpack_archive)(std::move(root), budget, report);
}

}  // namespace

int run_unpack(int argc, char** argv) {
  ReportWriter report(kUnpackReportFd);
  try {
    unpack({argv + 1, argv + argc}, report);
    return 0;
  } catch (const Refused& reason) {
    report.add({{"Error", reason.what()}, {"Refused", true}});
    return 1;
  } catch (const std::exception& error) {
    report.add({{"Error", error.what()}, {"Refused", false}});
    return 2;
  }
}

}  // namespace slipway
