#pragma once
/// \file
/// Who runs in the container: Docker's `--user` text and the container's own /etc/passwd and
/// /etc/group.
///
/// Both files come from the image, so they are read with suspicion: a regular file or nothing (a
/// FIFO would hang us), at most 1 MiB of it (CVE-2024-9676, CVE-2026-47262), a line that is not
/// well-formed is no line. And by our own code: libc would read the host's files, or load plugins
/// of the container's (CVE-2019-14271).

#include <sys/types.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "root_dir.hpp"

namespace slipway {

/// The text's two halves.
struct UserText {
  std::string user;   ///< name or number; empty: root
  std::string group;  ///< name or number; empty: the user's own
};

/// What the kernel and the process want to know.
struct UserIds {
  uid_t uid = 0;
  gid_t gid = 0;
  std::vector<gid_t>
      groups;  ///< all groups: the primary one first (CVE-2022-36109: it was missing)
  std::string home = "/";
};

/// "", "name", "1000", "name:group", "1000:1000".
/// \throws CommandError for what can be no user: "1:", ":1", "1:2:3", " 0", "-1", numbers over
/// 2^31-1 (CVE-2024-40635)
UserText parse_user_text(std::string_view text);

/// A whole decimal number from 0 to 2^31-1, or nothing. \throws CommandError for one that is larger
std::optional<uid_t> parse_id(std::string_view text);

/// Docker's rules: a number is a number even if it is a name as well (CVE-2016-3697); a user given
/// without a group brings all groups that list it; a user given with a group has that group only.
/// \param extra_groups  names or numbers to add
/// \throws CommandError "unable to find user X: no matching entries in passwd file"
UserIds find_user(const UserText& text, const std::vector<std::string>& extra_groups,
                  std::string_view passwd, std::string_view group);

/// The text of /etc/passwd or /etc/group; "" if there is none. \throws CommandError if it is no
/// regular file or too long
std::string read_account_file(const RootDir& root, std::string_view path);

}  // namespace slipway
