#include "archive/zip/last.h"

#include <gtest/gtest.h>

#include <atomic>
#include <string>

#include "archive/zip/archive.h"
#include "archive/zip/tail.h"
#include "support/failing_source.h"
#include "support/zip_builder.h"

namespace signedvfs {
namespace {

// CountingSource tells how many bytes have been asked for.
class CountingSource final : public MemorySource {
 public:
  using MemorySource::MemorySource;
  Status copy_out(std::uint64_t offset, std::span<std::byte> dst) const override {
    bytes += dst.size();
    return MemorySource::copy_out(offset, dst);
  }
  mutable std::atomic<std::uint64_t> bytes = 0;
};

Result<std::optional<LastMember>> last_of(const ByteSource& source, std::uint64_t most = 1000) {
  SIGNEDVFS_ASSIGN(const ZipTail tail, read_zip_tail(source, {}));
  return read_last_member(source, tail, "last", most);
}

Result<std::optional<LastMember>> last_of(const ZipPlan& plan, std::uint64_t most = 1000) {
  return last_of(MemorySource(build_zip(plan)), most);
}

bool finds(const ZipPlan& plan) {
  const auto last = last_of(plan);
  return last.ok() && last->has_value();
}

TEST(ZipLast, GivesTheContentOfTheLastMember) {
  for (const Method method : {Method::kStored, Method::kDeflate, Method::kZstd}) {
    for (const char* prefix : {"", "#!/bin/sh\n"}) {
      const auto last = last_of(
          {.prefix = prefix, .entries = {{"first", "1"}, {"last", std::string(500, 'x'), method}}});
      ASSERT_TRUE(last.ok() && last->has_value());
      EXPECT_EQ(text_of((*last)->content.bytes()), std::string(500, 'x'));
    }
  }
}

TEST(ZipLast, FindsNothingWhereAnotherMemberIsTheLast) {
  EXPECT_FALSE(finds({.entries = {{"last", "x"}, {"other", "y"}}}));
  EXPECT_FALSE(finds({.entries = {{"other", "y"}}}));
  EXPECT_FALSE(finds({.entries = {{"not-last", "y"}}}));
  EXPECT_FALSE(finds({.entries = {{"LAST", "y"}}}));
  EXPECT_FALSE(finds({.entries = {{"last/", ""}}}));
  EXPECT_FALSE(finds({.entries = {}}));
}

// It is the last in the directory, and another one stands between it and the directory.
TEST(ZipLast, FindsNothingWhereBytesFollowTheMember) {
  EXPECT_FALSE(finds({.entries = {{"last", "x"}}, .after_members = std::string(70'000, 'x')}));
  EXPECT_FALSE(finds({.entries = {{.name = "last", .content = "x", .central = {.offset = 9999}}}}));
}

TEST(ZipLast, RefusesMoreThanItMayRead) {
  for (const Method method : {Method::kStored, Method::kDeflate}) {
    const ZipPlan plan{.entries = {{"last", std::string(501, 'x'), method}}};
    const auto last = last_of(plan, 500);
    EXPECT_EQ(last.code(), Errc::kTooLarge);
    EXPECT_EQ(last.status().limit(), "manifest_bytes");
    EXPECT_TRUE(last_of(plan, 501).ok());
  }
  // a declaration that is a lie
  EXPECT_EQ(last_of({.entries = {{.name = "last",
                                  .content = std::string(5000, 'x'),
                                  .method = Method::kDeflate,
                                  .both = {.size = 100}}}})
                .code(),
            Errc::kCorruptMember);
}

// 14: a million names cost nothing before somebody has vouched for them
TEST(ZipLast, ReadsNoMoreThanTheEndOfTheDirectoryAndThatMember) {
  ZipPlan plan;
  for (int i = 0; i < 20'000; ++i) plan.entries.push_back({"m" + std::to_string(i), "content"});
  plan.entries.push_back({"last", "x"});
  const CountingSource source(build_zip(plan));
  ASSERT_GT(source.size(), 1'000'000U);
  const auto last = last_of(source);
  ASSERT_TRUE(last.ok() && last->has_value());
  EXPECT_LT(source.bytes, 5'000U);
}

// A record of another member, in whose extra field there is what looks like the last record.
TEST(ZipLast, IsNotTakenInByARecordWithinARecord) {
  constexpr std::uint32_t kBehindTheHostsHeader = 30 + 6;
  const std::string fake = build_zip(
      {.entries = {
           {.name = "last", .content = "x", .central = {.offset = kBehindTheHostsHeader}}}});
  const std::size_t directory = fake.find("PK\1\2");
  const ZipEntry host{.name = "app.py",
                      .content = fake.substr(0, directory),
                      .central = {.extra = extra_field(0x9999, fake.substr(directory, 46 + 4))}};
  const auto source = std::make_shared<MemorySource>(build_zip({.entries = {host}}));
  const auto last = last_of(*source);
  ASSERT_TRUE(last.ok() && last->has_value()) << "nothing has read the whole directory yet";
  EXPECT_EQ(open_zip_with(source, "a.zip", {}, **last).code(), Errc::kBadDirectory);
}

}  // namespace
}  // namespace signedvfs
