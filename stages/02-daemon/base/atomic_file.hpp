#pragma once
/// \file
/// The one way in which Slipway writes metadata: a reader sees the old file or the new one, whole, also after
/// `kill -9` or a power cut.

#include <sys/types.h>

#include <optional>
#include <string>
#include <string_view>

namespace slipway {

/// How much a write promises.
enum class Durability {
  durable,  ///< on disk when the call returns: write, fsync, rename, fsync of the folder
  volatile_  ///< whole after kill -9, not after a power cut: for /run, and for what a reboot voids anyway
};

/// Replaces the file at `path` by `content`, atomically. The temporary file stands beside it and is gone after a
/// failure. \throws SysError
void write_file_atomically(const std::string& path, std::string_view content,
                           Durability durability = Durability::durable, mode_t mode = 0600);

/// fsync of a folder: makes creations, renames and removals in it durable. \throws SysError
void sync_folder(const std::string& path);

/// The whole file; nothing if there is none. \throws SysError; std::runtime_error over `limit` bytes
std::optional<std::string> read_file(const std::string& path,
                                     std::size_t limit = 64UL * 1024 * 1024);

/// Makes a folder and its parents with `mode`; no error if it is there. \throws SysError
void make_folders(const std::string& path, mode_t mode = 0700);

/// Removes a tree of our own (never a path from a container): walks by descriptor, follows no link, crosses no mount.
/// Nothing there is no error. \throws SysError
void remove_tree(const std::string& path);
/// The same for `name` in an open folder. A tree of any depth. \throws SysError
void remove_tree_at(int folder, const std::string& name);

}  // namespace slipway
