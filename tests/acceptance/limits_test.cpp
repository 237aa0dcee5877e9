/// \file
/// Limits, figures and pauses, as docker's client and ours ask for them, on whatever version of cgroups this host has.

#include <nlohmann/json.hpp>

#include "04-cgroups/berth.hpp"
#include "clients.hpp"

using namespace slipway::test;
using Catch::Contains;
using nlohmann::json;

namespace {

constexpr std::chrono::seconds kPatience{20};

/// A container that is gone at the end of the test.
class Guest {
 public:
  Guest(const Client& client, const std::string& name, std::vector<std::string> flags,
        const std::vector<std::string>& command)
      : client_(client), name_(name) {
    std::vector<std::string> line = {"run", "-d", "--name", name};
    line.insert(line.end(), flags.begin(), flags.end());
    line.emplace_back("slipway-test");
    line.insert(line.end(), command.begin(), command.end());
    const auto started = client.run(line);
    INFO(started);
    REQUIRE(started.status == 0);
    id_ = line_of(started);
  }
  ~Guest() { static_cast<void>(client_.run({"rm", "-f", name_})); }
  Guest(const Guest&) = delete;
  Guest& operator=(const Guest&) = delete;

  [[nodiscard]] const std::string& id() const { return id_; }
  [[nodiscard]] std::string ask(const std::string& format) const {
    return line_of(client_.run({"inspect", "-f", format, name_}));
  }
  [[nodiscard]] bool is(const std::string& status) const {
    return eventually([&] { return ask("{{.State.Status}}") == status; }, kPatience);
  }
  /// Its processor time so far, in seconds.
  [[nodiscard]] double used() const {
    return cpu_stats()["cpu_usage"]["total_usage"].get<double>() / 1e9;
  }
  /// How often it had to wait for its next period.
  [[nodiscard]] int throttled() const {
    return cpu_stats()["throttling_data"]["throttled_periods"].get<int>();
  }

 private:
  [[nodiscard]] json cpu_stats() const {
    const std::string target = "/containers/" + id_ + "/stats?stream=0&one-shot=1";
    return client_.engine.http("GET", target).json()["cpu_stats"];
  }

  Client client_;
  std::string name_;
  std::string id_;
};

double seconds_now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

}  // namespace

TEST_CASE("a container with 32 MB that allocates 64 MB is killed, and docker says so",
          "[acceptance][limits][oom]") {
  if (!needs("docker")) return;
  const Client client = each_client(shared_engine());
  const std::string name = random_name("oom");
  Guest hog(client, name, {"-m", "32m"}, {"/probe", "alloc", "64", "100000"});
  REQUIRE(hog.is("exited"));
  CHECK(hog.ask("{{.State.OOMKilled}} {{.State.ExitCode}}") == "true 137");
  // docker's "0s" is the second that has begun: what happened in it is told of in the next.
  CHECK(eventually(
      [&] {
        const auto events = client.run({"events", "--since", "1h", "--until", "0s", "--filter",
                                        "container=" + name, "--format", "{{.Action}}"});
        return events.out.find("\noom\ndie\n") != std::string::npos;
      },
      kPatience));
  const auto listed =
      client.run({"ps", "-a", "--filter", "name=" + name, "--format", "{{.Status}}"});
  CHECK_THAT(listed.out, Catch::StartsWith("Exited (137)"));
}

TEST_CASE("update changes the kernel's files and inspect", "[acceptance][limits][update]") {
  if (!needs("docker")) return;
  const Client client = each_client(shared_engine());
  const std::string name = random_name("update");
  Guest guest(client, name, {"-m", "64m"}, {"/probe", "trap"});
  CHECK(guest.ask("{{.HostConfig.MemorySwap}}") == "134217728");
  const auto refused = client.run({"update", "-m", "256m", name});
  INFO(refused);
  CHECK(refused.status == 1);
  CHECK_THAT(refused.err, Contains("update the memoryswap at the same time"));
  const auto changed = client.run({"update", "-m", "256m", "--memory-swap", "512m", "--cpus", "0.5",
                                   "--pids-limit", "40", name});
  INFO(changed);
  REQUIRE(line_of(changed) == name);
  CHECK(guest.ask("{{.HostConfig.Memory}} {{.HostConfig.NanoCpus}} {{.HostConfig.PidsLimit}}") ==
        "268435456 500000000 40");
  TestEngine& engine = client.engine;
  CHECK(cgroup_text(engine, guest.id(), "memory/memory.limit_in_bytes", "memory.max") ==
        "268435456");
  CHECK(cgroup_text(engine, guest.id(), "pids/pids.max", "pids.max") == "40");
  const auto none = client.run({"update", name});
  CHECK_THAT(none.err, Contains("you must provide one or more flags"));
}

