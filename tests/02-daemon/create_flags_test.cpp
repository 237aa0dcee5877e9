/// \file
/// From the flags of `run` to the body of POST /containers/create.

#include <nlohmann/json.hpp>

#include "01-cli-socket/cli_app.hpp"
#include "02-daemon/cli/create_fields.hpp"
#include "02-daemon/cli/create_flags.hpp"
#include "harness/harness.hpp"

using namespace slipway;
using namespace slipway::test;
using Catch::Contains;
using nlohmann::json;

namespace {

/// The body that these flags make, for image "i".
json body_of(const std::vector<std::string>& words, bool attached = false) {
  CreateFlags flags;
  parse_options(words, flags.options(), true);
  json body = flags.body(attached);
  body.erase("Image");  // positionals are stored by run_cli
  return body;
}

}  // namespace

TEST_CASE("a field that nobody asked for is not sent", "[create]") {
  CHECK(body_of({"i"}) == json::parse(R"({"HostConfig":{}})"));
}

TEST_CASE("flags and the fields that they are", "[create]") {
  const auto [line, expected] = GENERATE(table<std::string, std::string>(
      {{"-h web -u 1:2 -w /x",
        R"({"HostConfig":{},"Hostname":"web","User":"1:2","WorkingDir":"/x"})"},
       {"-e A=1 -e B=", R"({"HostConfig":{},"Env":["A=1","B="]})"},
       {"--entrypoint=", R"({"HostConfig":{},"Entrypoint":[""]})"},
       {"--entrypoint /bin/sh", R"({"HostConfig":{},"Entrypoint":["/bin/sh"]})"},
       {"-l a=b --label c", R"({"HostConfig":{},"Labels":{"a":"b","c":""}})"},
       {"-m 512m --cpus 1.5 --pids-limit -1",
        R"({"HostConfig":{"Memory":536870912,"NanoCpus":1500000000,"PidsLimit":-1}})"},
       {"--memory-swap -1", R"({"HostConfig":{"MemorySwap":-1}})"},
       {"--read-only --init --privileged",
        R"({"HostConfig":{"ReadonlyRootfs":true,"Init":true,"Privileged":true}})"},
       {"--network none", R"({"HostConfig":{"NetworkMode":"none"}})"},
       {"--network n --network-alias a",
        R"({"HostConfig":{"NetworkMode":"n"},"NetworkingConfig":{"EndpointsConfig":{"n":{"Aliases":["a"]}}}})"},
       {"-v /a:/b:ro -v n:/c -v /d",
        R"({"HostConfig":{"Binds":["/a:/b:ro","n:/c"]},"Volumes":{"/d":{}}})"},
       {"--tmpfs /t:size=1m --tmpfs /u", R"({"HostConfig":{"Tmpfs":{"/t":"size=1m","/u":""}}})"},
       {"--mount type=bind,src=/a,dst=/b,readonly",
        R"({"HostConfig":{"Mounts":[{"Type":"bind","Source":"/a","Target":"/b","ReadOnly":true}]}})"},
       {"--restart on-failure:3",
        R"({"HostConfig":{"RestartPolicy":{"Name":"on-failure","MaximumRetryCount":3}}})"},
       {"--ulimit nofile=1024:2048 --ulimit core=0",
        R"({"HostConfig":{"Ulimits":[{"Name":"core","Soft":0,"Hard":0},{"Name":"nofile","Soft":1024,"Hard":2048}]}})"},
       {"--device /dev/fuse --device /dev/a:/dev/b:rw",
        R"({"HostConfig":{"Devices":[{"PathOnHost":"/dev/fuse","PathInContainer":"/dev/fuse","CgroupPermissions":"rwm"},{"PathOnHost":"/dev/a","PathInContainer":"/dev/b","CgroupPermissions":"rw"}]}})"},
       {"--log-driver json-file --log-opt max-size=1m",
        R"({"HostConfig":{"LogConfig":{"Type":"json-file","Config":{"max-size":"1m"}}}})"},
       {"--health-interval 1m30s --health-retries 2",
        R"({"HostConfig":{},"Healthcheck":{"Interval":90000000000,"Retries":2}})"},
       {"-p 8080:80 -p 53/udp",
        R"({"HostConfig":{"PortBindings":{"80/tcp":[{"HostIp":"","HostPort":"8080"}],"53/udp":[{"HostIp":"","HostPort":""}]}},"ExposedPorts":{"80/tcp":{},"53/udp":{}}})"},
       {"--expose 7000-7001/udp",
        R"({"HostConfig":{},"ExposedPorts":{"7000/udp":{},"7001/udp":{}}})"},
       {"--rm -i -t", R"({"HostConfig":{"AutoRemove":true},"OpenStdin":true,"Tty":true})"}}));
  CAPTURE(line);
  std::vector<std::string> words;
  std::istringstream split(line);
  for (std::string word; split >> word;) words.push_back(word);
  words.push_back("i");
  CHECK(body_of(words) == json::parse(expected));
}

