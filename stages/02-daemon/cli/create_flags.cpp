#include "create_flags.hpp"

#include <algorithm>
#include <array>
#include <stdexcept>

#include "create_fields.hpp"
#include "create_options.hpp"
#include "env_file.hpp"

namespace slipway {

using nlohmann::json;

namespace {

/// A flag that is one field of the request: the engine gives it its meaning.
struct PlainField {
  const char* names;
  const char* pointer;  ///< where its value stands in the body (RFC 6901)
  FieldKind kind;
  const char* help;
};

using enum FieldKind;

constexpr std::array kPlainFields = std::to_array<PlainField>({
    {"-h,--hostname", "/Hostname", text, "Container host name"},
    {"--domainname", "/Domainname", text, "Container domain name"},
    {"-u,--user", "/User", text, "User and group: NAME|UID[:GROUP|GID]"},
    {"-w,--workdir", "/WorkingDir", text, "Working directory inside the container"},
    {"--stop-signal", "/StopSignal", text, "Signal that stops the container"},
    {"--stop-timeout", "/StopTimeout", number, "Seconds to wait for it before killing"},
    {"--health-cmd", "/Healthcheck/Test", shell, "Command that checks the container's health"},
    {"--health-interval", "/Healthcheck/Interval", duration, "Time between checks: 30s"},
    {"--health-retries", "/Healthcheck/Retries", number, "Failures in a row that mean unhealthy"},
    {"--health-start-period", "/Healthcheck/StartPeriod", duration,
     "Time to start up before failures count"},
    {"--health-start-interval", "/Healthcheck/StartInterval", duration,
     "Time between checks while it starts up"},
    {"--health-timeout", "/Healthcheck/Timeout", duration, "Longest time for one check"},
    {"--read-only", "/HostConfig/ReadonlyRootfs", flag, "Mount the container's root read-only"},
    {"--init", "/HostConfig/Init", flag, "Run an init that forwards signals and reaps processes"},
    {"--privileged", "/HostConfig/Privileged", flag, "Give the container all privileges"},
    {"-P,--publish-all", "/HostConfig/PublishAllPorts", flag,
     "Publish all exposed ports to random ports"},
    {"-m,--memory", "/HostConfig/Memory", size, "Memory limit: 512m"},
    {"--memory-swap", "/HostConfig/MemorySwap", size,
     "Limit of memory and swap together; -1: none"},
    {"--memory-reservation", "/HostConfig/MemoryReservation", size, "Soft memory limit"},
    {"--cpus", "/HostConfig/NanoCpus", cpus, "Number of processors: 1.5"},
    {"-c,--cpu-shares", "/HostConfig/CpuShares", number, "Relative weight of processor time"},
    {"--cpu-period", "/HostConfig/CpuPeriod", number, "CFS period in microseconds"},
    {"--cpu-quota", "/HostConfig/CpuQuota", number, "CFS quota in microseconds"},
    {"--cpuset-cpus", "/HostConfig/CpusetCpus", text, "Processors to run on: 0-3,5"},
    {"--cpuset-mems", "/HostConfig/CpusetMems", text, "Memory nodes to use"},
    {"--memory-swappiness", "/HostConfig/MemorySwappiness", number,
     "How readily its memory is swapped out: 0 to 100"},
    {"--kernel-memory", "/HostConfig/KernelMemory", size, "Kernel memory limit (no kernel has it)"},
    {"--cpu-rt-period", "/HostConfig/CpuRealtimePeriod", number, "Realtime period in microseconds"},
    {"--cpu-rt-runtime", "/HostConfig/CpuRealtimeRuntime", number,
     "Realtime runtime in microseconds"},
    {"--blkio-weight", "/HostConfig/BlkioWeight", number, "Block I/O weight: 10 to 1000"},
    {"--blkio-weight-device", "/HostConfig/BlkioWeightDevice", weights,
     "The same for one device: /dev/sda:500"},
    {"--device-read-bps", "/HostConfig/BlkioDeviceReadBps", byte_rates,
     "Bytes a second from a device: /dev/sda:1mb"},
    {"--device-write-bps", "/HostConfig/BlkioDeviceWriteBps", byte_rates,
     "Bytes a second to a device"},
    {"--device-read-iops", "/HostConfig/BlkioDeviceReadIOps", rates,
     "Reads a second from a device: /dev/sda:1000"},
    {"--device-write-iops", "/HostConfig/BlkioDeviceWriteIOps", rates,
     "Writes a second to a device"},
    {"--pids-limit", "/HostConfig/PidsLimit", number, "Limit of processes; -1: none"},
    {"--oom-kill-disable", "/HostConfig/OomKillDisable", flag, "Do not kill when memory runs out"},
    {"--oom-score-adj", "/HostConfig/OomScoreAdj", number,
     "Preference of the OOM killer (-1000 to 1000)"},
    {"--shm-size", "/HostConfig/ShmSize", size, "Size of /dev/shm"},
    {"--ulimit", "/HostConfig/Ulimits", ulimits, "Resource limit: nofile=1024:2048"},
    {"--cap-add", "/HostConfig/CapAdd", powers, "Add a capability"},
    {"--cap-drop", "/HostConfig/CapDrop", powers, "Drop a capability"},
    {"--group-add", "/HostConfig/GroupAdd", texts, "Add a group to the process"},
    {"--device", "/HostConfig/Devices", devices, "Add a device: /dev/a[:/dev/b[:rwm]]"},
    {"--device-cgroup-rule", "/HostConfig/DeviceCgroupRules", rules,
     "Rule for the devices that may be used: \"c 1:3 rwm\""},
    {"--sysctl", "/HostConfig/Sysctls", map, "Kernel setting of a namespace: KEY=VALUE"},
    {"--tmpfs", "/HostConfig/Tmpfs", paths, "Mount a tmpfs: PATH[:OPTIONS]"},
    {"--mount", "/HostConfig/Mounts", mounts, "Mount: type=bind,src=/a,dst=/b[,readonly]"},
    {"--volumes-from", "/HostConfig/VolumesFrom", texts, "Mount the volumes of another container"},
    {"--add-host", "/HostConfig/ExtraHosts", texts, "Line for /etc/hosts: NAME:IP"},
    {"--dns", "/HostConfig/Dns", texts, "DNS server"},
    {"--dns-search", "/HostConfig/DnsSearch", texts, "DNS search domain"},
    {"--dns-option", "/HostConfig/DnsOptions", texts, "Option for resolv.conf"},
    {"--link", "/HostConfig/Links", texts, "Link to another container"},
    {"--pid", "/HostConfig/PidMode", text, "PID namespace: host, container:NAME"},
    {"--ipc", "/HostConfig/IpcMode", text, "IPC namespace: private, host, container:NAME"},
    {"--uts", "/HostConfig/UTSMode", text, "UTS namespace: host"},
    {"--userns", "/HostConfig/UsernsMode", text, "User namespace: host"},
    {"--cgroupns", "/HostConfig/CgroupnsMode", text, "Cgroup namespace: private, host"},
    {"--cgroup-parent", "/HostConfig/CgroupParent", text, "Parent cgroup"},
    {"--restart", "/HostConfig/RestartPolicy", restart,
     "no, always, unless-stopped, on-failure[:MAX]"},
    {"--log-driver", "/HostConfig/LogConfig/Type", text, "Where the log goes"},
    {"--log-opt", "/HostConfig/LogConfig/Config", map, "Option of the log driver: KEY=VALUE"},
    {"--runtime", "/HostConfig/Runtime", text, "Runtime to use"},
    {"--annotation", "/HostConfig/Annotations", map, "OCI annotation: KEY=VALUE"},
});

bool takes_list(FieldKind kind) {
  constexpr std::array kLists = {texts,  map,   paths,   ulimits,    devices, mounts,
                                 powers, rules, weights, byte_rates, rates};
  return std::find(kLists.begin(), kLists.end(), kind) != kLists.end();
}

/// `-v HOST:PATH[:OPTIONS]` and `-v NAME:PATH` are binds, `-v PATH` is a volume without a name.
void add_volume(const std::string& text, json& body) {
  if (text.find(':') == std::string::npos) {
    body["Volumes"][text] = json::object();
  } else {
    body["HostConfig"]["Binds"].push_back(text);
  }
}

}  // namespace

CreateFlags::CreateFlags() : values_(kPlainFields.size()) {}

std::vector<Option> CreateFlags::options() {
  std::vector<Option> options{
      {"-i,--interactive", &interactive_, "Keep stdin open"},
      {"-t,--tty", &tty_, "Give the container a terminal"},
      {"--rm", &auto_remove_, "Remove the container when it ends"},
      {"--name", &name_, "Name of the container"},
      {"--platform", &platform_, "Wanted platform: OS/ARCH"},
      {"-a,--attach", &attach_, "Attach stdin, stdout or stderr only"},
      {"-e,--env", &env_, "Set an environment variable: NAME=VALUE"},
      {"--env-file", &env_files_, "Read environment variables from a file"},
      {"--entrypoint", &entrypoint_, "Program to run in place of the image's"},
      {"-l,--label", &labels_, "Set a label: KEY=VALUE"},
      {"--label-file", &label_files_, "Read labels from a file"},
      {"--no-healthcheck", &no_healthcheck_, "Do not run the image's health check"},
      {"--security-opt", &security_, "no-new-privileges, seccomp=FILE, systempaths=unconfined, …"},
      {"-v,--volume", &volumes_, "Bind mount or volume: SOURCE:PATH[:ro]"},
      {"-p,--publish", &publish_, "Publish a port: [[IP:]HOST:]CONTAINER[/PROTOCOL]"},
      {"--expose", &expose_, "Expose a port or a range"},
      {"--network,--net", &network_, "Network to join: bridge, none, host, NAME"},
      {"--network-alias", &network_aliases_, "Another name on that network"}};
  for (std::size_t i = 0; i < kPlainFields.size(); ++i) {
    const PlainField& field = kPlainFields[i];
    OptionTarget target = &values_[i].text;
    if (field.kind == flag) target = &values_[i].flag;
    if (takes_list(field.kind)) target = &values_[i].list;
    options.push_back({field.names, target, field.help});
  }
  options.push_back({"image", &image_, "", true});
  options.push_back({"command", &command_, ""});
  return options;
}

bool CreateFlags::attaches(const std::string& stream) const {
  const bool named = std::any_of(attach_.begin(), attach_.end(), [&](std::string word) {
    std::transform(word.begin(), word.end(), word.begin(),
                   [](unsigned char c) { return std::tolower(c); });
    if (word != "stdin" && word != "stdout" && word != "stderr") {
      throw std::runtime_error("invalid argument \"" + word +
                               "\" for \"-a, --attach\" flag: valid streams are STDIN, STDOUT and "
                               "STDERR");
    }
    return word == stream;
  });
  // -i is an attached stdin, whatever -a says of the other two.
  return named || (stream == "stdin" ? interactive_ : attach_.empty());
}

json CreateFlags::body(bool attached) const {
  json body = {{"Image", image_}, {"HostConfig", json::object()}};
  for (std::size_t i = 0; i < kPlainFields.size(); ++i) {
    std::vector<std::string> given = values_[i].list;
    if (values_[i].text) given = {*values_[i].text};
    if (values_[i].flag) given = {"true"};
    if (!given.empty())
      body[json::json_pointer(kPlainFields[i].pointer)] = field_json(kPlainFields[i].kind, given);
  }
  if (!command_.empty()) body["Cmd"] = command_;
  if (entrypoint_) body["Entrypoint"] = json::array({*entrypoint_});
  const auto environment = environment_of(env_files_, env_);
  if (!environment.empty()) body["Env"] = environment;
  const auto labels = labels_of(label_files_, labels_);
  if (!labels.empty()) body["Labels"] = field_json(map, labels);
  add_security_options(security_, body["HostConfig"]);
  for (const std::string& text : volumes_) add_volume(text, body);
  for (const std::string& text : publish_) {
    add_published_port(text, body["HostConfig"]["PortBindings"], body["ExposedPorts"]);
  }
  for (const std::string& text : expose_) add_exposed_ports(text, body["ExposedPorts"]);
  if (!network_.empty()) body["HostConfig"]["NetworkMode"] = network_;
  if (!network_aliases_.empty()) {
    body["NetworkingConfig"]["EndpointsConfig"][network_.empty() ? "default" : network_]
        ["Aliases"] = network_aliases_;
  }
  if (auto_remove_) body["HostConfig"]["AutoRemove"] = true;
  if (tty_) body["Tty"] = true;
  if (interactive_) body["OpenStdin"] = true;
  if (no_healthcheck_) add_no_healthcheck(body);
  // A container that we leave alone keeps its stdin open for whoever attaches later.
  if (interactive_ && attached) body["StdinOnce"] = true;
  if (attached && attaches("stdin")) body["AttachStdin"] = true;
  if (attached && attaches("stdout")) body["AttachStdout"] = true;
  if (attached && attaches("stderr")) body["AttachStderr"] = true;
  if (!attached && !attach_.empty()) {
    throw std::runtime_error("conflicting options: cannot specify both --attach and --detach");
  }
  check_create_body(body);
  return body;
}

std::string CreateFlags::target() const {
  std::string query;
  if (!name_.empty()) query += "&name=" + percent_encode(name_);
  if (!platform_.empty()) query += "&platform=" + percent_encode(platform_);
  if (!query.empty()) query[0] = '?';
  return "/containers/create" + query;
}

}  // namespace slipway
