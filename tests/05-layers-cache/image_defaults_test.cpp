// What a container takes over from its image. (05-I7)

#include "05-layers-cache/api/image_defaults.hpp"

#include <nlohmann/json.hpp>

#include "01-cli-socket/api_error.hpp"
#include "harness/harness.hpp"

using namespace slipway;
using nlohmann::json;

namespace {

json completed(const json& image, json config) {
  complete_from_image(image, config);
  return config;
}

}  // namespace

TEST_CASE("Cmd and Entrypoint belong together") {
  const json image{{"Entrypoint", {"entry"}}, {"Cmd", {"one", "two"}}};
  const auto command = [&](const json& config) {
    const json done = completed(image, config);
    return std::pair(done["Entrypoint"], done["Cmd"]);
  };
  CHECK(command(json::object()) == std::pair<json, json>({"entry"}, {"one", "two"}));
  CHECK(command({{"Cmd", {"x"}}}) == std::pair<json, json>({"entry"}, {"x"}));
  // A user's Entrypoint is not given the image's Cmd.
  CHECK(command({{"Entrypoint", {"sh"}}}) == std::pair<json, json>({"sh"}, nullptr));
  CHECK(command({{"Entrypoint", "sh"}}) == std::pair<json, json>({"sh"}, nullptr));
  CHECK(command({{"Entrypoint", {"sh"}}, {"Cmd", {"x"}}}) == std::pair<json, json>({"sh"}, {"x"}));
  // `--entrypoint ""` takes both away.
  CHECK(command({{"Entrypoint", {""}}, {"Cmd", {"x"}}}) == std::pair<json, json>(nullptr, {"x"}));
  CHECK_THROWS_WITH(command({{"Entrypoint", {""}}}), "no command specified");
  CHECK_THROWS_WITH(completed(json::object(), json::object()), "no command specified");
}

TEST_CASE("lists of names are joined, and the user's word counts") {
  const json image{{"Cmd", {"sh"}},
                   {"Env", {"PATH=/bin", "A=image", "B=image"}},
                   {"Labels", {{"a", "image"}, {"b", "image"}}},
                   {"ExposedPorts", {{"80/tcp", json::object()}}},
                   {"Volumes", {{"/data", json::object()}}},
                   {"User", "nobody"},
                   {"WorkingDir", "/srv"},
                   {"StopSignal", "INT"}};
  const json done = completed(image, {{"Env", {"A=user", "C"}},
                                      {"Labels", {{"a", "user"}}},
                                      {"ExposedPorts", {{"443/tcp", json::object()}}},
                                      {"User", "daemon"}});
  CHECK(done["Env"] == json{"A=user", "C", "PATH=/bin", "B=image"});
  CHECK(done["Labels"] == json{{"a", "user"}, {"b", "image"}});
  CHECK(done["ExposedPorts"].size() == 2);
  CHECK(done["Volumes"].contains("/data"));
  CHECK(done["User"] == "daemon");
  CHECK(done["WorkingDir"] == "/srv");
  CHECK(done["StopSignal"] == "INT");
}

TEST_CASE("a mistyped field of the request is named") {
  const json wrong{{"Env", "A=1"}, {"Cmd", 7}, {"Labels", {"a"}}, {"User", 0}};
  for (const auto& [field, value] : wrong.items()) {
    json config{{field, value}};
    try {
      complete_from_image({{"Cmd", {"sh"}}, {"Labels", {{"b", "1"}}}, {"User", "x"}}, config);
      FAIL_CHECK(field << " was accepted");
    } catch (const ApiError& error) {
      CHECK(error.status() == 400);
      CHECK_THAT(error.what(), Catch::Contains(field));
    }
  }
}
