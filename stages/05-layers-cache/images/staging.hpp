#pragma once
/// \file
/// Where things stand while they are not true yet. Whatever an image brings is first made complete in a folder here,
/// then synced, then renamed to its place: the store never holds half of anything. Emptied when the engine starts.

#include <string>

namespace slipway {

/// A new folder in the staging area, removed with all it holds at the end of the scope. Not thread-safe.
class StagingFolder {
 public:
  /// \param staging  DATA_ROOT/staging  \throws SysError
  explicit StagingFolder(const std::string& staging);
  ~StagingFolder();
  StagingFolder(const StagingFolder&) = delete;
  StagingFolder& operator=(const StagingFolder&) = delete;

  [[nodiscard]] const std::string& path() const noexcept { return path_; }
  /// Makes a folder in it. \returns its path \throws SysError
  [[nodiscard]] std::string make_folder(const std::string& name, unsigned mode) const;
  /// Puts everything on disk, file contents too. syncfs(2): one call for a layer's ten thousand files. \throws SysError
  void sync() const;
  /// Bytes that may still be written, less a reserve that keeps the machine usable. \throws SysError
  [[nodiscard]] unsigned long long room() const;

 private:
  std::string path_;
};

}  // namespace slipway
