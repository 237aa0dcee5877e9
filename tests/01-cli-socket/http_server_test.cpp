/// \file
/// The server against peers that write bytes as they like: well-behaved, slow, broken, hostile.
/// Invariants 01-I1 (framing), 01-I2 (limits), 01-I3 (upgrade) of the stage's page.

#include <nlohmann/json.hpp>

#include "local_server.hpp"

using namespace slipway;
using namespace slipway::test;
using Catch::Contains;

namespace {

constexpr char kGet[] = "GET /x HTTP/1.1\r\nHost: h\r\n\r\n";

}  // namespace

TEST_CASE("one connection serves one request after the other", "[http]") {
  LocalServer server(echo_request);
  RawPeer peer(server);
  for (int i = 0; i < 3; ++i) {
    peer.send(kGet);
    CHECK_THAT(peer.read_until("GET /x []"), Contains("HTTP/1.1 200 OK\r\n"));
  }
}

TEST_CASE("requests sent in one piece are answered in order", "[http]") {
  LocalServer server(echo_request);
  RawPeer peer(server);
  peer.send(
      "POST /1 HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabcGET /2 HTTP/1.1\r\nHost: "
      "h\r\n\r\n");
  peer.read_until("POST /1 [abc]");
  CHECK_THAT(peer.read_until("GET /2 []"), Contains("200 OK"));
}

TEST_CASE("a request that comes byte by byte is whole in the end", "[http]") {
  LocalServer server(echo_request);
  RawPeer peer(server);
  for (const char c : std::string("POST /slow HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nok"))
    peer.send({&c, 1});
  CHECK_THAT(peer.read_until("]"), Contains("POST /slow [ok]"));
}

