#include "archive/os/per_thread.h"

#include <gtest/gtest.h>
#include <pthread.h>

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

// Late asks when the thread's object is gone: its key is younger, so its turn comes behind.
int first = 0;
int late = 0;
void ask_late(void*) {
  if (late == 0) late = Things::get()->number;
}

TEST(PerThread, IsMadeAnewForWhoeverAsksBehindTheEnd) {
  const int before = freed;
  Things::get();  // the key is made with the first
  pthread_key_t key = 0;
  ASSERT_EQ(::pthread_key_create(&key, &ask_late), 0);
  std::thread([&] {
    first = Things::get()->number;
    EXPECT_EQ(::pthread_setspecific(key, &late), 0);
  }).join();
  EXPECT_NE(late, first);
  EXPECT_EQ(late, made);
  EXPECT_EQ(freed, before + 2);
  EXPECT_EQ(::pthread_key_delete(key), 0);
}

Thing* make_none() { return nullptr; }

TEST(PerThread, IsNothingWhereNoneCanBeMade) {
  EXPECT_EQ((PerThread<Thing, make_none, free_thing>::get()), nullptr);
}

}  // namespace
}  // namespace signedvfs
