#pragma once
/// \file
/// The flags of `run` and `create`, and the body of POST /containers/create that they make. A field that nobody asked
/// for is not sent: the engine's defaults are the engine's.

#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "01-cli-socket/command.hpp"

namespace slipway {

/// Owns the values behind the options. One thread.
class CreateFlags {
 public:
  CreateFlags();

  /// All flags, and the positionals IMAGE and COMMAND.
  std::vector<Option> options();

  /// The request's body. \param attached  false for `run -d`: nothing is attached then
  /// \throws std::runtime_error in the words of the flag that is wrong
  [[nodiscard]] nlohmann::json body(bool attached) const;
  /// "/containers/create?name=…"
  [[nodiscard]] std::string target() const;

  [[nodiscard]] const std::string& image() const noexcept { return image_; }
  [[nodiscard]] bool tty() const noexcept { return tty_; }
  [[nodiscard]] bool interactive() const noexcept { return interactive_; }
  [[nodiscard]] bool auto_remove() const noexcept { return auto_remove_; }
  /// True if the stream ("stdin", "stdout", "stderr") is to be attached: all that make sense, or those of -a.
  [[nodiscard]] bool attaches(const std::string& stream) const;

 private:
  struct Value {
    bool flag = false;
    std::optional<std::string> text;
    std::vector<std::string> list;
  };
  void add_endpoint(nlohmann::json& body) const;

  std::vector<Value> values_;  ///< what was given for each row of the table of plain fields
  bool tty_ = false;
  bool interactive_ = false;
  bool auto_remove_ = false;
  std::string name_;
  std::string platform_;
  std::vector<std::string> attach_;
  std::vector<std::string> env_;
  std::vector<std::string> env_files_;
  std::vector<std::string> labels_;
  std::vector<std::string> label_files_;
  std::vector<std::string> security_;
  bool no_healthcheck_ = false;
  std::optional<std::string> entrypoint_;
  std::vector<std::string> volumes_;
  std::vector<std::string> publish_;
  std::vector<std::string> expose_;
  std::string network_;
  std::vector<std::string> network_aliases_;
  std::string ip_;
  std::string ip6_;
  std::vector<std::string> link_local_;
  std::string mac_address_;
  std::string image_;
  std::vector<std::string> command_;
};

}  // namespace slipway
