// POST /containers/create with everything that can be wrong about a body: each is a 400 that names the field, and leaves
// nothing behind. All cases go over one connection, which no case may break.

#include <nlohmann/json.hpp>

#include "01-cli-socket/local_server.hpp"
#include "harbour.hpp"

using namespace slipway;
using namespace slipway::test;
using nlohmann::json;

namespace {

/// "NAME:KIND" of Docker's documentation, HostConfig's behind a '/'. t text, n number, b boolean, T list of texts,
/// c command, m map of texts, N list of numbers, o object, L list of objects, O map of objects, P map of lists.
constexpr const char* kFields =
    "Hostname:t Domainname:t User:t AttachStdin:b AttachStdout:b AttachStderr:b ExposedPorts:O "
    "Tty:b OpenStdin:b "
    "StdinOnce:b Env:T Cmd:c Healthcheck:o Image:t Volumes:O WorkingDir:t Entrypoint:c "
    "NetworkDisabled:b "
    "MacAddress:t OnBuild:T Labels:m StopSignal:t StopTimeout:n Shell:T HostConfig:o "
    "NetworkingConfig:o "
    "/Binds:T /ContainerIDFile:t /LogConfig:o /NetworkMode:t /PortBindings:P /RestartPolicy:o "
    "/AutoRemove:b "
    "/VolumeDriver:t /VolumesFrom:T /ConsoleSize:N /Annotations:m /CapAdd:T /CapDrop:T "
    "/CgroupnsMode:t /Dns:T "
    "/DnsOptions:T /DnsSearch:T /ExtraHosts:T /GroupAdd:T /IpcMode:t /Cgroup:t /Links:T "
    "/OomScoreAdj:n /PidMode:t "
    "/Privileged:b /PublishAllPorts:b /ReadonlyRootfs:b /SecurityOpt:T /StorageOpt:m /Tmpfs:m "
    "/UTSMode:t "
    "/UsernsMode:t /ShmSize:n /Sysctls:m /Runtime:t /Isolation:t /CpuShares:n /Memory:n "
    "/NanoCpus:n "
    "/CgroupParent:t /BlkioWeight:n /BlkioWeightDevice:L /BlkioDeviceReadBps:L "
    "/BlkioDeviceWriteBps:L "
    "/BlkioDeviceReadIOps:L /BlkioDeviceWriteIOps:L /CpuPeriod:n /CpuQuota:n /CpuRealtimePeriod:n "
    "/CpuRealtimeRuntime:n /CpusetCpus:t /CpusetMems:t /Devices:L /DeviceCgroupRules:T "
    "/DeviceRequests:L "
    "/MemoryReservation:n /MemorySwap:n /MemorySwappiness:n /OomKillDisable:b /PidsLimit:n "
    "/Ulimits:L "
    "/CpuCount:n /CpuPercent:n /IOMaximumIOps:n /IOMaximumBandwidth:n /Mounts:L /MaskedPaths:T "
    "/ReadonlyPaths:T "
    "/Init:b";

struct Field {
  std::string name;
  bool host;
  char kind;
};

std::vector<Field> fields() {
  std::vector<Field> list;
  std::istringstream words(kFields);
  for (std::string word; words >> word;) {
    const bool host = word.starts_with('/');
    const std::size_t colon = word.find(':');
    list.push_back({word.substr(host ? 1 : 0, colon - (host ? 1 : 0)), host, word[colon + 1]});
  }
  return list;
}

const std::vector<json>& wrong_values() {
  static const std::vector<json> values = {7,
                                           -1,
                                           1.5,
                                           1e30,
                                           18446744073709551615U,
                                           true,
                                           false,
                                           "x",
                                           "",
                                           json::array(),
                                           json({1}),
                                           json({"a", 1}),
                                           json({json::array()}),
                                           json({{{"a", 1}}}),
                                           json({"a", nullptr, true}),
                                           json::object(),
                                           {{"a", 1}},
                                           {{"a", "b"}},
                                           {{"a", json::array()}},
                                           {{"a", json::object()}},
                                           {{"a", {1}}},
                                           {{"a", {"b"}}},
                                           json({json::object()}),
                                           json({true}),
                                           {{"", false}}};
  return values;
}

bool all_of(const json& list, bool (*fits)(const json&)) {
  return std::all_of(list.begin(), list.end(), fits);
}
bool is_text(const json& value) { return value.is_string(); }
bool is_integer(const json& value) {
  return value.is_number_integer() && !(value.is_number_unsigned() && value > INT64_MAX);
}
bool is_object(const json& value) { return value.is_object() || value.is_null(); }

/// True if a value has the type of a field: then it says nothing about types.
bool fits(const json& value, char kind) {
  switch (kind) {
    case 't':
      return value.is_string();
    case 'n':
      return is_integer(value);
    case 'b':
      return value.is_boolean();
    case 'T':
      return value.is_array() && all_of(value, is_text);
    case 'c':
      return value.is_string() || (value.is_array() && all_of(value, is_text));
    case 'm':
      return value.is_object() && all_of(value, is_text);
    case 'N':
      return value.is_array() && all_of(value, is_integer);
    case 'o':
      return value.is_object();
    case 'L':
      return value.is_array() && all_of(value, is_object);
    case 'O':
      return value.is_object() && all_of(value, is_object);
    default:
      return value.is_object() && std::all_of(value.begin(), value.end(), [](const json& entry) {
               return entry.is_null() || (entry.is_array() && all_of(entry, is_object));
             });
  }
}

/// One connection to an engine, on which bodies are sent and answers read.
class Dialogue {
 public:
  explicit Dialogue(const TestEngine& engine) : peer_(connect_unix(engine.socket())) {}

