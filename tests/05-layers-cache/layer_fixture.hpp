#pragma once
/// \file
/// What the tests of layers share: a folder to unpack into, with a canary beside it.

#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

#include <array>
#include <filesystem>
#include <map>
#include <string>

#include "05-layers-cache/base/refused.hpp"
#include "05-layers-cache/unpack/unpacker.hpp"
#include "harness/harness.hpp"
#include "tar_writer.hpp"

namespace slipway::test {

/// Pipes bytes through a compressor: compress("gzip", tar).
inline std::string compress(const std::string& program, const std::string& bytes) {
  return run_command({program, "-c"}, {.input = bytes}).out;
}

/// A layer's blob, the folder that it is unpacked into, and a canary: a folder of the host's next
/// to it, in which nothing may ever change.
class LayerFixture {
 public:
  LayerFixture() {
    std::filesystem::create_directory(root);
    std::filesystem::create_directories(canary / "folder");
    write_text(canary / "file", "canary");
    ::chmod((canary / "file").c_str(), 0640);
    before_ = state_of_canary();
  }

  /// Unpacks with the real program. \throws Refused
  UnpackReport unpack(const std::string& blob, const UnpackBudget& budget = {}) {
    write_text(folder.path() / "blob", blob);
    return Unpacker(program("slipway-unpack", "05")).layer(folder.path() / "blob", root, budget);
  }

  /// Everything that can be seen of the canary: names, modes, owners, link counts, times, contents,
  /// attributes.
  [[nodiscard]] bool canary_is_untouched() const { return state_of_canary() == before_; }

  [[nodiscard]] std::string text(const std::string& name) const { return read_text(root / name); }
  [[nodiscard]] struct stat status(const std::string& name) const {
    struct stat info {};
    if (::lstat((root / name).c_str(), &info) != 0) info.st_mode = 0;
    return info;
  }
  [[nodiscard]] bool exists(const std::string& name) const { return status(name).st_mode != 0; }
  [[nodiscard]] bool is_whiteout(const std::string& name) const {
    const struct stat info = status(name);
    return S_ISCHR(info.st_mode) && info.st_rdev == makedev(0, 0);
  }
  [[nodiscard]] std::string xattr(const std::string& name, const char* attribute) const {
    std::array<char, 256> value{};
    const ssize_t size = ::lgetxattr((root / name).c_str(), attribute, value.data(), value.size());
    return size < 0 ? "" : std::string(value.data(), static_cast<std::size_t>(size));
  }
  [[nodiscard]] bool is_opaque(const std::string& name) const {
    return xattr(name, "trusted.overlay.opaque") == "y";
  }

  TempFolder folder;
  std::filesystem::path root = folder.path() / "root";
  std::filesystem::path canary = folder.path() / "canary";

 private:
  [[nodiscard]] std::map<std::string, std::string> state_of_canary() const {
    std::map<std::string, std::string> state;
    const auto add = [&](const std::filesystem::path& path) {
      struct stat info {};
      ::lstat(path.c_str(), &info);
      std::string& text = state[path];
      for (const auto number :
           {std::uint64_t{info.st_mode}, std::uint64_t{info.st_uid}, std::uint64_t{info.st_nlink},
            static_cast<std::uint64_t>(info.st_mtim.tv_sec),
            static_cast<std::uint64_t>(info.st_mtim.tv_nsec)}) {
        text += std::to_string(number) + " ";
      }
      if (S_ISREG(info.st_mode)) text += read_text(path);
      std::array<char, 256> names{};
      text += std::to_string(::llistxattr(path.c_str(), names.data(), names.size()));
    };
    add(canary);
    for (const auto& entry : std::filesystem::recursive_directory_iterator(canary))
      add(entry.path());
    return state;
  }

  std::map<std::string, std::string> before_;
};

}  // namespace slipway::test
