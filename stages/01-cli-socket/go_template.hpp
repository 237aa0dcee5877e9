#pragma once
/// \file
/// The part of Go's text/template that people type behind `--format`: fields, `json`, `len`, `index`, plain text.
/// No control structures: `{{range}}` and `{{if}}` are refused with an error that says so.

#include <string>

#include <nlohmann/json_fwd.hpp>

namespace slipway {

/// Fills the template with the document's values:
///
///     {{.State.Pid}}              a field; `{{.}}` is the whole document
///     {{json .Config.Env}}        a value as JSON
///     {{len .Mounts}}             the number of elements or characters
///     {{index .Args 0}}           an element by position or key, also `{{index .Labels "a.b"}}`
///     {{.ID}}\t{{.Names}}         `\t` and `\n` in the text stand for tab and line feed
///
/// Values print as Go prints them: `true`, `[a b]`, `map[a:1]`, `<no value>` for a field that is not there.
/// \throws std::runtime_error "template: …" for anything else
std::string fill_template(const std::string& text, const nlohmann::json& document);

}  // namespace slipway