TEST_CASE("what is attached, and what -a narrows it to", "[create]") {
  CHECK(body_of({"i"}, true) ==
        json::parse(R"({"HostConfig":{},"AttachStdout":true,"AttachStderr":true})"));
  CHECK(
      body_of({"-i", "i"}, true) ==
      json::parse(
          R"({"HostConfig":{},"AttachStdin":true,"AttachStdout":true,"AttachStderr":true,"OpenStdin":true,"StdinOnce":true})"));
  CHECK(body_of({"-a", "STDOUT", "i"}, true) ==
        json::parse(R"({"HostConfig":{},"AttachStdout":true})"));
}

TEST_CASE("published ports in all their forms", "[create]") {
  const auto publish = [](const std::string& text) {
    json bindings, exposed;
    add_published_port(text, bindings, exposed);
    return bindings.dump();
  };
  CHECK(publish("127.0.0.1:8080:80") == R"({"80/tcp":[{"HostIp":"127.0.0.1","HostPort":"8080"}]})");
  CHECK(publish("127.0.0.1::80") == R"({"80/tcp":[{"HostIp":"127.0.0.1","HostPort":""}]})");
  CHECK(publish("[::1]:8080:80/udp") == R"({"80/udp":[{"HostIp":"::1","HostPort":"8080"}]})");
  CHECK(
      publish("8000-8001:80-81") ==
      R"({"80/tcp":[{"HostIp":"","HostPort":"8000"}],"81/tcp":[{"HostIp":"","HostPort":"8001"}]})");
  CHECK(publish("8000-8010:80") == R"({"80/tcp":[{"HostIp":"","HostPort":"8000-8010"}]})");
  const auto bad = GENERATE(values<std::string>(
      {"", "x", "0", "65536", "80/icmp", "8000-8001:80-85", "80-79", "8080:", "-80", "1:2:3:x"}));
  CAPTURE(bad);
  CHECK_THROWS(publish(bad));
}

TEST_CASE("values that are wrong are quoted", "[create]") {
  const auto [words, quoted] = GENERATE(table<std::vector<std::string>, std::string>(
      {{{"-m", "lots", "i"}, "lots"},
       {{"--cpus", "two", "i"}, "two"},
       {{"--ulimit", "nofile", "i"}, "'"},
       {{"--restart", "on-failure:x", "i"}, "x"},
       {{"--mount", "type=bind,nonsense=1", "i"}, "nonsense"},
       {{"--mount", "type=bind,src=/a", "i"}, "target is required"},
       {{"--env-file", "/no/such/file", "i"}, "/no/such/file"},
       {{"--stop-timeout", "x", "i"}, "x"}}));
  CHECK_THROWS_WITH(body_of(words), Contains(quoted));
}

TEST_CASE("env files, and variables taken from our own environment", "[create]") {
  TempFolder folder;
  const std::string file = (folder.path() / "env").string();
  write_text(file,
             "# a comment\nA=1\n\n  B=two words\r\nSLIPWAY_TEST_GIVEN\nSLIPWAY_TEST_MISSING\n");
  ::setenv("SLIPWAY_TEST_GIVEN", "yes", 1);
  CHECK(body_of({"--env-file", file, "-e", "C=3", "i"})["Env"] ==
        json({"A=1", "B=two words", "SLIPWAY_TEST_GIVEN=yes", "C=3"}));
  ::unsetenv("SLIPWAY_TEST_GIVEN");
}

TEST_CASE("name and platform are in the query", "[create]") {
  CreateFlags flags;
  parse_options({"--name", "a b", "--platform", "linux/amd64", "i"}, flags.options(), true);
  CHECK(flags.target() == "/containers/create?name=a%20b&platform=linux/amd64");
}
