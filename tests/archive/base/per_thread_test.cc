#include "archive/base/per_thread.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

namespace signedvfs {
namespace {

struct Thing {
  int number = 0;
};

std::atomic<int> made = 0;
std::atomic<int> freed = 0;

Thing* make() { return new Thing{++made}; }

void free_thing(Thing* thing) {
  ++freed;
  delete thing;
}

using Things = PerThread<Thing, make, free_thing>;

TEST(PerThread, IsMadeOnceAndFreedWithTheThread) {
  const int before = freed;
  Thing* const ours = Things::get();
  EXPECT_EQ(Things::get(), ours);
  std::thread([&] {
    Thing* const theirs = Things::get();
    EXPECT_NE(theirs, ours);
    EXPECT_EQ(Things::get(), theirs);
  }).join();
  EXPECT_EQ(freed, before + 1);
}

// Late asks when the thread's own objects are gone, as handlers of exit(3) do.
std::atomic<Thing*> of_late = nullptr;
struct Late {
  int first = 0;
  ~Late() { of_late = first == Things::get()->number ? nullptr : Things::get(); }
};

TEST(PerThread, IsMadeAnewForWhoeverAsksBehindTheEnd) {
  const int before = freed;
  std::thread([] {
    thread_local Late late;  // made before, so destroyed behind
    late.first = Things::get()->number;
  }).join();
  EXPECT_EQ(freed, before + 1);
  ASSERT_NE(of_late, nullptr);
  EXPECT_EQ(of_late.load()->number, made);
  delete of_late.load();
}

Thing* make_none() { return nullptr; }

TEST(PerThread, IsNothingWhereNoneCanBeMade) {
  EXPECT_EQ((PerThread<Thing, make_none, free_thing>::get()), nullptr);
}

}  // namespace
}  // namespace signedvfs