TEST_CASE("pause and unpause", "[acceptance][limits][pause]") {
  if (!needs("docker")) return;
  const Client client = each_client(shared_engine());
  const std::string name = random_name("pause");
  Guest guest(client, name, {}, {"/probe", "spin"});
  REQUIRE(line_of(client.run({"pause", name})) == name);
  CHECK(guest.ask("{{.State.Status}}") == "paused");
  const double frozen = guest.used();
  const auto listed = client.run({"ps", "--filter", "name=" + name, "--format", "{{.Status}}"});
  CHECK_THAT(listed.out, Contains("(Paused)"));
  CHECK(client.run({"exec", name, "/probe", "id"}).status != 0);
  CHECK(guest.used() == frozen);
  REQUIRE(client.run({"unpause", name}).status == 0);
  CHECK(eventually([&] { return guest.used() > frozen; }, kPatience));
}

TEST_CASE("stats --no-stream says what the kernel's files say", "[acceptance][limits][stats]") {
  if (!needs("docker")) return;
  const Client client = each_client(shared_engine());
  const std::string name = random_name("stats");
  Guest guest(client, name, {"-m", "64m"}, {"/probe", "alloc", "32", "100000"});
  REQUIRE(eventually(
      [&] {
        return client.run({"logs", name}).out.find("holding") != std::string::npos;
      },
      kPatience));
  const auto shown =
      client.run({"stats", "--no-stream", "--format", "{{.Name}}|{{.MemUsage}}|{{.PIDs}}", name});
  INFO(shown);
  const std::string line = line_of(shown);
  REQUIRE(line.starts_with(name + "|"));
  CHECK(line.ends_with("MiB / 64MiB|1"));
  const double mebibytes = std::stod(line.substr(name.size() + 1));
  const double usage = std::stod(cgroup_text(client.engine, guest.id(),
                                             "memory/memory.usage_in_bytes", "memory.current")) /
                       (1024 * 1024);
  CHECK(mebibytes == Approx(usage).epsilon(0.05));
  const auto table = client.run({"stats", "--no-stream"});
  CHECK_THAT(table.out,
             Contains("CONTAINER ID") && Contains("MEM USAGE / LIMIT") && Contains(name));
}

TEST_CASE("limits that cannot be are refused in the same words", "[acceptance][limits][attack]") {
  if (!needs("docker")) return;
  const Client client = each_client(shared_engine());
  const auto [flags, words] = GENERATE(table<std::vector<std::string>, std::string>({
      {{"-m", "1m"}, "Minimum memory limit allowed is 6MB"},
      {{"-m", "64m", "--memory-swap", "32m"}, "Minimum memoryswap limit should be larger"},
      {{"--cpus", "1000"}, "Range of CPUs is from 0.01 to"},
      {{"--cpuset-cpus", "0-"}, "Invalid value 0- for cpuset cpus"},
      {{"--cpuset-cpus", "4095"}, "Requested CPUs are not available - requested 4095"},
      {{"--cpu-quota", "1"}, "CPU cfs quota can not be less than 1ms"},
  }));
  std::vector<std::string> line = {"create"};
  line.insert(line.end(), flags.begin(), flags.end());
  line.emplace_back("slipway-test");
  const auto refused = client.run(line);
  INFO(refused);
  CHECK(refused.status != 0);
  CHECK_THAT(refused.err, Contains(words));
}

TEST_CASE("two hogs of one processor share it by their weights, and --cpus is a wall",
          "[acceptance][limits][attack][cpu]") {
  if (!needs("docker")) return;
  const Client client{"docker", shared_engine()};
  SECTION("3 to 1") {
    Guest heavy(client, random_name("heavy"), {"-c", "3072", "--cpuset-cpus", "0"},
                {"/probe", "spin"});
    Guest light(client, random_name("light"), {"-c", "1024", "--cpuset-cpus", "0"},
                {"/probe", "spin"});
    // Over a time in which both have been busy: how much of it the host left them does not matter.
    CHECK(eventually(
        [&] {
          const double heavy_before = heavy.used(), light_before = light.used();
          sleep_for(std::chrono::seconds(2));
          const double ratio = (heavy.used() - heavy_before) / (light.used() - light_before);
          return ratio > 2.7 && ratio < 3.3;
        },
        kPatience));
  }
  // A wall so low that it is felt on a busy host, too.
  SECTION("a twentieth of a processor") {
    Guest slow(client, random_name("slow"), {"--cpus", "0.05"}, {"/probe", "spin"});
    const double begin = seconds_now(), before = slow.used();
    CHECK(eventually([&] { return slow.throttled() > 10; }, kPatience));
    CHECK((slow.used() - before) / (seconds_now() - begin) < 0.06);
  }
}
