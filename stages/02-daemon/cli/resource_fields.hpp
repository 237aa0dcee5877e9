#pragma once
/// \file
/// The flags of `run` that are about devices' share of work: --blkio-weight-device, --device-read-bps and its like, --gpus.
/// Pure functions; each \throws std::runtime_error in docker's words.

#include <string>

#include <nlohmann/json_fwd.hpp>

namespace slipway {

/// "/dev/sda:300" as {"Path":"/dev/sda","Weight":300}.
nlohmann::json weight_device(const std::string& text);
/// "/dev/sda:1mb" as {"Path":"/dev/sda","Rate":1048576}.
nlohmann::json bytes_rate(const std::string& text);
/// "/dev/sda:1000" as {"Path":"/dev/sda","Rate":1000}.
nlohmann::json operations_rate(const std::string& text);
/// "all", "2", `"device=0,1",capabilities=utility` as a device request.
nlohmann::json gpu_request(const std::string& text);

}  // namespace slipway
