// What happens where memory runs out: this program's operator new fails on demand.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <new>

#include "archive/zip/archive.h"
#include "tests/support/failing_source.h"
#include "tests/support/index.h"
#include "tests/support/signing.h"
#include "tests/support/temporary_directory.h"
#include "tests/support/zip_text.h"
#include "vfs/signed_vfs.h"
#include "vfs/signing/signer.h"

namespace {

// How many allocations still succeed; negative: all of them.
thread_local long allocations_left = -1;

}  // namespace

// Not inlined: the compiler would see `free` meet what a `new` returned, and take it for a mistake.
[[gnu::noinline]] void* operator new(std::size_t size) {
  if (allocations_left == 0) throw std::bad_alloc();
  if (allocations_left > 0) --allocations_left;
  if (void* const memory = std::malloc(size == 0 ? 1 : size)) return memory;
  throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

namespace signedvfs {
namespace {

const Members kMembers{{"a.py", "x = 1\n"}, {"p/b.txt", std::string(300, 'b')}};

// OutOfMemoryAfter lets `count` allocations of this thread succeed, and no more.
class OutOfMemoryAfter {
 public:
  explicit OutOfMemoryAfter(long count) { allocations_left = count; }
  OutOfMemoryAfter(const OutOfMemoryAfter&) = delete;
  OutOfMemoryAfter& operator=(const OutOfMemoryAfter&) = delete;
  ~OutOfMemoryAfter() { allocations_left = -1; }
};

// first_success calls `attempt(n)` with memory for n allocations, n = 0, 1, ..., until it returns
// true, and returns that n. An attempt that throws anything but bad_alloc ends the test.
template <class Attempt>
long first_success(const Attempt& attempt) {
  for (long count = 0;; ++count) {
    try {
      if (attempt(count)) return count;
    } catch (const std::bad_alloc&) {
    }
  }
}

TEST(Allocation, WhileOpeningGivesAWholeArchiveOrNone) {
  // F6: memory runs out in the middle of checking
  for (const Method method : {Method::kStored, Method::kDeflate, Method::kZstd}) {
    const std::string archive = signed_zip_of(kMembers, {}, method);
    const TrustPolicy policy = trusting({0, 1});
    const long needed = first_success([&](long count) {
      auto source = std::make_unique<MemorySource>(archive);
      const auto vfs = [&]() -> Result<std::shared_ptr<const SignedVfs>> {
        const OutOfMemoryAfter limit(count);
        SIGNEDVFS_ASSIGN(auto container, open_zip(std::move(source), "a.zip", {}));
        return SignedVfs::over(std::move(container), policy);
      }();
      if (!vfs.ok()) return false;
      EXPECT_EQ((*vfs)->listing().size(), kMembers.size());
      EXPECT_TRUE((*vfs)->verify_all().ok());
      return true;
    });
    EXPECT_GT(needed, 10);
  }
}

TEST(Allocation, WhileRefusingIsNoConsent) {
  // F6: a bad archive stays bad, whichever allocation fails while it is being refused
  const std::string archive = signed_zip_of(kMembers);
  const TrustPolicy nobody = trusting({1});
  for (long count = 0; count < 300; ++count) {
    try {
      auto source = std::make_unique<MemorySource>(archive);
      const OutOfMemoryAfter limit(count);
      auto container = open_zip(std::move(source), "a.zip", {});
      if (!container.ok()) continue;
      EXPECT_FALSE(SignedVfs::over(std::move(container).value(), nobody).ok());
    } catch (const std::bad_alloc&) {
    }
  }
}

TEST(Allocation, WhileReadingGivesTheSignedBytesOrNone) {
  // F6: memory runs out in the middle of a read
  const std::string good = signed_zip_of(kMembers, {}, Method::kDeflate);
  const auto container = [&] {
    return expect(open_zip(std::make_unique<MemorySource>(good), "a.zip", {}));
  };
  const auto vfs = expect(SignedVfs::over(container(), trusting()));
  for (const auto& [name, content] : kMembers) {
    first_success([&](long count) {
      const OutOfMemoryAfter limit(count);
      const auto bytes = vfs->read(name);
      if (!bytes.ok()) return false;
      EXPECT_TRUE(text_of(bytes->bytes()) == content);
      return true;
    });
  }
}

TEST(Allocation, WhileUsingAnIndexGivesTheSignedBytesOrNone) {
  // F6: memory runs out while the archive is opened, while a page is read, or a member
  Members members;
  for (int i = 0; i < 200; ++i) members.emplace("m" + std::to_string(i), std::to_string(i));
  const std::string archive = indexed_zip_of(members, {.method = Method::kDeflate});
  const auto source = std::make_shared<MemorySource>(archive);
  const TrustPolicy policy = trusting({0, 1});
  std::shared_ptr<const SignedVfs> vfs;
  const long needed = first_success([&](long count) {
    const OutOfMemoryAfter limit(count);
    auto made = opened(source, policy);
    if (!made.ok()) return false;
    vfs = std::move(made).value();
    return true;
  });
  EXPECT_GT(needed, 10);
  for (const auto& [name, content] : members) {
    first_success([&](long count) {
      const OutOfMemoryAfter limit(count);
      const auto bytes = vfs->read(name);
      if (!bytes.ok()) return false;
      EXPECT_TRUE(text_of(bytes->bytes()) == content);
      return true;
    });
  }
  first_success([&](long count) {
    const OutOfMemoryAfter limit(count);
    return vfs->manifest().ok() && vfs->verify_all().ok();
  });
}

TEST(Allocation, WhileSigningLeavesTheFileAsItWas) {
  const TemporaryDirectory directory;
  const std::string before = zip_of(kMembers);
  SignRequest request;
  request.path = directory.write("a.zip", before);
  request.keys = {test_key()};
  first_success([&](long count) {
    bool done = false;
    try {
      const OutOfMemoryAfter limit(count);
      done = sign(request).ok();
    } catch (const std::bad_alloc&) {
    }
    EXPECT_EQ(file_text(request.path) != before, done);
    return done;
  });
  EXPECT_TRUE(expect(SignedVfs::open(request.path, trusting()))->verify_all().ok());
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(directory.path()), {}), 1);
}

}  // namespace
}  // namespace signedvfs
