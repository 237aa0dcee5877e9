// The engine's half: Docker's HostConfig in, sections of the OCI spec out.

#include "03-namespaces/engine/namespace_module.hpp"

#include "01-cli-socket/api_error.hpp"
#include "03-namespaces/base/capabilities.hpp"
#include "03-namespaces/base/mount_options.hpp"
#include "03-namespaces/engine/default_spec.hpp"
#include "03-namespaces/engine/directory_root_module.hpp"
#include "harness/harness.hpp"

using namespace slipway;
using namespace slipway::test;
using nlohmann::json;

namespace {

const std::string kId = "0123456789ab" + std::string(52, 'c');

/// The spec that a create body leads to.
json spec_of(const json& config, const json& host_config, const json& env = json::array()) {
  NamespaceModule module;
  CreateRequest request{.config = config, .host_config = host_config};
  module.check(request);
  const ContainerRecord record{
      .id = kId, .config = request.config, .host_config = request.host_config};
  json spec = {{"process", {{"env", env}}}};
  Trace trace;
  StartContext start{record, "", spec, trace};
  module.prepare(start);
  return spec;
}

std::vector<std::string> namespace_types(const json& spec) {
  std::vector<std::string> types;
  for (const json& entry : spec["linux"]["namespaces"]) types.push_back(entry["type"]);
  return types;
}

std::string refusal(const json& config, const json& host_config) {
  try {
    spec_of(config, host_config);
  } catch (const ApiError& error) {
    CHECK(error.status() == 400);
    return error.what();
  }
  return "accepted";
}

}  // namespace

TEST_CASE("a container without wishes gets every wall", "[unit][spec]") {
  const json spec = spec_of(json::object(), nullptr);
  CHECK(spec["hostname"] == kId.substr(0, 12));
  CHECK(namespace_types(spec) ==
        std::vector<std::string>{"mount", "pid", "ipc", "uts", "cgroup", "network"});
  CHECK(spec["process"]["capabilities"]["bounding"].size() == 14);
  CHECK(spec["process"]["capabilities"]["inheritable"].empty());  // CVE-2022-24769
  CHECK(spec["process"]["capabilities"]["ambient"].empty());
  CHECK(spec["annotations"]["io.slipway.user"] == "");
  CHECK(spec["root"]["readonly"] == false);
  CHECK(spec["linux"]["readonlyPaths"] == json(default_readonly_paths()));
  for (const char* path :
       {"/proc/kcore", "/proc/keys", "/sys/firmware", "/sys/devices/virtual/powercap"}) {
    INFO(path);
    CHECK(spec["linux"]["maskedPaths"].dump().find(path) != std::string::npos);
  }
}

TEST_CASE("mounts are docker's, in docker's order", "[unit][spec]") {
  const json mounts = spec_of(json::object(), {{"ShmSize", 1048576}})["mounts"];
  std::string order;
  for (const json& entry : mounts) order += entry["destination"].get<std::string>() + " ";
  CHECK(order == "/proc /dev /dev/pts /sys /dev/mqueue /dev/shm ");
  CHECK(mounts[5]["options"] == json({"nosuid", "noexec", "nodev", "mode=1777", "size=1048576"}));
}

TEST_CASE("a namespace may be shared with the host, one by one", "[unit][spec]") {
  const auto [field, kind] =
      GENERATE(table<std::string, std::string>({{"PidMode", "pid"},
                                                {"IpcMode", "ipc"},
                                                {"UTSMode", "uts"},
                                                {"CgroupnsMode", "cgroup"},
                                                {"NetworkMode", "network"}}));
  INFO(field);
  const auto types = namespace_types(spec_of(json::object(), {{field, "host"}}));
  CHECK(types.size() == 5);
  CHECK(std::find(types.begin(), types.end(), kind) == types.end());
}

TEST_CASE("the host's UTS namespace keeps its name", "[unit][spec]") {
  CHECK_FALSE(spec_of(json::object(), {{"UTSMode", "host"}}).contains("hostname"));
}

TEST_CASE("networks that are not the host's are a namespace of their own", "[unit][spec]") {
  const auto mode =
      GENERATE(values<std::string>({"", "default", "bridge", "none", "some-network"}));
  CHECK(namespace_types(spec_of(json::object(), {{"NetworkMode", mode}})).size() == 6);
}

