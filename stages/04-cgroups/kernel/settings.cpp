#include "settings.hpp"

#include <fcntl.h>
#include <unistd.h>

#include "01-cli-socket/log_line.hpp"
#include "01-cli-socket/sys_error.hpp"
#include "01-cli-socket/unique_fd.hpp"
#include "02-daemon/base/atomic_file.hpp"

namespace slipway {

void write_setting(const std::string& path, std::string_view value) {
  const UniqueFd file(check(::open(path.c_str(), O_WRONLY | O_TRUNC | O_CLOEXEC), "open", path));
  const ssize_t written =
      retry_on_signal([&] { return ::write(file.get(), value.data(), value.size()); });
  if (written < 0) throw SysError(errno, "write \"" + std::string(value) + "\"", path);
}

std::string read_setting(const std::string& path) {
  try {
    std::string text = read_file(path).value_or("");
    while (text.ends_with('\n')) text.pop_back();
    return text;
  } catch (const SysError&) {
    return {};
  }
}

void SettingsWriter::write(const std::string& path, const std::string& value) {
  const std::string before = keep_ ? read_setting(path) : std::string();
  write_setting(path, value);
  if (!before.empty()) written_.push_back({path, before});
}

void SettingsWriter::undo() noexcept {
  for (auto entry = written_.rbegin(); entry != written_.rend(); ++entry) {
    try {
      write_setting(entry->path, entry->before);
    } catch (const std::exception& error) {
      log_line(LogLevel::error, std::string("taking a limit back: ") + error.what());
    }
  }
  written_.clear();
}

}  // namespace slipway
