#pragma once
/// \file
/// The values of a template and the functions that it may call.

#include <stdexcept>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace slipway {

/// \param why  "unclosed action"
std::runtime_error template_error(const std::string& why);

/// A value as Go's fmt prints it with %v.
std::string go_text(const nlohmann::json& value);
/// False for what Go's `if` takes for false: null, false, 0, "", and what is empty.
bool go_truth(const nlohmann::json& value);
/// One step down: a field of an object, or a position in an array; null if it is not there.
/// \throws std::runtime_error if it is not there and should be (go_template.hpp)
nlohmann::json go_child(const nlohmann::json& value, const std::string& key);

/// Calls a function of templates. \throws std::runtime_error if there is none of that name, or with these arguments
nlohmann::json go_call(const std::string& name, const std::vector<nlohmann::json>& arguments);

}  // namespace slipway