  struct Answer {
    int status = 0;
    std::string body;
  };
  Answer create(const std::string& body, const std::string& query = {}) {
    ++count_;
    peer_.send("POST /containers/create" + query +
               " HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: " +
               std::to_string(body.size()) + "\r\n\r\n" + body);
    const std::string head = peer_.read_until("\r\n\r\n");
    const std::size_t at = head.find("Content-Length: ");
    if (at == std::string::npos) return {status_of(head), head};
    return {status_of(head), peer_.read(std::stoul(head.substr(at + 16)))};
  }
  [[nodiscard]] int count() const { return count_; }

 private:
  RawPeer peer_;
  int count_ = 0;
};

/// A body that is right but for one field.
json body_with(const std::string& root, const Field& field, const json& value) {
  json body = {{"Image", root}, {"Cmd", {"/probe", "id"}}};
  (field.host ? body["HostConfig"] : body)[field.name] = value;
  return body;
}

void check_nothing_is_left(Harbour& harbour) {
  CHECK(harbour.engine.http("GET", "/containers/json?all=1").json().empty());
  CHECK(harbour.engine.leftovers().empty());
}

}  // namespace

TEST_CASE("every field of a create body, with every wrong type", "[engine][03][attack]") {
  Harbour harbour;
  Dialogue dialogue(harbour.engine);
  for (const Field& field : fields()) {
    for (const json& value : wrong_values()) {
      if (fits(value, field.kind)) continue;
      const json body = body_with(harbour.root, field, value);
      const auto answer = dialogue.create(body.dump());
      if (answer.status == 400 && answer.body.find(field.name) != std::string::npos) continue;
      FAIL_CHECK(body.dump() << " -> " << answer.status << " " << answer.body);
    }
  }
  WARN(dialogue.count() << " bodies");
  CHECK(dialogue.count() > 1500);
  check_nothing_is_left(harbour);
}

