#pragma once
/// \file
/// The acceptance tests ask the same of both command lines: the stock `docker` and our `slipway`.

#include <string>
#include <vector>

#include "harness/harness.hpp"

namespace slipway::test {

/// One of the two clients, on an engine.
struct Client {
  std::string name;  ///< "docker" or "slipway"
  TestEngine& engine;

  [[nodiscard]] CommandResult run(std::vector<std::string> arguments,
                                  CommandOptions options = {}) const {
    return name == "docker" ? engine.docker(std::move(arguments), std::move(options))
                            : engine.slipway(std::move(arguments), std::move(options));
  }
  [[nodiscard]] std::vector<std::string> line(std::vector<std::string> arguments) const {
    return name == "docker" ? engine.docker_line(std::move(arguments))
                            : engine.slipway_line(std::move(arguments));
  }
};

/// Runs the rest of a test case once for each client.
inline Client each_client(TestEngine& engine) {
  const std::string name = GENERATE(as<std::string>{}, "docker", "slipway");
  return {name, engine};
}

/// Output without the line end.
inline std::string line_of(const CommandResult& result) {
  return result.out.ends_with('\n') ? result.out.substr(0, result.out.size() - 1) : result.out;
}

}  // namespace slipway::test
