#pragma once
/// \file
/// `--cidfile FILE`: where `run` and `create` write the container's id, for scripts.

#include <string>

#include "01-cli-socket/unique_fd.hpp"

namespace slipway {

/// The file is made before the container, so that a container whose id cannot be written is never made; if it comes to
/// no container, the file goes away again. Not thread-safe.
class CidFile {
 public:
  /// \param path  empty: no file, nothing happens
  /// \throws std::runtime_error if there is such a file already: it names another container. SysError
  explicit CidFile(std::string path);
  ~CidFile();
  CidFile(const CidFile&) = delete;
  CidFile& operator=(const CidFile&) = delete;

  /// \throws SysError
  void write(const std::string& id);

 private:
  std::string path_;
  UniqueFd file_;
  bool written_ = false;
};

}  // namespace slipway
