#include "tree_size.hpp"

#include <fts.h>
#include <sys/stat.h>

#include <array>
#include <memory>
#include <set>
#include <utility>

namespace slipway {

std::int64_t tree_size(const std::string& folder) {
  std::string path = folder;
  std::array<char*, 2> roots = {path.data(), nullptr};
  // FTS_XDEV: a container's mounts are not what it has written.
  const std::unique_ptr<FTS, decltype(&::fts_close)> walk(
      ::fts_open(roots.data(), FTS_PHYSICAL | FTS_NOCHDIR | FTS_XDEV, nullptr), ::fts_close);
  std::set<std::pair<dev_t, ino_t>> seen;
  std::int64_t total = 0;
  while (walk) {
    const FTSENT* entry = ::fts_read(walk.get());
    if (!entry) break;
    if (entry->fts_info != FTS_F && entry->fts_info != FTS_SL) continue;
    const struct stat& info = *entry->fts_statp;
    if (info.st_nlink > 1 && !seen.emplace(info.st_dev, info.st_ino).second) continue;
    total += info.st_size;
  }
  return total;
}

}  // namespace slipway
