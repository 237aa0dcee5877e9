/// \file
/// One thread for everything that is to happen later.

#include "02-daemon/base/timer.hpp"

#include <atomic>
#include <future>

#include "harness/harness.hpp"

using namespace slipway;
using namespace std::chrono_literals;

TEST_CASE("a timer calls in the order of the due times, whenever they were given",
          "[unit][timer]") {
  std::string order;
  std::promise<void> done;
  Timer timer;
  timer.after(60ms, [&] {
    order += 'c';
    done.set_value();
  });
  timer.after(30ms, [&] { order += 'b'; });
  timer.after(0ms, [&] { order += 'a'; });
  done.get_future().wait();
  CHECK(order == "abc");
}

TEST_CASE("a timer that goes drops what is not due, and does not wait for it", "[unit][timer]") {
  std::atomic<bool> called = false;
  {
    Timer timer;
    timer.after(1h, [&] { called = true; });
  }
  CHECK_FALSE(called);
}