TEST_CASE("privileged lifts masks and grants what the engine has", "[unit][spec]") {
  const json spec = spec_of(json::object(), {{"Privileged", true}});
  CHECK(spec["linux"]["maskedPaths"].empty());
  CHECK(spec["linux"]["readonlyPaths"].empty());
  CHECK(parse_capabilities(spec["process"]["capabilities"]["bounding"]) == bounding_set());
}

TEST_CASE("an empty list of masked paths means none", "[unit][spec]") {
  CHECK(spec_of(json::object(), {{"MaskedPaths", json::array()}})["linux"]["maskedPaths"].empty());
}

TEST_CASE("the environment has docker's order", "[unit][spec]") {
  const json config = {{"Hostname", "web"}, {"Tty", true}};
  const json env = {"A=1", "PATH=/bin", "A=2", "TERM"};
  CHECK(spec_of(config, nullptr, env)["process"]["env"] ==
        json({"PATH=/bin", "HOSTNAME=web", "A=2"}));
  CHECK(spec_of(config, nullptr)["process"]["env"] ==
        json({"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOSTNAME=web",
              "TERM=xterm"}));
}

TEST_CASE("bad create fields are refused with their names", "[unit][spec]") {
  const auto [config, host_config, words] = GENERATE(table<json, json, std::string>({
      {{{"Hostname", "a\nb"}}, nullptr, "Hostname"},
      {{{"Hostname", std::string(65, 'x')}}, nullptr, "Hostname"},
      {{{"Domainname", "a b"}}, nullptr, "Domainname"},
      {{{"Hostname", 5}}, nullptr, "Hostname: expected a string"},
      {{{"User", "1:2:3"}}, nullptr, "User: invalid user"},
      {{{"User", "4294967296"}}, nullptr, "User: uids and gids must be in range"},
      {{{"User", json::array()}}, nullptr, "User: expected a string"},
      {json::object(), {{"GroupAdd", {"a,b"}}}, "HostConfig.GroupAdd"},
      {json::object(), {{"PidMode", "foo"}}, "invalid PID mode: foo"},
      {json::object(), {{"IpcMode", "foo"}}, "invalid IPC mode: foo"},
      {json::object(), {{"UTSMode", "foo"}}, "invalid UTS mode: foo"},
      {json::object(), {{"CgroupnsMode", "foo"}}, "invalid cgroup namespace mode: foo"},
      {json::object(), {{"UsernsMode", "foo"}}, "invalid USER mode: foo"},
      {json::object(), {{"PidMode", "container:"}}, "HostConfig.PidMode"},
      {json::object(), {{"UTSMode", "container:x"}}, "HostConfig.UTSMode"},
      {json::object(), {{"ShmSize", -1}}, "SHM size can not be less than 0"},
      {json::object(), {{"ShmSize", "64m"}}, "HostConfig.ShmSize: expected a whole number"},
      {json::object(), {{"Privileged", "yes"}}, "HostConfig.Privileged"},
      {json::object(), {{"ReadonlyRootfs", 1}}, "HostConfig.ReadonlyRootfs"},
      {json::object(), {{"MaskedPaths", {1}}}, "HostConfig.MaskedPaths"},
      {{{"Hostname", "x"}},
       {{"UTSMode", "host"}},
       "conflicting options: hostname and the UTS mode"},
  }));
  INFO(config << " " << host_config);
  CHECK_THAT(refusal(config, host_config), Catch::Contains(words));
}

TEST_CASE("inspect shows what was filled in", "[unit][spec]") {
  NamespaceModule module;
  CreateRequest request{.config = json::object(), .host_config = json::object()};
  module.check(request);
  CHECK(request.host_config["ShmSize"] == 67108864);
  CHECK(request.host_config["IpcMode"] == "private");
  CHECK(request.host_config["MaskedPaths"] == json(default_masked_paths()));
  json inspect;
  module.describe({.id = kId, .config = request.config, .host_config = request.host_config},
                  inspect);
  CHECK(inspect["Config"]["Hostname"] == kId.substr(0, 12));
}