TEST_CASE("every text of a create body, with a NUL byte and with bytes that are no UTF-8",
          "[engine][03][attack]") {
  Harbour harbour;
  Dialogue dialogue(harbour.engine);
  for (const Field& field : fields()) {
    json value;
    if (field.kind == 't') value = "/a@b";
    if (field.kind == 'T' || field.kind == 'c') value = {"x", "/a@b"};
    if (field.kind == 'm') value = {{"k", "/a@b"}};
    if (value.is_null()) continue;
    const std::string body = body_with(harbour.root, field, value).dump();
    const auto with = [&](const std::string& text) {
      return body.substr(0, body.find('@')) + text + body.substr(body.find('@') + 1);
    };
    const auto nul = dialogue.create(with("\\u0000"));
    if (nul.status != 400 || nul.body.find(field.name + ": NUL byte") == std::string::npos) {
      FAIL_CHECK(field.name << " with NUL -> " << nul.status << " " << nul.body);
    }
    const auto bytes = dialogue.create(with("\xff"));
    if (bytes.status != 400) FAIL_CHECK(field.name << " with 0xff -> " << bytes.status);
  }
  check_nothing_is_left(harbour);
}

TEST_CASE("a body cut off anywhere is no body", "[engine][03][attack]") {
  Harbour harbour;
  Dialogue dialogue(harbour.engine);
  const std::string body =
      R"({"Image":"/x","Cmd":["a","b"],"Labels":{"a":"\u00e9"},"HostConfig":{"Memory":-12e3,"Init":true,)"
      R"("Ulimits":[{"Name":"core","Soft":0}]},"Healthcheck":{"Test":["NONE"]}})";
  for (std::size_t length = 1; length < body.size(); ++length) {
    const auto answer = dialogue.create(body.substr(0, length));
    if (answer.status != 400) FAIL_CHECK(body.substr(0, length) << " -> " << answer.status);
  }
  check_nothing_is_left(harbour);
}

