/// \file
/// The shim's plumbing, piece by piece: a queue for slow clients, the way to stdin, one attached
/// client.

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <filesystem>
#include <sstream>

#include "01-cli-socket/sys_error.hpp"
#include "02-daemon/shim/attached_client.hpp"
#include "02-daemon/shim/spool_queue.hpp"
#include "harness/harness.hpp"

using namespace slipway;
using namespace slipway::test;
using Catch::Contains;
namespace fs = std::filesystem;

namespace {

struct Pair {
  UniqueFd ours;
  UniqueFd theirs;
};

Pair socket_pair() {
  int ends[2];
  check(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), "socketpair");
  return {UniqueFd(ends[0]), UniqueFd(ends[1])};
}

/// Reads what is there now, at most `limit` bytes.
std::string read_now(const UniqueFd& fd, std::size_t limit = 1'000'000) {
  std::string bytes(limit, '\0');
  const ssize_t count = ::recv(fd.get(), bytes.data(), limit, MSG_DONTWAIT);
  bytes.resize(static_cast<std::size_t>(std::max<ssize_t>(count, 0)));
  return bytes;
}

/// True if the other side has closed and everything was read.
bool at_end(const UniqueFd& fd) {
  char byte = 0;
  return ::recv(fd.get(), &byte, 1, MSG_DONTWAIT) == 0;
}

void send_all(const UniqueFd& fd, std::string_view bytes) {
  REQUIRE(::send(fd.get(), bytes.data(), bytes.size(), MSG_DONTWAIT) ==
          static_cast<ssize_t>(bytes.size()));
}

/// A text in which every place is different.
std::string numbered(std::size_t size) {
  std::string text;
  for (std::size_t i = 0; text.size() < size; ++i) text += std::to_string(i) + " ";
  text.resize(size);
  return text;
}

long resident_kilobytes() {
  std::istringstream words(read_text("/proc/self/statm"));
  long size = 0, resident = 0;
  words >> size >> resident;
  return resident * 4;
}

/// Bytes on disk of the unnamed files in `folder` that this process holds.
std::int64_t unnamed_bytes(const fs::path& folder) {
  std::int64_t total = 0;
  for (const auto& entry : fs::directory_iterator("/proc/self/fd")) {
    std::error_code gone;
    const std::string target = fs::read_symlink(entry.path(), gone);
    struct stat info {};
    if (!target.starts_with(folder.string()) || !target.ends_with("(deleted)")) continue;
    if (::stat(entry.path().c_str(), &info) == 0) total += info.st_blocks * 512;
  }
  return total;
}

}  // namespace

