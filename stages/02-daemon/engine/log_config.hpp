#pragma once
/// \file
/// HostConfig.LogConfig: which log a container wants (`--log-driver`, `--log-opt`).
///
///     json-file   docker's format, one file until the disk gets scarce (log_files.hpp), or `max-size` and `max-file`
///     local       the same format here, with docker's limits for it: 5 files of 20 MB
///     none        no log
///
/// `compress` is accepted with a warning: full files stay as they are, readable for `grep`. `mode` and `max-buffer-size` are
/// accepted: a container never waits for its log here.

#include <string>

#include <nlohmann/json_fwd.hpp>

#include "02-daemon/task/task_files.hpp"
#include "engine_module.hpp"

namespace slipway {

/// \param warnings  gets a line for what is accepted and not done
/// \throws ApiError 400 in docker's words: unknown driver, unknown or bad option
void check_log_config(const nlohmann::json& host_config, std::vector<std::string>& warnings);

/// The driver's name; "json-file" if none was chosen.
std::string log_driver_of(const nlohmann::json& host_config);

/// Tells the shim which log to keep; `log_path` is left alone.
void add_log_settings(const ContainerRecord& record, TaskStdio& stdio);

}  // namespace slipway
