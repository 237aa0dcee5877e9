#pragma once
/// \file
/// Writes a layer's entries into a folder. libarchive has a writer of its own; with it either hostile entries get out
/// of the folder, or honest links like `lib -> usr/lib` are replaced by folders. This one opens every path with
/// openat2(RESOLVE_IN_ROOT) and then works on descriptors, so links lead where they lead in the image, and nowhere else.
///
/// The folder becomes a lower layer of overlayfs, so removals are written in overlayfs' terms (kernel:
/// Documentation/filesystems/overlayfs.rst, "whiteouts and opaque directories"): a character device 0:0 in place of
/// what is gone, `trusted.overlay.opaque` on a folder that hides what is below it.

#include <time.h>

#include <string>
#include <utility>
#include <vector>

#include "03-namespaces/base/root_dir.hpp"
#include "05-layers-cache/base/entry_name.hpp"
#include "tar_reader.hpp"

namespace slipway {

/// Fills one folder from one archive. Not thread-safe. Expects umask 0.
class Extractor {
 public:
  /// \param root  the folder, empty, that nobody else can reach
  explicit Extractor(RootDir root) : root_(std::move(root)) {}

  /// Writes one entry. Where names repeat, the last counts, as with tar(1).
  /// \throws Refused that names the entry and the rule; SysError for what is not the entry's fault (a full disk)
  void add(const TarEntry& entry, TarReader& content);
  /// Sets what had to wait until nothing is written any more: the folders' times.
  void finish();

 private:
  void place(const TarEntry& entry, const EntryName& name, TarReader& content);
  void add_plain(const TarEntry& entry, const EntryName& name, TarReader& content);
  void add_file(int parent, const std::string& base, const TarEntry& entry, TarReader& content);
  void add_folder(int parent, const EntryName& name, const TarEntry& entry);
  void add_symbolic_link(int parent, const EntryName& name, const TarEntry& entry);
  void add_hard_link(int parent, const std::string& base, const TarEntry& entry);
  void add_fifo(int parent, const std::string& base, const TarEntry& entry);
  void hide(int parent, const std::string& base);
  int folder(const std::string& path);
  void remove(int parent, const std::string& base);
  template <class Make>
  auto make(int parent, const std::string& base, Make make_it);

  RootDir root_;
  std::string cached_path_;  ///< most entries stand in the same folder as the one before
  UniqueFd cached_;
  std::vector<std::pair<std::string, timespec>> folder_times_;
};

}  // namespace slipway
