#pragma once
/// \file
/// The `filters` parameter of list requests, in the two encodings that clients send: `{"label":{"a=b":true}}` (Go) and
/// `{"label":["a=b"]}` (docker-py, dockerode, compose).

#include <regex.h>

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace slipway {

/// Filter names with their values; several values of one name mean "any of them" (of "label": all of them).
class Filters {
 public:
  /// \param text   the parameter's JSON, or empty  \param known  the names that the request understands
  /// \throws ApiError 400 (`invalid filter 'x'`, no JSON, a wrong type)
  Filters(const std::string& text, const std::vector<std::string_view>& known);

  /// True if there is no such filter, or `matches` says yes to one of its values.
  template <class Matches>
  [[nodiscard]] bool any(const std::string& name, Matches&& matches) const {
    const auto found = values_.find(name);
    if (found == values_.end()) return true;
    for (const std::string& value : found->second) {
      if (matches(value)) return true;
    }
    return false;
  }
  /// True if nothing is asked for.
  [[nodiscard]] bool empty() const { return values_.empty(); }
  /// The values of one filter.
  [[nodiscard]] std::vector<std::string> values(const std::string& name) const;

  /// The filter "label": "key" or "key=value", all of which must hold.
  [[nodiscard]] bool labels_match(const std::map<std::string, std::string>& labels) const;

 private:
  std::map<std::string, std::vector<std::string>> values_;
};

/// A filter's value that is plain text or a pattern (POSIX extended); what is neither matches nothing but itself, as
/// docker has it. Made once, asked often: compiling a pattern costs more than a thousand comparisons.
class TextPattern {
 public:
  explicit TextPattern(std::string text);
  [[nodiscard]] bool matches(const std::string& text) const;

 private:
  std::string text_;
  bool plain_ = false;  ///< holds no character that means something in a pattern
  std::shared_ptr<const regex_t> compiled_;  ///< null if it is plain, or no pattern
};

/// True if `label` ("key" or "key=value") is among these.
bool has_label(const std::map<std::string, std::string>& labels, const std::string& label);

/// True if the POSIX extended regular expression matches somewhere in `text`. \throws ApiError 400 if it is none
bool matches_pattern(const std::string& pattern, const std::string& text);

}  // namespace slipway
