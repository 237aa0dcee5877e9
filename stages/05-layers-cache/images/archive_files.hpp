#pragma once
/// \file
/// The members of an unpacked image archive, as the readers of the two formats see them.

#include <string>

#include <nlohmann/json_fwd.hpp>

#include "05-layers-cache/unpack/unpack_report.hpp"

namespace slipway {

/// Looks members up by their names in the archive. Names are keys: no file is opened by a name of a stranger's.
class ArchiveFiles {
 public:
  /// \param folder  where the members are
  ArchiveFiles(std::string folder, std::map<std::string, ArchiveMember> members)
      : folder_(std::move(folder)), members_(std::move(members)) {}

  [[nodiscard]] bool has(const std::string& name) const { return members_.contains(name); }
  /// A file, found through links. \throws Refused if there is none
  [[nodiscard]] const ArchiveMember& file(const std::string& name) const;
  /// The blob of an OCI layout, whose name, digest and size must fit. \throws Refused "bad digest: …"
  [[nodiscard]] const ArchiveMember& blob(const Digest& digest, std::uint64_t size) const;
  /// A small file's content. \throws Refused if it is larger than 4 MiB
  [[nodiscard]] std::string text(const ArchiveMember& member, const std::string& name) const;
  [[nodiscard]] std::string path(const ArchiveMember& member) const;

 private:
  std::string folder_;
  std::map<std::string, ArchiveMember> members_;
};

}  // namespace slipway