TEST_CASE("a root is an absolute folder of the host", "[unit][spec]") {
  DirectoryRootModule module;
  const TempFolder folder;
  const auto status_of = [&](const json& image) {
    CreateRequest request{.config = {{"Image", image}}};
    try {
      module.check(request);
    } catch (const ApiError& error) {
      return error.status();
    }
    return 200;
  };
  CHECK(status_of(folder.path().string()) == 200);
  CHECK(status_of("busybox") == 400);
  CHECK(status_of("") == 400);
  CHECK(status_of(nullptr) == 400);
  CHECK(status_of(folder.path() / "nosuch") == 404);
  CHECK(status_of("/etc/passwd") == 404);
}

TEST_CASE("mount options go to whom they belong", "[unit][spec]") {
  const MountOptions options = parse_mount_options({"rbind", "ro", "nosuid", "noatime", "size=64m",
                                                    "rslave", "newinstance", "suid", "defaults"});
  CHECK(options.bind);
  CHECK(options.recursive);
  CHECK(options.set == (MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOATIME));
  CHECK(options.clear == (MOUNT_ATTR_NOSUID | MOUNT_ATTR__ATIME));
  CHECK(options.propagation == MS_SLAVE);
  CHECK(options.parameters == FsParameters{{"size", "64m"}, {"newinstance", ""}});
}

TEST_CASE("numbers of users and groups stand in the spec, names in annotations", "[unit][spec]") {
  const json spec = spec_of({{"User", "7:8"}}, {{"GroupAdd", {"9", "staff"}}});
  CHECK(spec["process"]["user"] == json({{"uid", 7}, {"gid", 8}, {"additionalGids", {9}}}));
  CHECK(spec["annotations"]["io.slipway.user"] == "7:8");
  CHECK(spec["annotations"]["io.slipway.groups"] == "9,staff");
  CHECK(spec_of({{"User", "app"}}, nullptr)["process"]["user"] == json({{"uid", 0}, {"gid", 0}}));
}

TEST_CASE("limits, settings, devices and annotations have their places in the spec",
          "[unit][spec]") {
  const json spec =
      spec_of(json::object(), {{"Ulimits", {{{"Name", "nofile"}, {"Soft", 1}, {"Hard", 2}}}},
                               {"OomScoreAdj", 5},
                               {"Sysctls", {{"net.a", "1"}}},
                               {"Annotations", {{"org.a", "b"}}},
                               {"Devices",
                                {{{"PathOnHost", "/dev/null"},
                                  {"PathInContainer", "/dev/n"},
                                  {"CgroupPermissions", "r"}}}}});
  CHECK(spec["process"]["rlimits"] ==
        json({{{"type", "RLIMIT_NOFILE"}, {"soft", 1}, {"hard", 2}}}));
  CHECK(spec["process"]["oomScoreAdj"] == 5);
  CHECK(spec["linux"]["sysctl"] == json({{"net.a", "1"}}));
  CHECK(spec["annotations"]["org.a"] == "b");
  CHECK(spec["linux"]["devices"][0]["path"] == "/dev/n");
  CHECK(spec["linux"]["devices"][0]["major"] == 1);
}

TEST_CASE("--init is the first process, unless the container is not alone", "[unit][spec]") {
  const auto args = [](const json& host_config) {
    NamespaceModule module;
    const ContainerRecord record{.id = kId, .host_config = host_config};
    json spec = {{"process", {{"env", json::array()}, {"args", {"a", "b"}}}}};
    Trace trace;
    StartContext start{record, "", spec, trace};
    module.prepare(start);
    return spec["process"]["args"];
  };
  CHECK(args({{"Init", true}}) == json({"/sbin/docker-init", "--", "a", "b"}));
  CHECK(args({{"Init", true}, {"PidMode", "host"}}) == json({"a", "b"}));
  CHECK(args({{"Init", false}}) == json({"a", "b"}));
}

TEST_CASE("capabilities are known by name", "[unit][spec]") {
  CHECK(parse_capabilities(default_capabilities()) ==
        0xa80425fb);  // what /proc/PID/status shows under docker
  CHECK(capability_names(parse_capabilities(default_capabilities())) == default_capabilities());
  CHECK_THROWS_WITH(parse_capabilities({"CAP_NOSUCH"}), Catch::Contains("CAP_NOSUCH"));
}
