#pragma once
/// \file
/// A limit is a line in a file. These two functions say which line in which file; everything else in this stage only
/// carries them there.

#include <string>
#include <string_view>
#include <vector>

#include "resources.hpp"

namespace slipway {

/// One value for one file of a cgroup.
struct Setting {
  std::string controller;  ///< whose file it is: "memory"
  std::string file;        ///< "memory.max"
  std::string value;       ///< "33554432"

  friend bool operator==(const Setting&, const Setting&) = default;
};

/// In the order in which the kernel takes them. Devices are no setting in version 2: see device_program.hpp.
/// Kernel: Documentation/admin-guide/cgroup-v2.rst
std::vector<Setting> version2_settings(const Resources& resources);
/// Kernel: Documentation/admin-guide/cgroup-v1/
std::vector<Setting> version1_settings(const Resources& resources);

/// Version 2's cpu.weight (1 to 10000) for version 1's cpu.shares (2 to 262144), as the OCI runtimes agree on it.
std::uint64_t cpu_weight(std::uint64_t shares);

/// Writes one value. \throws SysError
void write_setting(const std::string& path, std::string_view value);
/// The file's text without the line end; empty if it cannot be read.
std::string read_setting(const std::string& path);

/// Writes settings one by one; what was written can be taken back as long as this lives.
class SettingsWriter {
 public:
  /// \param keep  remember what stood there, for `undo`
  explicit SettingsWriter(bool keep) : keep_(keep) {}
  /// \throws SysError
  void write(const std::string& path, const std::string& value);
  /// The old values again, the last first.
  void undo() noexcept;

 private:
  struct Written {
    std::string path, before;
  };
  bool keep_;
  std::vector<Written> written_;
};

}  // namespace slipway
