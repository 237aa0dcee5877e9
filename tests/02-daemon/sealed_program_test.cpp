/// \file
/// A program in memory that nobody can change.

#include "02-daemon/supervisor/sealed_program.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <thread>

#include "01-cli-socket/sys_error.hpp"
#include "harness/harness.hpp"

using namespace slipway;

namespace {

/// A file in memory of one page that is mapped for writing, so that the kernel does not let it be sealed.
struct BusyFile {
  UniqueFd file{::memfd_create("busy", MFD_CLOEXEC | MFD_ALLOW_SEALING)};
  void* page = MAP_FAILED;

  BusyFile() {
    REQUIRE(::ftruncate(file.get(), 4096) == 0);
    page = ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, file.get(), 0);
    REQUIRE(page != MAP_FAILED);
  }
  void let_go() { ::munmap(page, 4096); }
};

}  // namespace

TEST_CASE("a file in memory that is busy for a moment is sealed all the same", "[02][sealed]") {
  BusyFile busy;
  std::thread other([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(60));
    busy.let_go();
  });
  CHECK_NOTHROW(seal(busy.file));
  other.join();
  CHECK(::write(busy.file.get(), "x", 1) == -1);
  CHECK(errno == EPERM);
}

TEST_CASE("a file in memory that stays busy is refused, and the error says so", "[02][sealed]") {
  BusyFile busy;
  CHECK_THROWS_WITH(seal(busy.file), Catch::Contains("F_ADD_SEALS") && Catch::Contains("busy"));
  busy.let_go();
}