TEST_CASE("a chunked request body is put together", "[http]") {
  LocalServer server(echo_request);
  RawPeer peer(server);
  peer.send("POST /c HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
  peer.send("a;ext=1\r\n0123456789\r\n0\r\n\r\n");
  CHECK_THAT(peer.read_until("]"), Contains("[abc0123456789]"));
}

TEST_CASE("Connection: close and HTTP/1.0 end the connection after the answer", "[http]") {
  LocalServer server(echo_request);
  CHECK_THAT(
      RawPeer(server).send("GET /x HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n").read_all(),
      Contains("GET /x []"));
  CHECK_THAT(RawPeer(server).send("GET /x HTTP/1.0\r\n\r\n").read_all(), Contains("GET /x []"));
}

TEST_CASE("a client that half-closes still gets its answer", "[http]") {
  LocalServer server(echo_request);
  CHECK_THAT(RawPeer(server).send(kGet).end().read_all(), Contains("GET /x []"));
}

TEST_CASE("a request line of hundreds of KiB is taken whole", "[http]") {
  LocalServer server(echo_request);
  const std::string target = "/x?body=" + std::string(700'000, 'a');
  const auto answer = server.client().request("GET", target);
  CHECK(answer.body.size() == target.size() + std::string("GET  []").size());
}

TEST_CASE("a head over the limit is 431, and the next connection works", "[http]") {
  LocalServer server(echo_request, {.header_bytes = 4096});
  const std::string answer =
      RawPeer(server)
          .send("GET /" + std::string(8192, 'a') + " HTTP/1.1\r\nHost: h\r\n\r\n")
          .read_all();
  CHECK(status_of(answer) == 431);
  CHECK_THAT(answer, Contains("\"message\":") && Contains("Content-Type: application/json\r\n"));
  CHECK(server.client().request("GET", "/x").status == 200);
}

TEST_CASE("a body over the limit is 413, announced or not", "[http]") {
  LocalServer server(echo_request, {.body_bytes = 1000});
  CHECK(status_of(RawPeer(server)
                      .send("POST /x HTTP/1.1\r\nHost: h\r\nContent-Length: 2000\r\n\r\n" +
                            std::string(2000, 'a'))
                      .read_until("}\n")) == 413);
  RawPeer chunked(server);
  chunked.send("POST /x HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n");
  for (int i = 0; i < 20; ++i) chunked.send("64\r\n" + std::string(100, 'a') + "\r\n");
  CHECK(status_of(chunked.read_until("}\n")) == 413);
}

TEST_CASE("a client that never finishes its request is told so and dropped", "[http][attack]") {
  LocalServer server(echo_request, {.header_seconds = 1});
  RawPeer slow(server);
  slow.send("GET /x HTT");
  CHECK(server.client().request("GET", "/other").status == 200);  // nobody waits for the slow one
  CHECK(status_of(slow.read_all()) == 408);
}

TEST_CASE("a client that drips its request over the time limit is dropped, too", "[http][attack]") {
  LocalServer server(echo_request, {.header_seconds = 1});
  RawPeer slow(server);
  slow.send("GET /x HTTP/1.1\r\n");
  // It never falls silent: only a limit for the whole head ends this.
  const auto dripping = [&] {
    slow.send("X-Drip: 1\r\n");
    pollfd answer{.fd = slow.fd(), .events = POLLIN, .revents = 0};
    return ::poll(&answer, 1, 200) == 0;
  };
  int drips = 0;
  while (drips < 50 && dripping()) ++drips;
  CHECK(drips < 50);
  CHECK(status_of(slow.read_all()) == 408);
}

TEST_CASE("a body that stops is 408; one that breaks off is 400; the server goes on", "[http]") {
  LocalServer server(echo_request, {.body_seconds = 1});
  const std::string half = "POST /x HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nabc";
  CHECK(status_of(RawPeer(server).send(half).read_until("}\n")) == 408);
  CHECK(status_of(RawPeer(server).send(half).end().read_all()) == 400);
  CHECK(server.client().request("GET", "/x").status == 200);
}

TEST_CASE("two ways to say how long a body is: one reading or none", "[http][attack]") {
  // What lies behind the body must never be taken for a second request (RFC 9112 6.3,
  // CVE-2019-18277 and its like).
  LocalServer server(echo_request);
  const std::string hidden = "GET /smuggled HTTP/1.1\r\nHost: h\r\n\r\n";
  const auto headers = GENERATE(values<std::string>(
      {"Content-Length: 6\r\nTransfer-Encoding: chunked",
       "Transfer-Encoding: chunked\r\nContent-Length: 6", "Content-Length: 0\r\nContent-Length: 6",
       "Content-Length: 6, 6, 5", "Content-Length: -1", "Content-Length: +5",
       "Content-Length: 0x10", "Content-Length: 18446744073709551617"}));
  CAPTURE(headers);
  const std::string answer =
      RawPeer(server)
          .send("POST /x HTTP/1.1\r\nHost: h\r\n" + headers + "\r\n\r\n0\r\n\r\n" + hidden)
          .end()
          .read_all();
  CHECK(status_of(answer) == 400);
  CHECK_THAT(answer, !Contains("/smuggled"));
}

TEST_CASE("chunks that are none are 400", "[http][attack]") {
  LocalServer server(echo_request);
  const auto body = GENERATE(
      values<std::string>({"zz\r\nabc\r\n0\r\n\r\n", "-1\r\n\r\n", "3\r\nabcdef\r\n0\r\n\r\n",
                           "ffffffffffffffffff\r\nabc", "3 abc\r\n"}));
  CAPTURE(body);
  const std::string answer =
      RawPeer(server)
          .send("POST /x HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n" + body)
          .end()
          .read_all();
  CHECK(status_of(answer) == 400);
}

TEST_CASE("what is no HTTP is 400 in JSON, and only that connection ends", "[http][attack]") {
  LocalServer server(echo_request);
  const auto garbage = GENERATE(values<std::string>(
      {"hello\r\n\r\n", "GET\r\n\r\n", "GET /x\r\n\r\n", "GET /x HTTP/9.9\r\n\r\n",
       "\x16\x03\x01\x02\x00 TLS\r\n\r\n", "GET /x HTTP/1.1\r\nno colon here\r\n\r\n",
       "GET /x HTTP/1.1\r\nA b: c\r\n\r\n", "{\"json\":true}\r\n\r\n"}));
  CAPTURE(garbage);
  const std::string answer = RawPeer(server).send(garbage).end().read_all();
  CHECK(status_of(answer) == 400);
  CHECK_THAT(answer, Contains("{\"message\":\"malformed HTTP request"));
  CHECK(server.client().request("GET", "/x").status == 200);
}

TEST_CASE("random bytes never end the server", "[http][attack]") {
  LocalServer server(echo_request);
  Environment& environment = Environment::get();
  for (int i = 0; i < 200; ++i) {
    std::string bytes = i % 2 == 0 ? "POST /x HTTP/1.1\r\n" : "";
    for (std::uint64_t n = environment.random(300); n > 0; --n)
      bytes += static_cast<char>(environment.random(256));
    RawPeer(server).send(bytes).end().read_all();
  }
  CHECK(server.client().request("GET", "/x").status == 200);
}

TEST_CASE("clients that connect and say nothing cost nobody anything", "[http]") {
  LocalServer server(echo_request, {.header_seconds = 1});
  std::vector<RawPeer> silent;
  for (int i = 0; i < 50; ++i) silent.emplace_back(server);
  CHECK(server.client().request("GET", "/x").status == 200);
}

TEST_CASE("HEAD has the headers of GET and no body", "[http]") {
  LocalServer server([](Exchange& exchange) {
    exchange.respond({.status = 200, .headers = {}, .body = "12345"});
  });
  const std::string answer =
      RawPeer(server).send("HEAD /x HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n").read_all();
  CHECK_THAT(answer, Contains("Content-Length: 5\r\n") && Catch::EndsWith("\r\n\r\n"));
}

TEST_CASE("answers without a body have no Content-Length: 204 and 304", "[http]") {
  const int status = GENERATE(204, 304);
  LocalServer server([status](Exchange& exchange) { exchange.respond({.status = status}); });
  const std::string answer = RawPeer(server).send(kGet).read_until("\r\n\r\n");
  CHECK(status_of(answer) == status);
  CHECK_THAT(answer, !Contains("Content-Length"));
}

TEST_CASE("an exception becomes an answer: ApiError its own, all else 500", "[http]") {
  LocalServer server([](Exchange& exchange) {
    if (exchange.request().path == "/mine") throw ApiError(409, "no: \"quoted\"");
    throw std::runtime_error("broken");
  });
  HttpClient client = server.client();
  const auto mine = client.request("GET", "/mine");
  CHECK(mine.status == 409);
  CHECK(mine.body == "{\"message\":\"no: \\\"quoted\\\"\"}\n");
  CHECK(mine.headers.get("content-type") == "application/json");
  CHECK(client.request("GET", "/other").status == 500);
}

TEST_CASE("a handler that forgets the body does not confuse the next request", "[http]") {
  LocalServer server([](Exchange& exchange) {
    exchange.respond({.status = 200, .headers = {}, .body = "early"});
  });
  RawPeer peer(server);
  peer.send("POST /1 HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nab");
  peer.read_until("early");
  peer.send("cde");
  peer.send(kGet);
  CHECK_THAT(peer.read_until("early"), Contains("200 OK"));
}

TEST_CASE("Expect: 100-continue is answered when the body is wanted, and never after the answer",
          "[http]") {
  LocalServer server([](Exchange& exchange) {
    if (exchange.request().path == "/no") throw not_found("no");
    echo_request(exchange);
  });
  const std::string head =
      " HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n";
  RawPeer wanted(server);
  CHECK(status_of(wanted.send("POST /yes" + head).read_until("\r\n\r\n")) == 100);
  CHECK_THAT(wanted.send("ok").read_until("]"), Contains("[ok]"));
  RawPeer unwanted(server);
  const std::string answer = unwanted.send("POST /no" + head).end().read_all();
  CHECK(status_of(answer) == 404);
  CHECK_THAT(answer, !Contains("100 Continue"));
}

TEST_CASE("a stream's head arrives before its first chunk", "[http]") {
  std::promise<void> go;
  LocalServer server([&](Exchange& exchange) {
    exchange.begin_stream({.status = 200, .headers = {{"Content-Type", "application/json"}}});
    go.get_future().wait();
    exchange.write_chunk("one");
    exchange.write_chunk("");  // must not end the stream
    exchange.write_chunk("two");
    exchange.end_stream();
  });
  RawPeer peer(server);
  CHECK_THAT(peer.send(kGet).read_until("\r\n\r\n"), Contains("Transfer-Encoding: chunked"));
  go.set_value();
  CHECK(peer.read_until("0\r\n\r\n") == "3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n");
  CHECK_THAT(peer.send(kGet).read_until("\r\n\r\n"), Contains("200 OK"));  // the connection goes on
}

TEST_CASE("a handler that fails in the middle of a stream cuts it: no end is faked", "[http]") {
  LocalServer server([](Exchange& exchange) {
    exchange.begin_stream({.status = 200});
    exchange.write_chunk("half");
    throw std::runtime_error("broken");
  });
  CHECK_THAT(RawPeer(server).send(kGet).read_all(), Catch::EndsWith("4\r\nhalf\r\n"));
}

TEST_CASE("an upgrade keeps the bytes that came with the request, and each half on its own",
          "[http]") {
  LocalServer server([](Exchange& exchange) {
    RawStream stream = exchange.hijack("application/vnd.docker.raw-stream");
    std::string all;
    std::array<char, 100> buffer;
    while (const std::size_t count = stream.read_some(buffer)) all.append(buffer.data(), count);
    stream.write_all("got " + all);  // the client has closed its half; ours still works
  });
  RawPeer peer(server);
  peer.send(
      "POST /attach HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\nearly ");
  CHECK_THAT(peer.read_until("\r\n\r\n"),
             Contains("HTTP/1.1 101 UPGRADED\r\n") && Contains("Upgrade: tcp\r\n"));
  CHECK(peer.send("late").end().read_all() == "got early late");
}

TEST_CASE("a hijack without Upgrade is 200 without length, raw until the end", "[http]") {
  LocalServer server([](Exchange& exchange) { exchange.hijack("x/y").write_all("raw"); });
  const std::string answer =
      RawPeer(server).send("POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n").read_all();
  CHECK(status_of(answer) == 200);
  CHECK_THAT(answer, Contains("Content-Type: x/y") && !Contains("Content-Length") &&
                         !Contains("chunked") && Catch::EndsWith("\r\n\r\nraw"));
}

TEST_CASE("the server's headers are on every answer, errors among them", "[http]") {
  LocalServer server(echo_request, {}, {{"Api-Version", "1.50"}});
  CHECK_THAT(RawPeer(server).send(kGet).read_until("\r\n\r\n"), Contains("Api-Version: 1.50\r\n"));
  CHECK_THAT(RawPeer(server).send("garbage\r\n\r\n").read_until("\r\n\r\n"),
             Contains("Api-Version: 1.50\r\n"));
}

TEST_CASE("no value that a client chose breaks out of its header", "[http][attack]") {
  LocalServer server([](Exchange& exchange) {
    exchange.respond({.status = 200, .headers = {{"X-Name", exchange.request().query.value("n")}}});
  });
  const auto answer = server.client().request("GET", "/x?n=a%0d%0aX-Evil:%201");
  CHECK_FALSE(answer.headers.has("X-Evil"));
}

TEST_CASE("many clients at once", "[http]") {
  LocalServer server(echo_request);
  std::vector<std::future<int>> clients;
  for (int i = 0; i < 16; ++i) {
    clients.push_back(std::async(std::launch::async, [&server] {
      HttpClient client = server.client();
      int good = 0;
      for (int n = 0; n < 50; ++n)
        good += client.request("POST", "/x", "{}").body == "POST /x [{}]" ? 1 : 0;
      return good;
    }));
  }
  for (auto& client : clients) CHECK(client.get() == 50);
}

TEST_CASE("stop ends idle connections, running streams and raw ones", "[http]") {
  std::vector<RawPeer> peers;
  {
    LocalServer server([](Exchange& exchange) {
      if (exchange.request().path == "/raw") {
        std::array<char, 10> buffer;
        exchange.hijack("x/y").read_some(buffer);
      } else {
        exchange.begin_stream({.status = 200});
        std::array<char, 10> buffer;
        RawStream(UniqueFd(::dup(exchange.fd())), "")
            .read_some(buffer);  // a handler that waits for its client
      }
    });
    for (int i = 0; i < 3; ++i) peers.emplace_back(server);
    peers[0].send("POST /raw HTTP/1.1\r\nHost: h\r\n\r\n").read_until("\r\n\r\n");
    peers[1].send(kGet).read_until("\r\n\r\n");
  }  // would wait ten seconds and more for a connection that does not end
  for (RawPeer& peer : peers) CHECK(peer.read_all().empty());
}

TEST_CASE("the parser of one-thread programs takes the same requests, cut anywhere", "[http]") {
  const std::string request =
      "POST /v1.50/kill?signal=9 HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nbodyREST";
  for (std::size_t cut = 0; cut < request.size(); ++cut) {
    CAPTURE(cut);
    HttpRequestParser parser;
    auto parsed = parser.feed(request.substr(0, cut));
    if (!parsed) parsed = parser.feed(request.substr(cut));
    REQUIRE(parsed);
    CHECK(parsed->path == "/kill");
    CHECK(parsed->query.number("signal") == 9);
    CHECK(parsed->body == "body");
  }
  HttpRequestParser parser;
  parser.feed(request);
  CHECK(parser.take_rest() == "REST");
  CHECK_THROWS_AS(HttpRequestParser().feed("garbage\r\n\r\n"), ApiError);
  CHECK_THROWS_AS(HttpRequestParser({.header_bytes = 100}).feed("GET /" + std::string(1000, 'a')),
                  ApiError);
}
