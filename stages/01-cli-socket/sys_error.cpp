#include "sys_error.hpp"

namespace slipway {
namespace {

std::string context(std::string_view operation, std::string_view object) {
  std::string text(operation);
  if (!object.empty()) text.append(" ").append(object);
  return text;
}

}  // namespace

SysError::SysError(int error, std::string_view operation, std::string_view object)
    : std::system_error(error, std::generic_category(), context(operation, object)) {}

}  // namespace slipway
