#include "archive_files.hpp"

#include "02-daemon/base/atomic_file.hpp"
#include "05-layers-cache/base/refused.hpp"
#include "image_documents.hpp"

namespace slipway {
namespace {

constexpr int kMaxLinks = 8;

}  // namespace

const ArchiveMember& ArchiveFiles::file(const std::string& name) const {
  std::string at = name;
  for (int links = 0; links < kMaxLinks; ++links) {
    const auto found = members_.find(at);
    if (found == members_.end()) throw Refused("the archive has no file \"" + at + "\"");
    if (found->second.link.empty()) return found->second;
    at = found->second.link;
  }
  throw Refused("\"" + name + "\" is a link to a link to a link …");
}

const ArchiveMember& ArchiveFiles::blob(const Digest& digest, std::uint64_t size) const {
  const std::string name = "blobs/sha256/" + digest.hex();
  const ArchiveMember& member = file(name);
  if (member.digest != digest) {
    throw Refused("bad digest: the content of " + name + " has the digest " +
                  member.digest->text());
  }
  if (member.size != size) {
    throw Refused(name + " has " + std::to_string(member.size) + " bytes, but is listed with " +
                  std::to_string(size));
  }
  return member;
}

std::string ArchiveFiles::text(const ArchiveMember& member, const std::string& name) const {
  if (member.size > kMaxDocument) throw Refused(name + " is larger than 4 MiB");
  return read_file(path(member), kMaxDocument).value();
}

std::string ArchiveFiles::path(const ArchiveMember& member) const {
  return folder_ + "/" + member.file;
}

}  // namespace slipway
