#pragma once
/// \file
/// One container's life in a storm, and what must be true of it whoever is killed meanwhile.

#include <atomic>
#include <random>
#include <string>
#include <vector>

#include "api.hpp"

namespace slipway::test {

/// What all voyages of a storm counted. Thread-safe.
struct Tally {
  std::atomic<int> voyages = 0;       ///< containers that went from create to rm
  std::atomic<int> acknowledged = 0;  ///< requests that were answered with success
  std::atomic<int> unanswered = 0;    ///< requests that a dying engine left without an answer
  std::atomic<int> exit_codes = 0;    ///< compared with what the container ended with
  std::atomic<int> lines = 0;         ///< compared with what the container wrote
  std::atomic<int> execs = 0;         ///< exec exit codes compared
  std::atomic<int> shim_deaths = 0;   ///< ends that a killed shim explains

  [[nodiscard]] std::string text() const;
};

/// Who is killed in this storm.
struct Weather {
  bool kills_shims = false;  ///< then a run may also end with 137 and part of its output
};

/// Sails one container through its life, step by step, each at an unlucky moment. Not thread-safe.
class Voyage {
 public:
  Voyage(Api& api, Tally& tally, Weather weather, std::uint64_t seed);
  /// From create to rm. \returns what was wrong; empty if nothing was
  std::vector<std::string> sail();

 private:
  using Json = nlohmann::json;

  void create();
  void start();
  void exec();
  void stop();
  void wait();
  void check_logs();
  void remove();

  /// A request that may be lost. \returns its status, 0 without an answer
  int attempt(std::string_view method, const std::string& target, const Json& body = {});
  Json state();
  bool has_ended();
  std::string log();
  void check_end(const Json& state);
  bool shim_was_killed(const Json& state) const;
  [[nodiscard]] std::string path(const std::string& rest) const {
    return "/containers/" + name_ + rest;
  }
  [[nodiscard]] std::string script() const;
  [[nodiscard]] std::string expected_output() const;
  void wrong(const std::string& what) { wrong_.push_back(name_ + ": " + what); }
  int random(int bound) { return static_cast<int>(dice_() % static_cast<unsigned>(bound)); }

  Api& api_;
  Tally& tally_;
  Weather weather_;
  std::mt19937 dice_;
  std::string name_;
  int code_;
  int lines_;
  bool lingers_;               ///< it sleeps at the end, until it is stopped
  bool acknowledged_ = false;  ///< its start was
  std::vector<std::string> wrong_;
};

}  // namespace slipway::test
