#include "cid_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <stdexcept>

#include "01-cli-socket/sys_error.hpp"

namespace slipway {

CidFile::CidFile(std::string path) : path_(std::move(path)) {
  if (path_.empty()) return;
  file_.reset(::open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644));
  if (file_) return;
  if (errno != EEXIST) throw SysError(errno, "open", path_);
  throw std::runtime_error(
      "container ID file found, make sure the other container isn't running or delete " + path_);
}

CidFile::~CidFile() {
  if (file_ && !written_) ::unlink(path_.c_str());
}

void CidFile::write(const std::string& id) {
  if (!file_) return;
  check(::write(file_.get(), id.data(), id.size()), "write", path_);
  written_ = true;
}

}  // namespace slipway
