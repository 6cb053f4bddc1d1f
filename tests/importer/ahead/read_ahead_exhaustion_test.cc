// What happens where memory runs out for the reading thread: this program's operator new fails on
// demand, in all threads but the one that asks.
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <memory>
#include <new>
#include <string>
#include <thread>
#include <vector>

#include "importer/ahead/read_ahead.h"
#include "tests/support/memory_container.h"
#include "tests/support/signing.h"
#include "vfs/signed_vfs.h"

namespace {

thread_local bool is_asker = false;

// How many allocations of other threads still succeed; negative: all of them.
std::atomic<long> allocations_left = -1;
std::atomic<bool> all_that_follow = false;  // fail, too
std::atomic<long> failures = 0;

bool fails_now() {
  if (is_asker || allocations_left < 0) return false;
  if (allocations_left > 0) {
    --allocations_left;
    return false;
  }
  if (!all_that_follow) allocations_left = -1;
  ++failures;
  return true;
}

}  // namespace

// Not inlined: the compiler would see `free` meet what a `new` returned, and take it for a mistake.
[[gnu::noinline]] void* operator new(std::size_t size) {
  if (fails_now()) throw std::bad_alloc();
  if (void* const memory = std::malloc(size == 0 ? 1 : size)) return memory;
  throw std::bad_alloc();
}
[[gnu::noinline]] void* operator new[](std::size_t size) { return operator new(size); }
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete[](void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete[](void* memory, std::size_t) noexcept { std::free(memory); }

namespace signedvfs {
namespace {

using std::chrono_literals::operator""ms;

constexpr std::size_t kMemberBytes = 5000;

// Names that take memory of their own.
constexpr std::string_view kFirst = "package/long_names/first.py";
constexpr std::string_view kSecond = "package/long_names/second.py";
constexpr std::string_view kLast = "package/long_names/last.py";
constexpr std::string_view kLater = "package/long_names/later.py";

const Members kMembers{{std::string(kFirst), std::string(kMemberBytes, 'a')},
                       {std::string(kSecond), std::string(kMemberBytes, 'b')},
                       {std::string(kLast), std::string(kMemberBytes, 'c')},
                       {std::string(kLater), std::string(kMemberBytes, 'd')}};

// Watched is a container that tells when certain members are being read.
class Watched final : public MemoryContainer {
 public:
  using MemoryContainer::MemoryContainer;

  Result<Buffer> read_into(std::string_view name, const Allocate& allocate) const override {
    if (name == kLast) last_is_read_ = true;
    if (name == kLater) later_is_read_ = true;
    return MemoryContainer::read_into(name, allocate);
  }

  bool last_is_read() const { return last_is_read_; }
  bool later_is_read() const { return later_is_read_; }

 private:
  mutable std::atomic<bool> last_is_read_ = false;
  mutable std::atomic<bool> later_is_read_ = false;
};

template <class Condition>
bool comes_true(const Condition& condition) {
  for (int i = 0; i < 20'000 && !condition(); ++i) std::this_thread::sleep_for(1ms);
  return condition();
}

// Exhausted reads ahead while the allocation number `count` of the other thread fails.
class Exhausted {
 public:
  Exhausted(long count, bool and_all_that_follow) {
    auto container = std::make_unique<Watched>(with_manifest(kMembers));
    watched_ = container.get();
    vfs_ = expect(SignedVfs::over(std::move(container), trusting()));
    ahead_ = ReadAhead::over(vfs_);
    failures = 0;
    all_that_follow = and_all_that_follow;
    allocations_left = count;
    ahead_->expect([] {
      return std::vector<std::string>{std::string(kFirst), std::string(kSecond),
                                      std::string(kLast)};
    });
    EXPECT_TRUE(comes_true([&] { return failures > 0 || watched_->last_is_read(); }));
  }
  Exhausted(const Exhausted&) = delete;
  Exhausted& operator=(const Exhausted&) = delete;
  ~Exhausted() {
    ahead_.reset();
    allocations_left = -1;
  }

  const Watched& watched() const { return *watched_; }
  ReadAhead& ahead() { return *ahead_; }

  // take returns what there is of a member, and waits for it where it is being read.
  std::optional<VerifiedBytes> take(std::string_view name) {
    ReadAhead::Answer answer = ahead_->take(name);
    return answer.is_being_read ? ahead_->wait(name).content : std::move(answer.member.content);
  }

  // takes_nothing_wrong asks for all members, and then reads them.
  void takes_nothing_wrong() {
    for (const auto& [name, content] : kMembers) {
      const auto ready = take(name);
      EXPECT_TRUE(!ready || text_of(ready->bytes()) == content) << name;
      EXPECT_TRUE(vfs_->read(name).ok()) << name;
    }
  }

 private:
  const Watched* watched_ = nullptr;
  std::shared_ptr<const SignedVfs> vfs_;
  std::unique_ptr<ReadAhead> ahead_;
};

TEST(ReadAheadExhaustion, ItGoesOnWhereOneAllocationHasFailed) {
  is_asker = true;
  long count = 0;
  for (;; ++count) {
    Exhausted reading(count, false);
    if (failures == 0) break;
    reading.ahead().expect([] { return std::vector<std::string>{std::string(kLater)}; });
    ASSERT_TRUE(comes_true([&] { return reading.watched().later_is_read(); })) << count;
    const auto later = reading.take(kLater);
    ASSERT_TRUE(later) << count;
    EXPECT_TRUE(text_of(later->bytes()) == kMembers.at(std::string(kLater)));
    reading.takes_nothing_wrong();
  }
  EXPECT_GT(count, 10);
}

TEST(ReadAheadExhaustion, AskersReadForThemselvesWhereNoMemoryIsLeft) {
  is_asker = true;
  long count = 0;
  for (;; ++count) {
    Exhausted reading(count, true);
    if (failures == 0) break;
    reading.takes_nothing_wrong();
  }
  EXPECT_GT(count, 10);
}

}  // namespace
}  // namespace signedvfs
