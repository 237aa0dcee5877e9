#pragma once
/// \file
/// Variables in a Dockerfile's words: `$name`, `${name}` and the operators
///
///     ${n:-w} ${n-w}   w if n is empty or unset / unset      ${n#p} ${n##p}  without the shortest / longest
///     ${n:+w} ${n+w}   w if n is set and not empty / set                     beginning that matches p
///     ${n:?w} ${n?w}   refused, saying w                     ${n%p} ${n%%p}  the same at the end
///     ${n/p/w} ${n//p/w}  the first / every match of p becomes w
///
/// A pattern has `*` and `?`. Quotes are taken away: nothing is put in within '…'. Source: docs.docker.com,
/// "Dockerfile reference", "Environment replacement".

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace slipway {

/// A variable's value; nothing if it is unset.
using Variables = std::function<std::optional<std::string>(std::string_view name)>;

/// The word with its variables put in and its quotes and escapes taken away. Thread-safe.
/// \param escape  \ or `
/// \throws ApiError 400: an operator that is none, a brace or quote that is not closed, `${n:?w}`
std::string expand(std::string_view word, const Variables& variables, char escape = '\\');

/// The same for a text that keeps its quotes (a heredoc).
std::string expand_in_text(std::string_view text, const Variables& variables, char escape = '\\');

}  // namespace slipway
