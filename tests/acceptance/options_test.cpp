// Options of `run` under both command lines: what a container sees of them.

#include <nlohmann/json.hpp>

#include "clients.hpp"

using namespace slipway::test;
using Catch::Contains;

TEST_CASE("options of run, from either client to the kernel", "[acceptance][options]") {
  if (!needs("docker")) return;
  TestEngine& engine = shared_engine();
  const Client client = each_client(engine);
  using Case = std::pair<std::vector<std::string>, std::pair<std::string, std::string>>;
  // Flags, a script for busybox, and what it prints.
  const std::vector<Case> cases = {
      {{"--tmpfs", "/t:size=1m"}, {"grep -c 'tmpfs /t tmpfs.*size=1024k' /proc/mounts", "1\n"}},
      {{"--shm-size", "2m"}, {"df -k /dev/shm | tail -1 | awk '{print $2}'", "2048\n"}},
      {{"--ulimit", "nofile=123:456"}, {"ulimit -n; ulimit -Hn", "123\n456\n"}},
      {{"--sysctl", "net.ipv4.ip_default_ttl=33"},
       {"cat /proc/sys/net/ipv4/ip_default_ttl", "33\n"}},
      {{"--device", "/dev/full:/dev/f"}, {"stat -c %t:%T /dev/f", "1:7\n"}},
      {{"--cap-drop", "ALL", "--cap-add", "kill"},
       {"grep CapEff /proc/self/status", "CapEff:\t0000000000000020\n"}},
      {{"--security-opt", "no-new-privileges"},
       {"grep NoNewPrivs /proc/self/status", "NoNewPrivs:\t1\n"}},
      {{"--privileged"}, {"test -b /dev/loop0 -o -c /dev/kmsg && echo yes", "yes\n"}},
      {{"--init"}, {"cat /proc/1/comm", "docker-init\n"}},
      {{"--ipc", "none"}, {"ls /dev | grep -c shm", "0\n"}},
      {{"--read-only"}, {"touch /x 2>/dev/null || echo refused", "refused\n"}},
      {{"--oom-score-adj", "77"}, {"cat /proc/self/oom_score_adj", "77\n"}},
      {{"-u", "7:8", "--group-add", "9"}, {"id -u; id -g; id -G", "7\n8\n8 9\n"}},
      {{"-h", "quay", "--domainname", "sea"},
       {"hostname; cat /proc/sys/kernel/domainname", "quay\nsea\n"}},
      {{"-w", "/a/b", "-e", "X=1 2"}, {"pwd; echo \"$X\"", "/a/b\n1 2\n"}},
      {{"--stop-signal", "INT", "--annotation", "a=b", "--expose", "80"}, {"echo ok", "ok\n"}},
  };
  for (const auto& [flags, wanted] : cases) {
    std::vector<std::string> line = {"run", "--rm", "--network", "none"};
    line.insert(line.end(), flags.begin(), flags.end());
    line.insert(line.end(), {"busybox", "sh", "-c", wanted.first});
    const auto result = client.run(line);
    INFO(result);
    CHECK(result.out == wanted.second);
  }
}

TEST_CASE("a health check is recorded, and --no-healthcheck too", "[acceptance][options]") {
  if (!needs("docker")) return;
  TestEngine& engine = shared_engine();
  const Client client = each_client(engine);
  const auto checked = [&](const std::vector<std::string>& flags) {
    const auto name = random_name("health");
    std::vector<std::string> line = {"create", "--name", name};
    line.insert(line.end(), flags.begin(), flags.end());
    line.insert(line.end(), {"busybox", "true"});
    const auto made = client.run(line);
    INFO(made);
    CHECK(made.status == 0);
    const auto answer = engine.http("GET", "/containers/" + name + "/json").json();
    CHECK(client.run({"rm", name}).status == 0);
    return answer["Config"]["Healthcheck"];
  };
  CHECK(checked({"--health-cmd", "true", "--health-interval", "5s"}) ==
        nlohmann::json({{"Test", {"CMD-SHELL", "true"}}, {"Interval", 5'000'000'000}}));
  CHECK(checked({"--no-healthcheck"}) == nlohmann::json({{"Test", {"NONE"}}}));
}
