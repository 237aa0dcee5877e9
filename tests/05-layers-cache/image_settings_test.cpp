// The instructions that change an image's settings, each on a config that has something already.

#include "05-layers-cache/build/image_settings.hpp"

#include <array>

#include <nlohmann/json.hpp>

#include "harness/harness.hpp"

using namespace slipway;
using Catch::Contains;
using nlohmann::json;

namespace {

json base() { return {{"Env", {"PATH=/bin", "a=one"}}, {"Cmd", {"sh"}}, {"WorkingDir", "/srv"}}; }

struct Change {
  const char* instruction;
  const char* field;
  const char* value;  ///< JSON
};

constexpr auto kChanges = std::to_array<Change>({
    {"ENV a=two b=$a", "Env", R"(["PATH=/bin","a=two","b=one"])"},
    {"ENV PATH=/x:$PATH", "Env", R"(["PATH=/x:/bin","a=one"])"},
    {"ENV b c  d", "Env", R"(["PATH=/bin","a=one","b=c  d"])"},
    {"LABEL x.y=\"a b\" z=", "Labels", R"({"x.y":"a b","z":""})"},
    {"CMD [\"a\", \"$a\"]", "Cmd", R"(["a","$a"])"},
    {"CMD echo $a", "Cmd", R"(["/bin/sh","-c","echo $a"])"},
    {"ENTRYPOINT [\"/init\"]", "Entrypoint", R"(["/init"])"},
    {"ENTRYPOINT [\"/init\"]", "Cmd", "null"},
    {"EXPOSE 80 53/UDP 8000-8002", "ExposedPorts",
     R"({"80/tcp":{},"53/udp":{},"8000/tcp":{},"8001/tcp":{},"8002/tcp":{}})"},
    {"USER $a:adm", "User", R"("one:adm")"},
    {"WORKDIR app", "WorkingDir", R"("/srv/app")"},
    {"WORKDIR /x/../y/", "WorkingDir", R"("/y")"},
    {"WORKDIR ../../..", "WorkingDir", R"("/")"},
    {"VOLUME /data /$a", "Volumes", R"({"/data":{},"/one":{}})"},
    {"STOPSIGNAL SIGQUIT", "StopSignal", R"("SIGQUIT")"},
    {"ONBUILD RUN echo $a", "OnBuild", R"(["RUN echo $a"])"},
    {"HEALTHCHECK NONE", "Healthcheck", R"({"Test":["NONE"]})"},
    {"HEALTHCHECK --interval=5s --retries=2 CMD true", "Healthcheck",
     R"({"Test":["CMD-SHELL","true"],"Interval":5000000000,"Retries":2})"},
});

constexpr auto kWrong = std::to_array<std::array<const char*, 2>>({
    {"EXPOSE http", "invalid containerPort: http"},
    {"EXPOSE 80/icmp", "invalid proto: icmp"},
    {"EXPOSE 90-80", "invalid containerPort: 90-80"},
    {"EXPOSE 70000", "invalid containerPort: 70000"},
    {"STOPSIGNAL NOPE", "NOPE"},
    {"HEALTHCHECK --interval=5x CMD true", "5x"},
    {"HEALTHCHECK --interval=5us CMD true", "cannot be less than 1ms"},
    {"HEALTHCHECK --retries=-1 CMD true", "--retries must be a whole number"},
    {"SHELL [\"bash\"]", "SHELL is not a valid change command"},
    {"RUN ls", "RUN is not a valid change command"},
    {"ENV a=1\nENV b=2", "one instruction is expected here, not 2"},
    {"", "one instruction is expected here, not 0"},
    {"ENV b=${a:=x}", "unsupported modifier"},
});

}  // namespace

TEST_CASE("an instruction changes its field and no other", "[05][dockerfile]") {
  for (const Change& row : kChanges) {
    INFO(row.instruction);
    json config = base();
    apply_change(row.instruction, config);
    CHECK(config[row.field] == json::parse(row.value));
    json others = base();
    for (const char* touched : {row.field, "Cmd", "Entrypoint"}) {
      config.erase(touched);
      others.erase(touched);
    }
    CHECK(config == others);
  }
}

TEST_CASE("a wrong change is a 400 and changes nothing", "[05][dockerfile]") {
  for (const auto& [instruction, message] : kWrong) {
    INFO(instruction);
    json config = base();
    CHECK_THROWS_AS(apply_change(instruction, config), ApiError);
    CHECK_THROWS_WITH(apply_change(instruction, config), Contains(message));
    CHECK(config == base());
  }
}

TEST_CASE("SHELL is what the shell form goes through; ARG stands behind ENV", "[05][dockerfile]") {
  json config = base();
  apply_setting(parse_instruction(R"(SHELL ["bash", "-ec"])"), config);
  apply_setting(parse_instruction("CMD ls"), config);
  CHECK(config["Cmd"] == json({"bash", "-ec", "ls"}));
  const Variables arguments = [](std::string_view name) {
    return std::string("arg-") + std::string(name);
  };
  apply_setting(parse_instruction("USER $a-$v"), config, arguments);
  CHECK(config["User"] == "one-arg-v");
}
