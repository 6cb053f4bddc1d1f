#include "importer/launcher/first_stage/start_stack.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace signedvfs::first_stage {
namespace {

using testing::ElementsAre;
using testing::ElementsAreArray;
using Facts = std::vector<std::pair<std::uint64_t, std::uint64_t>>;

// FakeStack is such a stack, with room behind it that nobody may touch.
class FakeStack {
 public:
  FakeStack(std::vector<std::string> arguments, std::vector<std::string> variables, Facts facts)
      : arguments_(std::move(arguments)), variables_(std::move(variables)) {
    words_.push_back(arguments_.size());
    for (const std::string& one : arguments_) words_.push_back(address(one));
    words_.push_back(0);
    for (const std::string& one : variables_) words_.push_back(address(one));
    words_.push_back(0);
    facts.emplace_back(kLastFact, 0);
    for (const auto& [type, value] : facts) {
      words_.push_back(type);
      words_.push_back(value);
    }
    words_.insert(words_.end(), kRest.begin(), kRest.end());
  }

  StartStack read() { return read_start_stack(words_.data()); }
  const std::vector<std::uintptr_t>& words() const { return words_; }
  bool is_whole() const { return std::equal(kRest.rbegin(), kRest.rend(), words_.rbegin()); }

 private:
  static constexpr std::array<std::uintptr_t, 4> kRest{0x6b72616d, 2, 3, 4};

  static std::uintptr_t address(const std::string& text) {
    return reinterpret_cast<std::uintptr_t>(text.c_str());
  }

  std::vector<std::string> arguments_;
  std::vector<std::string> variables_;
  std::vector<std::uintptr_t> words_;
};

// variables_of walks as the linker does.
std::vector<std::string> variables_of(const StartStack& stack) {
  std::vector<std::string> out;
  for (char** one = stack.environment; *one != nullptr; ++one) out.emplace_back(*one);
  return out;
}

Facts facts_of(const StartStack& stack) {
  Facts out;
  for (const Fact* one = facts_behind(stack.environment); one->type != kLastFact; ++one) {
    out.emplace_back(one->type, one->value);
  }
  return out;
}

const Facts kSome{{33, 5}, {kSegmentsFact, 64}, {7, 0}, {51, 1}, {kEntryFact, 9}};

TEST(StartStack, IsReadAsTheKernelMakesIt) {
  FakeStack fake({"./app", "word"}, {"A=1", "B=2"}, kSome);
  const StartStack stack = fake.read();
  EXPECT_STREQ(stack.program, "./app");
  EXPECT_THAT(variables_of(stack), ElementsAre("A=1", "B=2"));
  EXPECT_EQ(facts_of(stack), kSome);
  EXPECT_EQ(stack.facts, facts_behind(stack.environment));
}

TEST(StartStack, MayHaveNoArguments) {
  FakeStack fake({}, {"A=1"}, kSome);
  const StartStack stack = fake.read();
  EXPECT_EQ(stack.program, nullptr);
  EXPECT_THAT(variables_of(stack), ElementsAre("A=1"));
}

TEST(StartStack, EndsItsArguments) {
  std::vector<std::uintptr_t> words{1, 5, 7, 0, 0, 0, 0};
  EXPECT_EQ(read_start_stack(words.data()).facts, nullptr);
}

TEST(StartStack, IsUnsafeByName) {
  for (const char* const one :
       {"LD_PRELOAD=x", "LD_AUDIT=", "LD_LIBRARY_PATH=/tmp", "LD_", "LD_WHATEVER", "LD_BIND_NOW=1",
        "GLIBC_TUNABLES=glibc.malloc.check=3", "MALLOC_CHECK_=3", "MALLOC_TRACE=x",
        "GCONV_PATH=/tmp", "GETCONF_DIR=/", "LOCPATH=.", "NLSPATH=x", "HOSTALIASES=x",
        "LOCALDOMAIN=x", "RES_OPTIONS=debug", "RESOLV_HOST_CONF=/etc/shadow", "NIS_PATH=x",
        "GCONV_PATH"}) {
    EXPECT_TRUE(is_unsafe(one)) << one;
  }
  for (const char* const one :
       {"", "=", "=LD_PRELOAD=x", "LD", "LD=1", "ld_preload=x", " LD_PRELOAD=x", "XLD_PRELOAD=x",
        "GCONV_PATHS=x", "GCONV_PAT=x", "GLIBC_TUNABLES_=x", "MALLOC=1", "PATH=/bin", "LANG=C",
        "LC_ALL=C.UTF-8", "TMPDIR=/tmp", "TZDIR=/x", "LOCPATHS", "NLSPATH2="}) {
    EXPECT_FALSE(is_unsafe(one)) << one;
  }
}

TEST(StartStack, IsScrubbedAndMovesTogether) {
  for (std::size_t unsafe = 0; unsafe < 8; ++unsafe) {
    for (std::size_t at = 0; at <= 3; ++at) {
      std::vector<std::string> kept{"A=1", "LC_ALL=C", "LDX=3"};
      std::vector<std::string> variables = kept;
      variables.insert(variables.begin() + static_cast<std::ptrdiff_t>(at), unsafe, "LD_PRELOAD=x");
      FakeStack fake({"app"}, variables, kSome);
      const auto before = fake.words();
      StartStack stack = fake.read();
      scrub(stack);
      EXPECT_THAT(variables_of(stack), ElementsAreArray(kept));
      EXPECT_EQ(facts_of(stack), kSome);
      EXPECT_EQ(stack.facts, facts_behind(stack.environment));
      EXPECT_STREQ(stack.program, "app");
      EXPECT_TRUE(fake.is_whole());
      EXPECT_EQ(fake.words() == before, unsafe == 0);
    }
  }
}

TEST(StartStack, IsScrubbedOfEach) {
  FakeStack fake(
      {}, {"LD_AUDIT=x", "X=LD_PRELOAD", "GCONV_PATH=.", "LD_AUDIT=y", "Y=", "LOCPATH=x"}, {});
  StartStack stack = fake.read();
  scrub(stack);
  EXPECT_THAT(variables_of(stack), ElementsAre("X=LD_PRELOAD", "Y="));
  EXPECT_TRUE(facts_of(stack).empty());
  FakeStack only({"x"}, {"LD_A=1", "LD_B=2"}, kSome);
  stack = only.read();
  scrub(stack);
  EXPECT_TRUE(variables_of(stack).empty());
  EXPECT_EQ(facts_of(stack), kSome);
}

TEST(StartStack, HasEachFactOnce) {
  FakeStack fake({"app"}, {}, {{5, 1}, {6, 2}, {5, 3}});
  const StartStack stack = fake.read();
  EXPECT_EQ(find(stack.facts, 6)->value, 2);
  EXPECT_EQ(find(stack.facts, 5), nullptr);
  EXPECT_EQ(find(stack.facts, 7), nullptr);
}

}  // namespace
}  // namespace signedvfs::first_stage