TEST_CASE("a client that does not read costs disk, not memory, and gets every byte in order",
          "[02][attach][attack]") {
  TempFolder folder;
  const auto [ours, theirs] = socket_pair();
  SpoolQueue queue(folder.path());
  const std::string text = numbered(20'000'000);
  const long before = resident_kilobytes();
  for (std::size_t at = 0; at < text.size(); at += 50'000) {
    queue.push(std::string_view(text).substr(at, 50'000));
    queue.flush_to(ours.get());
  }
  CHECK(resident_kilobytes() - before < 4000);
  CHECK_FALSE(queue.empty());
  CHECK(fs::is_empty(folder.path()));  // no name: it goes with us, however we end
  CHECK(unnamed_bytes(folder.path()) > 15'000'000);
  std::string got;
  while (!queue.empty()) {
    got += read_now(theirs, 70'001);
    queue.flush_to(ours.get());
  }
  while (got.size() < text.size()) got += read_now(theirs);
  CHECK(got == text);
  CHECK(unnamed_bytes(folder.path()) == 0);
}

TEST_CASE("a client that is always a little late does not fill the disk", "[02][attach][attack]") {
  TempFolder folder;
  const auto [ours, theirs] = socket_pair();
  SpoolQueue queue(folder.path());
  const std::string text = numbered(40'000'000);
  std::string got;
  std::int64_t most = 0;
  for (std::size_t at = 0; at < text.size(); at += 100'000) {
    queue.push(std::string_view(text).substr(at, 100'000));
    queue.flush_to(ours.get());
    if (at >= 2'000'000) got += read_now(theirs, 100'000);  // 2 MB behind, for ever
    most = std::max(most, unnamed_bytes(folder.path()));
  }
  CHECK(most < 8'000'000);
  while (got.size() < text.size()) {
    queue.flush_to(ours.get());
    got += read_now(theirs);
  }
  CHECK(got == text);
}

TEST_CASE("small writes between slow reads stay in order", "[02][attach]") {
  TempFolder folder;
  const auto [ours, theirs] = socket_pair();
  SpoolQueue queue(folder.path());
  const std::string text = numbered(3'000'000);
  std::string got;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t size = 1 + Environment::get().random(9000);
    queue.push(std::string_view(text).substr(at, size));
    at += size;
    if (Environment::get().random(2) == 0) queue.flush_to(ours.get());
    if (Environment::get().random(3) == 0) got += read_now(theirs, 8000);
  }
  while (got.size() < text.size()) {
    queue.flush_to(ours.get());
    got += read_now(theirs);
  }
  CHECK(got == text);
  CHECK(queue.empty());
}

TEST_CASE("a queue says when its peer is gone, and when it has no place for its file",
          "[02][attach]") {
  auto [ours, theirs] = socket_pair();
  SpoolQueue queue("/no/such/folder");
  queue.push("fits in memory");
  CHECK_THROWS_WITH(queue.push(std::string(1'000'000, 'x')), Contains("/no/such/folder"));
  theirs.reset();
  CHECK_THROWS_AS(queue.flush_to(ours.get()), SysError);
}

namespace {

/// The container's stdin: a pipe that we can read as slowly as we like.
struct Stdin {
  EventLoop loop;
  UniqueFd reader;
  int drained = 0;
  std::unique_ptr<StdinFeeder> feeder;

  Stdin() {
    int ends[2];
    check(::pipe2(ends, O_CLOEXEC), "pipe2");
    reader.reset(ends[0]);
    UniqueFd writer(ends[1]);
    for (const int end : ends) check(::fcntl(end, F_SETFL, O_NONBLOCK), "fcntl");
    feeder = std::make_unique<StdinFeeder>(loop, std::move(writer), [this] { ++drained; });
  }
  /// Reads until the end or until nothing comes. \returns false at the end
  bool read_into(std::string& text) {
    std::array<char, 8192> buffer;
    loop.run_once(0);
    const ssize_t count = ::read(reader.get(), buffer.data(), buffer.size());
    if (count > 0) text.append(buffer.data(), static_cast<std::size_t>(count));
    return count != 0;
  }
};

}  // namespace

TEST_CASE("a container that reads slowly gets all of its input, and then the end", "[02][attach]") {
  Stdin in;
  const std::string text = numbered(500'000);
  in.feeder->write(text);
  CHECK_FALSE(in.feeder->ready());  // clients wait from here on
  in.feeder->finish();
  std::string got;
  while (in.read_into(got)) {
  }
  CHECK(got == text);
  CHECK(in.feeder->ready());
  CHECK(in.drained == 1);
}

TEST_CASE("input for a container that has closed its stdin is dropped", "[02][attach]") {
  Stdin in;
  in.feeder->write(std::string(500'000, 'x'));
  CHECK_FALSE(in.feeder->ready());
  in.reader.reset();
  in.loop.run_once(1000);
  CHECK(in.feeder->ready());
  CHECK(in.drained == 1);
  in.feeder->write("more");
  in.feeder->finish();
  StdinFeeder none(in.loop, UniqueFd(), [] {});  // stdin is /dev/null
  none.write("nobody reads this");
  CHECK(none.ready());
}

namespace {

/// A client attached through a socketpair.
struct Attached {
  TempFolder folder;
  Stdin in;
  UniqueFd socket;
  std::unique_ptr<AttachedClient> client;

  explicit Attached(AttachOptions options, std::string early = {}) {
    auto [ours, theirs] = socket_pair();
    socket = std::move(theirs);
    client = std::make_unique<AttachedClient>(in.loop, RawStream(std::move(ours), std::move(early)),
                                              options, *in.feeder, folder.path());
  }
  void turn(int times = 5) {
    for (int i = 0; i < times; ++i) in.loop.run_once(0);
  }
};

constexpr AttachOptions kAll{.in = true, .out = true, .err = true, .closes_stdin = true};

}  // namespace

TEST_CASE("an attached client gets the streams that it asked for, in frames, then the end",
          "[02][attach]") {
  Attached both(kAll), only_err({.err = true});
  for (Attached* one : {&both, &only_err}) {
    one->client->output(StdioStream::out, "hello");
    one->client->output(StdioStream::err, "oops");
    one->client->finish();
    CHECK(one->client->gone());
  }
  CHECK(read_now(both.socket) ==
        encode_frame(StdioStream::out, "hello") + encode_frame(StdioStream::err, "oops"));
  CHECK(at_end(both.socket));
  CHECK(read_now(only_err.socket) == encode_frame(StdioStream::err, "oops"));
}

TEST_CASE("what a client sent with its request reaches stdin, before what it sends later",
          "[02][attach]") {
  Attached one(kAll, "early ");
  send_all(one.socket, "late");
  one.turn();
  std::string got;
  one.in.read_into(got);
  CHECK(got == "early late");
}

TEST_CASE(
    "the end of a client's input closes stdin only if it is the one (StdinOnce), and its "
    "output goes on",
    "[02][attach]") {
  const bool once = GENERATE(true, false);
  Attached one({.in = true, .out = true, .closes_stdin = once});
  send_all(one.socket, "all of it");
  ::shutdown(one.socket.get(), SHUT_WR);
  one.turn();
  std::string got;
  one.in.read_into(got);
  CHECK(got == "all of it");
  CHECK(one.in.read_into(got) == !once);
  CHECK_FALSE(one.client->gone());
  one.client->output(StdioStream::out, "still here");
  CHECK(read_now(one.socket) == encode_frame(StdioStream::out, "still here"));
}

TEST_CASE("a client that leaves is gone, and closes stdin if it was the one", "[02][attach]") {
  Attached one(kAll);
  one.socket.reset();
  one.turn();
  CHECK(one.client->gone());
  one.client->output(StdioStream::out, "to nobody");
  std::string got;
  CHECK_FALSE(one.in.read_into(got));
}

TEST_CASE("a container that does not read holds the client back, and reads on where it stopped",
          "[02][attach]") {
  Attached one(kAll);
  const std::string text = numbered(2'000'000);
  std::string got;
  std::size_t sent = 0;
  bool open = true;
  std::size_t most_ahead = 0;
  while (open) {
    const ssize_t count =
        ::send(one.socket.get(), text.data() + sent, text.size() - sent, MSG_DONTWAIT);
    if (count > 0) sent += static_cast<std::size_t>(count);
    if (sent == text.size()) ::shutdown(one.socket.get(), SHUT_WR);
    one.turn(3);
    most_ahead = std::max(most_ahead, sent - got.size());
    open = one.in.read_into(got);
    if (!one.in.feeder->ready()) continue;
    one.client->resume();  // as the shim does when stdin has drained
  }
  CHECK(got == text);
  CHECK(most_ahead < 1'000'000);  // what waits is bounded by buffers
}

TEST_CASE("bytes of a client that did not ask for stdin go nowhere", "[02][attach]") {
  Attached one({.in = false, .out = true}, "early");
  send_all(one.socket, "late");
  one.turn();
  std::string got;
  one.in.read_into(got);
  CHECK(got.empty());
  CHECK_FALSE(one.client->gone());
}
