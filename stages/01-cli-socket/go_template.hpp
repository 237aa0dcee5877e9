#pragma once
/// \file
/// Go's text/template, as far as people type it behind `--format`.
/// Spec: https://pkg.go.dev/text/template

#include <string>

#include <nlohmann/json_fwd.hpp>

namespace slipway {

/// Fills the template with the document's values:
///
///     {{.State.Pid}}                            a field; `{{.}}` is the whole document, `$` too
///     {{json .Config.Env}}                      also len, index, slice, print, printf, println
///     {{.Names | upper}}                        also lower, title, split, join, truncate, pad
///     {{if eq .State.Status "exited"}}…{{else}}…{{end}}    also ne, lt, le, gt, ge, and, or, not
///     {{range $name, $net := .Networks}}…{{end}}           also {{with}}
///     {{.ID}}\t{{.Names}}                       `\t` and `\n` in the text stand for tab and line feed
///
/// Values print as Go prints them: `true`, `[a b]`, `map[a:1]`, `<no value>` for null. A field that is not there is an
/// error among fields that docker would have as a struct (their names begin with capitals), else no value.
/// \throws std::runtime_error "template: …"
std::string fill_template(const std::string& text, const nlohmann::json& document);

}  // namespace slipway
