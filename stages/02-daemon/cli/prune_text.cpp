#include "prune_text.hpp"

#include <istream>
#include <nlohmann/json.hpp>
#include <ostream>

#include "02-daemon/base/human_text.hpp"
#include "container_cli.hpp"

namespace slipway {

using nlohmann::json;

std::string filter_query(const std::vector<std::string>& filters) {
  return filters.empty() ? "" : "?filters=" + percent_encode(filters_json(filters));
}

bool confirmed(CliContext& context, std::string_view what) {
  context.out << "WARNING! This will remove " << what
              << ".\nAre you sure you want to continue? [y/N] " << std::flush;
  std::string answer;
  std::getline(context.in, answer);
  return answer == "y" || answer == "Y";
}

void print_pruned(CliContext& context, const json& answer, std::string_view field,
                  std::string_view title) {
  const json deleted = answer.value(std::string(field), json());
  if (deleted.is_array() && !deleted.empty()) {
    context.out << title << '\n';
    for (const json& name : deleted) context.out << name.get<std::string>() << '\n';
    context.out << '\n';
  }
  context.out << "Total reclaimed space: "
              << human_size(static_cast<double>(answer.value("SpaceReclaimed", std::int64_t{0})))
              << std::endl;
}

}  // namespace slipway
