// Many folders as one root, in a mount namespace of the test's own: a child process that ends takes
// its mounts along.

#include "03-namespaces/base/overlay_root.hpp"

#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <functional>

#include "02-daemon/launch/clone_process.hpp"
#include "03-namespaces/base/detached_mount.hpp"
#include "03-namespaces/base/root_dir.hpp"
#include "harness/harness.hpp"

namespace fs = std::filesystem;
using namespace slipway;
using namespace slipway::test;

namespace {

/// Runs `work` in a child with its own mounts. \returns what it says, or the error's text
std::string in_own_mounts(const TempFolder& folder, const std::function<std::string()>& work) {
  const ClonedProcess child = clone_process(CLONE_NEWNS, -1);
  if (child.pid == 0) {
    std::string said;
    try {
      change_mount(RootDir::at("/").fd(), {.propagation = MS_PRIVATE}, true, "/");
      said = work();
    } catch (const std::exception& error) {
      said = error.what();
    }
    write_text(folder.path() / "said", said);
    ::_exit(0);
  }
  ::waitpid(child.pid, nullptr, 0);
  return read_text(folder.path() / "said");
}

struct Layers {
  TempFolder folder;
  OverlayFolders folders;
  fs::path mountpoint = folder.path() / "merged";

  /// \param padding  how much longer than needed the layers' paths are
  explicit Layers(int count, std::size_t padding) {
    const fs::path deep =
        folder.path() / std::string(padding % 200 + 1, 'x') / std::string(padding / 2 + 1, 'y');
    for (int layer = count; layer > 0; --layer) {
      const fs::path path = deep / std::to_string(layer);
      fs::create_directories(path);
      write_text(path / "top", std::to_string(layer));
      write_text(path / ("only-in-" + std::to_string(layer)), "");
      folders.lower.push_back(path);
    }
    folders.upper = folder.path() / "upper";
    folders.work = folder.path() / "work";
    for (const fs::path& path : {fs::path(folders.upper), fs::path(folders.work), mountpoint})
      fs::create_directory(path);
  }
};

/// "top layer's number, number of files"; and writes one.
std::string look_at(const fs::path& root) {
  write_text(root / "new", "");
  return read_text(root / "top") + " " +
         std::to_string(std::distance(fs::directory_iterator(root), fs::directory_iterator()));
}

}  // namespace

TEST_CASE("a root of 120 layers shows the topmost file and takes changes apart",
          "[unit][overlay]") {
  const auto [padding, one_page] =
      GENERATE(table<std::size_t, bool>({{0, false}, {350, false}, {0, true}, {350, true}}));
  const Layers layers(120, padding);
  INFO("paths of " << layers.folders.lower.front().size() << " bytes, "
                   << (one_page ? "mount(2)" : "fsopen(2)"));
  const std::string said = in_own_mounts(layers.folder, [&, one_page = one_page] {
    const UniqueFd root = one_page ? mount_overlay_in_one_page(layers.folders, layers.mountpoint)
                                   : mount_overlay(layers.folders, layers.mountpoint).root;
    return look_at("/proc/self/fd/" + std::to_string(root.get()));
  });
  CHECK(said == "120 122");
  CHECK(fs::exists(fs::path(layers.folders.upper) / "new"));
  CHECK(fs::is_empty(layers.mountpoint));  // seen from here there is no mount
}

TEST_CASE("a layer that is missing is named", "[unit][overlay]") {
  Layers layers(2, 0);
  layers.folders.lower.push_back("/nosuch/layer");
  const std::string said = in_own_mounts(layers.folder, [&] {
    const UniqueFd root = mount_overlay(layers.folders, layers.mountpoint).root;
    return std::string("mounted");
  });
  CHECK_THAT(said,
             Catch::Contains("/nosuch/layer") && Catch::Contains("No such file or directory"));
}

TEST_CASE("a failed mount says what the kernel says", "[unit][overlay]") {
  const TempFolder folder;
  const std::string said = in_own_mounts(folder, [] {
    DetachedMount::filesystem("tmpfs", {{"size", "many"}}, 0);
    return std::string("mounted");
  });
  CHECK_THAT(
      said, Catch::Contains("fsconfig tmpfs size=many") && Catch::Contains("Bad value for 'size'"));
}
