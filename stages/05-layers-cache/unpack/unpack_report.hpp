#pragma once
/// \file
/// What `slipway-unpack` tells the engine: a file of JSON lines. The engine reads it when the program has ended, so that
/// neither ever waits for the other.
///
///     archive   {"Name":"manifest.json","Digest":"sha256:…","File":"0","Size":2710}    a file, written as FILE
///               {"Name":"a/layer.tar","Link":"b/layer.tar"}                            another name for one
///               {"Filter":"gzip","Bytes":…,"Entries":…}                                the end: all went well
///     layer     {"Filter":"gzip","DiffId":"sha256:…","Bytes":…,"Entries":…}
///     both      {"Error":"entry \"../x\": the name contains \"..\"","Refused":true}    the end: it did not

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include <nlohmann/json_fwd.hpp>

#include "05-layers-cache/base/digest.hpp"

namespace slipway {

/// One member of an outer archive. Names are only ever keys, never paths.
struct ArchiveMember {
  std::string file;        ///< its name in the folder that the program filled; empty for a link
  std::uint64_t size = 0;  ///< bytes
  std::optional<Digest> digest;  ///< of its content; always there for a file
  std::string link;  ///< for a link: the member it stands for, from the archive's root on
};

/// The outcome of one run.
struct UnpackReport {
  std::map<std::string, ArchiveMember> members;  ///< mode "archive" only
  std::string filter;             ///< how the stream was compressed; "none" for not at all
  std::optional<Digest> diff_id;  ///< of the uncompressed tar, if it was compressed
  std::uint64_t bytes = 0;        ///< content of all entries
  std::uint64_t entries = 0;
};

/// Writes lines into the report's descriptor. Not thread-safe.
class ReportWriter {
 public:
  /// \param fd  stays the caller's
  explicit ReportWriter(int fd) : fd_(fd) {}
  /// \throws SysError
  void add(const nlohmann::json& line);

 private:
  int fd_;
  std::uint64_t offset_ = 0;
};

/// Reads a whole report.
/// \throws Refused with the program's own words if it refused; std::runtime_error if it failed or broke off
UnpackReport read_report(const std::string& text);

}  // namespace slipway