TEST_CASE("values that make no sense are refused by the name of their field",
          "[engine][03][attack]") {
  Harbour harbour;
  Dialogue dialogue(harbour.engine);
  const std::vector<std::pair<std::string, std::string>> cases = {
      {R"("HostConfig":{"PidMode":"foo"})", "PidMode"},
      {R"("HostConfig":{"PidMode":"container:"})", "PidMode"},
      {R"("HostConfig":{"IpcMode":"foo"})", "IpcMode"},
      {R"("HostConfig":{"UTSMode":"container:x"})", "UTSMode"},
      {R"("HostConfig":{"CgroupnsMode":"foo"})", "CgroupnsMode"},
      {R"("HostConfig":{"UsernsMode":"foo"})", "UsernsMode"},
      {R"("HostConfig":{"LogConfig":{"Type":"papyrus"}})", "papyrus"},
      {R"("HostConfig":{"ShmSize":-1})", "ShmSize"},
      {R"("HostConfig":{"OomScoreAdj":1001})", "OomScoreAdj"},
      {R"("HostConfig":{"CapAdd":["foo"]})", "CapAdd"},
      {R"("HostConfig":{"CapDrop":["\n"]})", "CapDrop"},
      {R"("HostConfig":{"SecurityOpt":["foo"]})", "SecurityOpt"},
      {R"("HostConfig":{"SecurityOpt":["no-new-privileges=maybe"]})", "SecurityOpt"},
      {R"("HostConfig":{"SecurityOpt":["=x"]})", "SecurityOpt"},
      {R"("HostConfig":{"Ulimits":[{"Name":"foo"}]})", "Ulimits[0]"},
      {R"("HostConfig":{"Ulimits":[{"Name":"core","Soft":2,"Hard":1}]})", "Ulimits[0]"},
      {R"("HostConfig":{"Ulimits":[{"Name":"core","Soft":-2,"Hard":-2}]})", "Ulimits[0]"},
      {R"("HostConfig":{"Ulimits":[null]})", "Ulimits[0]"},
      {R"("HostConfig":{"Devices":[{"PathOnHost":"x","PathInContainer":"/x"}]})",
       "Devices[0].PathOnHost"},
      {R"("HostConfig":{"Devices":[{"PathOnHost":"/x","PathInContainer":""}]})", "PathInContainer"},
      {R"("HostConfig":{"Devices":[{"PathOnHost":"/x","PathInContainer":"/x","CgroupPermissions":"q"}]})",
       "CgroupPermissions"},
      {R"("HostConfig":{"Tmpfs":{"rel":""}})", "Tmpfs"},
      {R"("HostConfig":{"Tmpfs":{"":""}})", "Tmpfs"},
      {R"("HostConfig":{"Tmpfs":{"/a/..":""}})", "Tmpfs"},
      {R"("HostConfig":{"Tmpfs":{"/a":"bind"}})", "Tmpfs"},
      {R"("HostConfig":{"Tmpfs":{"/a":"size"}})", "Tmpfs"},
      {R"("HostConfig":{"Tmpfs":{"/a":"lowerdir=/"}})", "Tmpfs"},
      {R"("HostConfig":{"Sysctls":{"vm.x":"1"}})", "Sysctls"},
      {R"("HostConfig":{"Sysctls":{"net.x":"1\n2"}})", "Sysctls"},
      {R"("HostConfig":{"Annotations":{"":"x"}})", "Annotations"},
      {R"("HostConfig":{"Annotations":{"io.slipway.user":"0"}})", "Annotations"},
      {R"("HostConfig":{"GroupAdd":["a b"]})", "GroupAdd"},
      {R"("HostConfig":{"GroupAdd":["4294967296"]})", "GroupAdd"},
      {R"("HostConfig":{"MaskedPaths":["proc"]})", "MaskedPaths"},
      {R"("HostConfig":{"NetworkMode":"container:"})", "NetworkMode"},
      {R"("Hostname":"a\nb")", "Hostname"},
      {R"("Domainname":"a b")", "Domainname"},
      {R"("User":"1:2:3")", "User"},
      {R"("User":"a\nb:x")", "User"},
      {R"("Env":["=x"])", "Env"},
      {R"("Env":[""])", "Env"},
      {R"("WorkingDir":"rel")", "working directory"},
      {R"("StopSignal":"SIGNOTHING")", "signal"},
      {R"("Healthcheck":{"Interval":-1})", "Interval"},
      {R"("Healthcheck":{"Timeout":5})", "Timeout"},
      {R"("Healthcheck":{"Retries":-1})", "Retries"},
      {R"("Healthcheck":{"Test":"true"})", "Healthcheck.Test"},
      {R"("ExposedPorts":{"80/tcp":5})", "ExposedPorts"},
      {R"("NetworkingConfig":{"EndpointsConfig":{"a":{"Aliases":"x"}}})", "Aliases"},
      {R"("HostConfig":{"Mounts":[{"Type":"tmpfs","TmpfsOptions":{"Mode":"755"}}]})",
       "TmpfsOptions.Mode"},
      {R"("HostConfig":{"PortBindings":{"80/tcp":[{"HostPort":80}]}})", "HostPort"},
  };
  for (const auto& [part, field] : cases) {
    const auto answer =
        dialogue.create(R"({"Image":")" + harbour.root + R"(","Cmd":["/probe"],)" + part + "}");
    if (answer.status == 400 && answer.body.find(field) != std::string::npos) continue;
    FAIL_CHECK(part << " -> " << answer.status << " " << answer.body);
  }
  check_nothing_is_left(harbour);
}

TEST_CASE("what is too long is refused by its name", "[engine][03][attack]") {
  Harbour harbour;
  Dialogue dialogue(harbour.engine);
  const auto refused = [&](const std::string& part, const std::string& field,
                           const std::string& query = {}) {
    const auto answer = dialogue.create(
        R"({"Image":")" + harbour.root + R"(","Cmd":["/probe"])" + part + "}", query);
    INFO(field << ": " << answer.status << " " << answer.body.substr(0, 300));
    CHECK(answer.status == 400);
    CHECK_THAT(answer.body, Catch::Contains(field));
    CHECK(answer.body.size() < 2000);  // it does not send the ten megabytes back
  };
  const std::string huge(10'000'000, 'x');
  refused(R"(,"Labels":{"a":")" + huge + R"("})", "Labels");
  refused(R"(,"HostConfig":{"Annotations":{")" + huge + R"(":""}})", "Annotations");
  refused(R"(,"Hostname":")" + huge + R"(")", "Hostname");
  refused(R"(,"User":")" + huge.substr(0, 100'000) + R"(")", "User");
  refused("", "name", "?name=" + std::string(1000, 'n'));
  check_nothing_is_left(harbour);
}
