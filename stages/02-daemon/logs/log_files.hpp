#pragma once
/// \file
/// The files that a container's log consists of: `ID-json.log`, which is written to, and the full ones before it,
/// `ID-json.log.1` (the latest), `.2`, … Docker's names.
///
/// The writer is the shim, readers are engines: no lock is between them. What holds instead:
///   - a file is never written to once it has been renamed, and its name only ever counts up;
///   - so a reader that keeps its file open can, at its end, find by inode where it now stands, and what comes next.

#include <cstdint>
#include <deque>
#include <string>

#include "01-cli-socket/unique_fd.hpp"

namespace slipway {

/// Where a log goes and how much of it is kept.
struct LogTarget {
  std::string path{};          ///< of the file that is written to; empty: no log is kept
  std::int64_t max_size = -1;  ///< bytes at which a file is full; -1: see `is_disk_scarce`
  int max_files = 1;           ///< how many files are kept, the one that is written to among them
  std::string attributes{};    ///< a JSON object that each entry carries as "attrs"; or empty
};

/// A log without a limit of its own grows for as long as the disk has room. When it has not (less than a twentieth is
/// free, and less than 2 GiB), such a log is cut down to two files of this size, before it takes the disk away from all.
inline constexpr std::int64_t kScarceLogSize = 20'000'000;
bool is_disk_scarce(int file);

/// The name of a file: `number` 0 is the one that is written to.
std::string log_file_name(const std::string& path, int number);

/// Opens the file that is written to; makes it if there is none. \throws SysError
UniqueFd open_log_file(const std::string& path);
/// Counts all names up by one, lets go of the oldest beyond `max_files`, and begins a new file. If it fails nothing has
/// changed. \throws SysError
UniqueFd rotate_log(const std::string& path, int max_files);
/// Makes the full files and their names safe from a power cut. \param count  how many, the latest first
void sync_rotated_logs(const std::string& path, int count);

/// All files of a log for reading, the oldest first; nothing if there are none. \throws SysError
std::deque<UniqueFd> open_log_files(const std::string& path);
/// Those that are newer than `current`, an open file of the log. \throws SysError
std::deque<UniqueFd> open_newer_log_files(const std::string& path, int current);

}  // namespace slipway
