#pragma once
/// \file
/// Waits for the ends of processes that `exec` started: one thread for all of them, made with the first.

#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>

#include "01-cli-socket/raw_stream.hpp"

namespace slipway {

/// Thread-safe.
class ExecWatch {
 public:
  /// \param ended  called on the watch's thread
  explicit ExecWatch(std::function<void(const std::string& exec_id)> ended);
  ~ExecWatch() { stop(); }
  ExecWatch(const ExecWatch&) = delete;
  ExecWatch& operator=(const ExecWatch&) = delete;

  /// Stops waiting, for good. Idempotent.
  void stop();
  /// \param stream  the shim's; it ends when the process does
  void add(const std::string& exec_id, RawStream stream);

 private:
  void run();
  bool wait_for_one(std::string& exec_id);

  std::function<void(const std::string&)> ended_;
  UniqueFd wake_;
  std::mutex mutex_;
  bool stopping_ = false;
  std::map<std::string, RawStream> streams_;
  std::thread thread_;
};

}  // namespace slipway
