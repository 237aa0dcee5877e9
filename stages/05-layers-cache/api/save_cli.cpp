#include "save_cli.hpp"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <functional>
#include <iostream>

#include "01-cli-socket/sys_error.hpp"
#include "05-layers-cache/base/write_at.hpp"

namespace slipway {
namespace {

using Take = std::function<void(std::span<const char>)>;

void copy_all(HttpStream& from, const Take& take) {
  std::vector<char> buffer(256 * 1024);
  while (const std::size_t count = from.read_some(buffer)) take({buffer.data(), count});
}

/// A file that stands under its name once it is whole, and not at all before: as docker's.
class NewFile {
 public:
  explicit NewFile(std::string path) : path_(std::move(path)), draft_(path_ + ".XXXXXX") {
    struct stat info {};
    if (::stat(path_.c_str(), &info) == 0 && !S_ISREG(info.st_mode)) {
      throw std::runtime_error("invalid output path: \"" + path_ + "\" must be a regular file");
    }
    fd_.reset(check(::mkostemp(draft_.data(), O_CLOEXEC), "mkostemp", draft_));
  }
  ~NewFile() {
    if (!draft_.empty()) ::unlink(draft_.c_str());
  }
  NewFile(const NewFile&) = delete;
  NewFile& operator=(const NewFile&) = delete;

  void write(std::span<const char> bytes) {
    write_at(fd_.get(), bytes, size_, path_);
    size_ += bytes.size();
  }
  void keep() {
    check(::rename(draft_.c_str(), path_.c_str()), "rename", path_);
    draft_.clear();
  }

 private:
  std::string path_;
  std::string draft_;
  UniqueFd fd_;
  std::uint64_t size_ = 0;
};

class SaveCommand final : public Command {
 public:
  CommandInfo info() const override {
    return {.name = "save",
            .aliases = {"image save"},
            .summary = "Save images to a tar archive (to stdout unless you say otherwise)"};
  }
  std::vector<Option> options() override {
    return {{"-o,--output", &file_, "Write to this file instead of stdout"},
            {"image", &names_, "", true}};
  }

  int run(CliContext& context) override {
    if (file_.empty() && ::isatty(STDOUT_FILENO)) {
      throw std::runtime_error(
          "cowardly refusing to save to a terminal. Use the -o flag or redirect");
    }
    std::string query;
    for (const std::string& name : names_) {
      query += (query.empty() ? "?names=" : "&names=") + percent_encode(name);
    }
    const auto answer = context.api.open("GET", "/images/get" + query);
    if (file_.empty()) {
      copy_all(*answer, [&](std::span<const char> part) {
        context.out.write(part.data(), static_cast<std::streamsize>(part.size()));
      });
      return 0;
    }
    NewFile file(file_);
    copy_all(*answer, [&](std::span<const char> part) { file.write(part); });
    file.keep();
    return 0;
  }

 private:
  std::string file_;
  std::vector<std::string> names_;
};

}  // namespace

std::unique_ptr<Command> make_save_command() { return std::make_unique<SaveCommand>(); }

}  // namespace slipway
