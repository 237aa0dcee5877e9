/// \file
/// The client against the library's server, and against servers that are none.

#include <nlohmann/json.hpp>

#include "01-cli-socket/sys_error.hpp"
#include "local_server.hpp"

using namespace slipway;
using namespace slipway::test;
using Catch::Contains;

TEST_CASE("a client keeps its connection, and makes a new one when the server has closed it",
          "[http]") {
  std::set<int> descriptors;
  std::mutex mutex;
  LocalServer server([&](Exchange& exchange) {
    const std::scoped_lock lock(mutex);
    descriptors.insert(exchange.fd());
    HttpResponse response{.status = 200};
    if (exchange.request().path == "/close") response.headers.set("Connection", "close");
    exchange.respond(std::move(response));
  });
  HttpClient client = server.client();
  for (int i = 0; i < 5; ++i) CHECK(client.request("GET", "/").status == 200);
  CHECK(descriptors.size() == 1);
  CHECK(client.request("GET", "/close").status == 200);
  CHECK(client.request("GET", "/").status == 200);
}

TEST_CASE("a kept connection that went stale costs no request", "[http]") {
  BrokenServer server("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
                      3);  // closes after each answer, unannounced
  HttpClient client(server.path());
  for (int i = 0; i < 3; ++i) CHECK(client.request("GET", "/").body == "ok");
}

TEST_CASE("a body of any size arrives, both ways, as one piece and as a stream", "[http]") {
  LocalServer server(
      [](Exchange& exchange) {
        exchange.begin_stream({.status = 200});
        std::array<char, 30'000> buffer;
        while (const std::size_t count = exchange.read_body_some(buffer))
          exchange.write_chunk({buffer.data(), count});
        exchange.end_stream();
      },
      {.body_bytes = 10});  // the limit is for bodies that are read whole
  std::string text(3'000'000, ' ');
  for (char& c : text) c = static_cast<char>(Environment::get().random(256));
  HttpClient client = server.client();
  std::size_t sent = 0;
  const BodySource source = [&](std::span<char> buffer) {
    const std::size_t count =
        text.copy(buffer.data(), std::min(buffer.size(), std::size_t{20'000}), sent);
    sent += count;
    return count;
  };
  // The server echoes while it reads; the client reads only after sending. A thread reads what comes back.
  std::string small = "a small one";
  CHECK(client.open("POST", "/echo", small)->read_all() == small);
  std::string got;
  LocalServer sink([&](Exchange& exchange) {
    std::array<char, 30'000> buffer;
    while (const std::size_t count = exchange.read_body_some(buffer))
      got.append(buffer.data(), count);
    exchange.respond({.status = 200, .headers = {}, .body = got});
  });
  CHECK(sink.client().open("POST", "/sink", {}, source, "application/x-tar")->read_all() == text);
  CHECK(got == text);
}

TEST_CASE("a server that refuses while the body is still coming is heard", "[http]") {
  LocalServer server(
      [](Exchange& exchange) {
        if (exchange.request().path == "/at-once") throw not_found("no such image");
        exchange.read_body();
      },
      {.body_bytes = 100'000});
  HttpClient client = server.client();
  const std::string large(20'000'000, 'x');
  CHECK(client.request("POST", "/whole", large).status == 413);
  std::size_t left = large.size();
  const BodySource source = [&](std::span<char> buffer) {
    const std::size_t count = std::min(left, buffer.size());
    left -= count;
    return count;
  };
  const auto stream = client.open("POST", "/at-once", {}, source);
  CHECK(stream->head().status == 404);
  CHECK_THAT(stream->read_all(), Contains("no such image"));
}

TEST_CASE("an upgrade hands over bytes that came with the answer", "[http]") {
  BrokenServer server(
      "HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\nearly bytes");
  RawStream stream = HttpClient(server.path()).upgrade("POST", "/attach");
  std::array<char, 100> buffer;
  const std::size_t count = stream.read_some(buffer);
  CHECK(std::string(buffer.data(), count) == "early bytes");
  CHECK(stream.read_some(buffer) == 0);
}

TEST_CASE("an upgrade that is refused carries the server's words", "[http]") {
  LocalServer server([](Exchange&) { throw conflict("container is paused"); });
  HttpClient client = server.client();
  try {
    client.upgrade("POST", "/attach");
    FAIL("no exception");
  } catch (const ApiError& error) {
    CHECK(error.status() == 409);
    CHECK(std::string(error.what()) == "container is paused");
  }
  LocalServer polite([](Exchange& exchange) { exchange.respond({.status = 200}); });
  CHECK_THROWS_WITH(polite.client().upgrade("POST", "/x"), Contains("200"));
}

TEST_CASE("answers that are none are errors, not hangs and not successes", "[http]") {
  const auto answer = GENERATE(
      values<std::string>({"", "hello\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf",
                           "HTTP/1.1 200 OK\r\nContent-Le",
                           "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
                           "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
                           "HTTP/1.1 999999 OK\r\n\r\n"}));
  CAPTURE(answer);
  BrokenServer server(answer);
  CHECK_THROWS(HttpClient(server.path()).request("GET", "/"));
}

TEST_CASE("nobody at the socket is a SysError that says which", "[http]") {
  TempFolder folder;
  const std::string path = (folder.path() / "none").string();
  try {
    HttpClient(path).request("GET", "/");
    FAIL("no exception");
  } catch (const SysError& error) {
    CHECK(error.is(ENOENT));
    CHECK_THAT(error.what(), Contains(path));
  }
}

TEST_CASE("a target that would break the request line is not sent", "[http][attack]") {
  LocalServer server(echo_request);
  HttpClient client = server.client();
  CHECK_THROWS(client.request("GET", "/x HTTP/1.1\r\nX-Evil: 1\r\n\r\n"));
  CHECK_THROWS(client.request("GET /x", "/"));
  CHECK(client.request("GET", "/x").status == 200);
}

TEST_CASE("error answers: the message of the JSON, else the body, else the reason", "[http]") {
  CHECK(error_message(
            {.status = 404, .headers = {}, .body = "{\"message\":\"No such container: x\"}\n"}) ==
        "No such container: x");
  CHECK(error_message({.status = 400, .headers = {}, .body = "plain words"}) == "plain words");
  CHECK(error_message({.status = 503}) == "Service Unavailable");
  CHECK_THROWS_AS(throw_if_error({.status = 400}), ApiError);
  CHECK_NOTHROW(throw_if_error({.status = 304}));
}

TEST_CASE("long socket paths work on both sides", "[http]") {
  TempFolder folder;
  std::filesystem::path deep = folder.path();
  while (deep.string().size() < 200) deep /= "a-folder-with-a-long-name";
  std::filesystem::create_directories(deep);
  const std::string path = (deep / "socket").string();
  const UniqueFd listener = listen_unix(path, 0600);
  const UniqueFd client = connect_unix(path);
  CHECK(accept_unix(listener.get()));
}

TEST_CASE(
    "a socket file that nobody listens on is replaced, a live one is not, other files are kept",
    "[http]") {
  TempFolder folder;
  const std::string path = (folder.path() / "socket").string();
  { const UniqueFd dead = listen_unix(path, 0600); }
  const UniqueFd live = listen_unix(path, 0640);
  CHECK((std::filesystem::status(path).permissions() & std::filesystem::perms::all) ==
        std::filesystem::perms(0640));
  CHECK_THROWS_WITH(listen_unix(path, 0600), Contains(path));
  const std::string file = (folder.path() / "file").string();
  write_text(file, "precious");
  CHECK_THROWS(listen_unix(file, 0600));
  CHECK(read_text(file) == "precious");
}
