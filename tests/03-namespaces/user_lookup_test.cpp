// Who `--user` means: Docker's rules, and files that an image's maker wrote.

#include "03-namespaces/base/user_lookup.hpp"

#include <sys/stat.h>

#include <filesystem>

#include "02-daemon/launch/launch_step.hpp"
#include "harness/harness.hpp"

using namespace slipway;
using namespace slipway::test;

namespace {

constexpr std::string_view kPasswd =
    "root:x:0:0:root:/root:/bin/sh\n"
    "# a comment\n"
    "broken line\n"
    "evil:x:zero:0::/:/bin/sh\n"
    "huge:x:4294967296:0::/:/bin/sh\n"
    "app:x:1000:1001:App:/home/app:/bin/sh\n"
    "1000:x:0:0::/:/bin/sh\n"
    "homeless:x:1005:1005::relative:/bin/sh";

constexpr std::string_view kGroup =
    "root:x:0:\n"
    "staff:x:50:root,app\n"
    "broken:x:fifty:app\n"
    "app:x:1001:\n"
    "wheel:x:10:rooty,app2\n"
    "audio:x:29:app";

using Groups = std::vector<gid_t>;

UserIds find(std::string_view text, const std::vector<std::string>& extra = {}) {
  return find_user(parse_user_text(text), extra, kPasswd, kGroup);
}

}  // namespace

TEST_CASE("a user text names who runs", "[unit][user]") {
  const auto [text, uid, gid, groups, home] =
      GENERATE(table<std::string, uid_t, gid_t, Groups, std::string>({
          {"", 0, 0, {0, 50}, "/root"},
          {"root", 0, 0, {0, 50}, "/root"},
          {"0", 0, 0, {0, 50}, "/root"},
          {"app", 1000, 1001, {1001, 50, 29}, "/home/app"},
          // CVE-2016-3697: "1000" is a number, though a line has it as a name with uid 0.
          {"1000", 1000, 1001, {1001, 50, 29}, "/home/app"},
          {"app:staff", 1000, 50, {50}, "/home/app"},
          {"app:0", 1000, 0, {0}, "/home/app"},
          {"4242", 4242, 0, {0}, "/"},
          {"4242:77", 4242, 77, {77}, "/"},
          {"2147483647", 2147483647, 0, {0}, "/"},
          {"homeless", 1005, 1005, {1005}, "/"},
      }));
  INFO("--user '" << text << "'");
  const UserIds ids = find(text);
  CHECK(ids.uid == uid);
  CHECK(ids.gid == gid);
  CHECK(ids.groups == groups);
  CHECK(ids.home == home);
}

TEST_CASE("CVE-2024-40635: what can be no user is refused, never wrapped to root",
          "[unit][user][cve]") {
  const auto text = GENERATE(values<std::string>({"2147483648",  "4294967295",
                                                  "4294967296",  "99999999999999999999",
                                                  "-1",          "+1",
                                                  ":",           "1:",
                                                  ":1",          "1:2:3",
                                                  " 0",          "0 ",
                                                  "app\n",       "app\nroot:x:0:0",
                                                  "1:-1",        "1:4294967296",
                                                  "nosuch",      "0x0",
                                                  "1000:nosuch", "evil",
                                                  "huge"}));
  INFO("--user '" << text << "'");
  CHECK_THROWS_AS(find(text), CommandError);
}

TEST_CASE("unknown names are refused in docker's words", "[unit][user]") {
  CHECK_THROWS_WITH(find("nosuch"),
                    "unable to find user nosuch: no matching entries in passwd file");
  CHECK_THROWS_WITH(find("app:nosuch"),
                    "unable to find group nosuch: no matching entries in group file");
  CHECK_THROWS_WITH(find("4294967296"),
                    Catch::Contains("uids and gids must be in range 0-2147483647"));
}

TEST_CASE("--group-add adds to the user's groups", "[unit][user]") {
  CHECK(find("app", {"wheel", "77", "staff"}).groups == Groups{1001, 50, 29, 10, 77});
  CHECK_THROWS_AS(find("app", {"nosuch"}), CommandError);
}

TEST_CASE("CVE-2024-9676: account files that are no files are refused at once",
          "[unit][user][cve]") {
  const TempFolder folder;
  const RootDir root = RootDir::at(folder.path());
  CHECK(read_account_file(root, "/passwd").empty());
  write_text(folder.path() / "passwd", "root:x:0:0::/:\n");
  CHECK(read_account_file(root, "/passwd") == "root:x:0:0::/:\n");

  REQUIRE(::mkfifo((folder.path() / "fifo").c_str(), 0666) == 0);
  CHECK_THROWS_WITH(read_account_file(root, "/fifo"), Catch::Contains("no regular file"));
  CHECK_THROWS_WITH(read_account_file(root, "/"), Catch::Contains("no regular file"));
  write_text(folder.path() / "long", "");
  std::filesystem::resize_file(folder.path() / "long", 10'000'000'000);  // sparse
  CHECK_THROWS_WITH(read_account_file(root, "/long"), Catch::Contains("longer than 1 MiB"));
  std::filesystem::create_symlink("/etc/passwd",
                                  folder.path() / "out");  // the host has one, this root has not
  CHECK(read_account_file(root, "/out").empty());
}
