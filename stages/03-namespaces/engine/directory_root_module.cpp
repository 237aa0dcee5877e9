#include "directory_root_module.hpp"

#include <filesystem>

#include "01-cli-socket/api_error.hpp"
#include "01-cli-socket/json_fields.hpp"

namespace slipway {

void DirectoryRootModule::check(CreateRequest& request) {
  const std::string image = JsonFields(request.config).text("Image");
  if (!image.starts_with('/')) {
    throw bad_request("Image: \"" + image + "\" is no absolute path of a root folder on this host");
  }
  std::error_code ignored;  // what we cannot look at is not there for us
  if (!std::filesystem::is_directory(image, ignored)) {
    throw not_found("No such image: " + image + ": no such folder on this host");
  }
}

void DirectoryRootModule::prepare(StartContext& start) {
  start.spec["root"]["path"] = JsonFields(start.record.config).text("Image");
}

}  // namespace slipway
