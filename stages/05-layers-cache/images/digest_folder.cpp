#include "digest_folder.hpp"

#include <dirent.h>

#include <memory>

#include "01-cli-socket/sys_error.hpp"

namespace slipway {

std::vector<Digest> digests_in(const std::string& folder) {
  const auto close = [](DIR* open) { ::closedir(open); };
  const std::unique_ptr<DIR, decltype(close)> entries(::opendir(folder.c_str()), close);
  if (!entries) throw SysError(errno, "opendir", folder);
  std::vector<Digest> digests;
  while (const dirent* entry = ::readdir(entries.get())) {
    if (auto digest = Digest::from_hex(entry->d_name)) digests.push_back(std::move(*digest));
  }
  return digests;
}

}  // namespace slipway
