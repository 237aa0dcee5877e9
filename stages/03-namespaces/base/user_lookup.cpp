#include "user_lookup.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <charconv>
#include <climits>

#include "01-cli-socket/sys_error.hpp"
#include "02-daemon/launch/launch_step.hpp"

namespace slipway {
namespace {

constexpr std::size_t kMostBytes = 1024UL * 1024;

/// Cuts the next part off `rest`.
std::string_view next_part(std::string_view& rest, char separator) {
  const std::size_t end = std::min(rest.find(separator), rest.size());
  const std::string_view part = rest.substr(0, end);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return part;
}

/// An id of a file: only plain digits in range, else the line does not count.
std::optional<uid_t> id_of_line(std::string_view text) {
  std::uint32_t id = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
  if (error != std::errc() || end != text.data() + text.size() || id > INT_MAX) return std::nullopt;
  return id;
}

struct Account {
  std::string_view name, home;
  uid_t uid = 0;
  gid_t gid = 0;
};

struct Group {
  std::string_view name, members;
  gid_t gid = 0;
};

// name:password:uid:gid:comment:home:shell, passwd(5)
std::optional<Account> parse_account(std::string_view line) {
  Account account{.name = next_part(line, ':')};
  next_part(line, ':');
  const auto uid = id_of_line(next_part(line, ':'));
  const auto gid = id_of_line(next_part(line, ':'));
  next_part(line, ':');
  account.home = next_part(line, ':');
  if (account.name.empty() || !uid || !gid) return std::nullopt;
  account.uid = *uid;
  account.gid = *gid;
  return account;
}

// name:password:gid:member,member, group(5)
std::optional<Group> parse_group(std::string_view line) {
  Group group{.name = next_part(line, ':')};
  next_part(line, ':');
  const auto gid = id_of_line(next_part(line, ':'));
  group.members = next_part(line, ':');
  if (group.name.empty() || !gid) return std::nullopt;
  group.gid = *gid;
  return group;
}

bool lists(std::string_view members, std::string_view name) {
  while (!members.empty()) {
    if (next_part(members, ',') == name) return true;
  }
  return false;
}

/// The first well-formed line of `file` that `matches`.
template <class Entry, class Matches>
std::optional<Entry> find_line(std::string_view file,
                               std::optional<Entry> (*parse)(std::string_view), Matches matches) {
  while (!file.empty()) {
    const auto entry = parse(next_part(file, '\n'));
    if (entry && matches(*entry)) return entry;
  }
  return std::nullopt;
}

gid_t find_group(const std::string& text, std::string_view file) {
  if (const auto id = parse_id(text)) return *id;
  const auto group = find_line(file, parse_group, [&](const Group& g) { return g.name == text; });
  if (group) return group->gid;
  throw CommandError("unable to find group " + text + ": no matching entries in group file");
}

void add_group(UserIds& ids, gid_t gid) {
  if (std::ranges::find(ids.groups, gid) == ids.groups.end()) ids.groups.push_back(gid);
}

void add_groups_of(UserIds& ids, std::string_view name, std::string_view file) {
  while (!file.empty()) {
    const auto group = parse_group(next_part(file, '\n'));
    if (group && lists(group->members, name)) add_group(ids, group->gid);
  }
}

std::optional<Account> find_account(const std::string& user, std::string_view passwd) {
  const auto id = user.empty() ? std::optional<uid_t>(0) : parse_id(user);
  const auto account = find_line(
      passwd, parse_account, [&](const Account& a) { return id ? a.uid == *id : a.name == user; });
  if (!account && !id) {
    throw CommandError("unable to find user " + user + ": no matching entries in passwd file");
  }
  return account;
}

void refuse_half(std::string_view half, std::string_view text) {
  const bool odd =
      std::ranges::any_of(half, [](unsigned char c) { return c <= ' ' || c == 0x7f || c == ':'; });
  if (half.empty() || odd || half.front() == '-' || half.front() == '+') {
    throw CommandError("invalid user \"" + std::string(text) +
                       "\": expected NAME or NUMBER, with :GROUP or without");
  }
  static_cast<void>(parse_id(half));
}

}  // namespace

std::optional<uid_t> parse_id(std::string_view text) {
  const bool digits = std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
  if (text.empty() || !digits) return std::nullopt;
  const auto id = id_of_line(text);
  if (!id) throw CommandError("uids and gids must be in range 0-2147483647: " + std::string(text));
  return id;
}

UserText parse_user_text(std::string_view text) {
  if (text.empty()) return {};
  const std::size_t colon = text.find(':');
  UserText parsed{.user = std::string(text.substr(0, colon))};
  refuse_half(parsed.user, text);
  if (colon == std::string_view::npos) return parsed;
  parsed.group = text.substr(colon + 1);
  refuse_half(parsed.group, text);
  return parsed;
}

UserIds find_user(const UserText& text, const std::vector<std::string>& extra_groups,
                  std::string_view passwd, std::string_view group) {
  UserIds ids;
  const auto account = find_account(text.user, passwd);
  if (account) {
    ids = {.uid = account->uid, .gid = account->gid};
    if (account->home.starts_with('/')) ids.home = account->home;
  } else {
    ids.uid = parse_id(text.user).value_or(0);
  }
  if (!text.group.empty()) ids.gid = find_group(text.group, group);
  ids.groups = {ids.gid};
  if (account && text.group.empty()) add_groups_of(ids, account->name, group);
  for (const std::string& extra : extra_groups) add_group(ids, find_group(extra, group));
  return ids;
}

std::string read_account_file(const RootDir& root, std::string_view path) {
  const auto file =
      root.maybe_open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY);  // a FIFO must not make us wait
  if (!file) return "";
  struct stat about {};
  check(::fstat(file->get(), &about), "fstat", path);
  if (!S_ISREG(about.st_mode))
    throw CommandError("the container's " + std::string(path) + " is no regular file");
  if (about.st_size > static_cast<off_t>(kMostBytes)) {
    throw CommandError("the container's " + std::string(path) + " is longer than 1 MiB");
  }
  std::string text(static_cast<std::size_t>(about.st_size), '\0');
  const auto size = retry_on_signal([&] { return ::read(file->get(), text.data(), text.size()); });
  text.resize(static_cast<std::size_t>(check(size, "read", path)));
  return text;
}

}  // namespace slipway
