#include "vfs/signing/launcher_hardening.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "archive/base/buffer.h"
#include "tests/support/section_builder.h"
#include "tests/support/signing.h"
#include "vfs/signing/launcher_patching.h"

namespace signedvfs {
namespace {

using testing::HasSubstr;

constexpr std::size_t kEntryField = 24;
constexpr std::size_t kFirstType = elf::kHeaderSize;  // p_type of the one program header
constexpr std::uint64_t kUsualEntry = 0x1230;
constexpr std::uint64_t kOwnEntry = 0x4560;

LaunchRules rules_for(bool hardened) {
  LaunchRules rules;
  rules.policy = trusting();
  rules.hardened = hardened;
  return rules;
}

std::string start_section() {
  return "SVFSTART" + ElfPlan::number(kOwnEntry, 8) + ElfPlan::number(kUsualEntry, 8);
}

SectionPlan hardenable_plan() {
  constexpr auto kUnpatched = unpatched_launch_section();
  SectionPlan plan;
  plan.sections = {{std::string(kLaunchSectionName), {kUnpatched.begin(), kUnpatched.end()}},
                   {std::string(kStartSectionName), start_section()}};
  return plan;
}

// linked returns the file of a plan as a program that its dynamic linker starts.
std::string linked(SectionPlan plan) {
  return plan.build()
      .replace(kEntryField, 8, ElfPlan::number(kUsualEntry, 8))
      .replace(kFirstType, 4, ElfPlan::number(elf::kInterpreter, 4));
}

std::string header_hardened(std::string file) {
  return file.replace(kEntryField, 8, ElfPlan::number(kOwnEntry, 8))
      .replace(kFirstType, 4, ElfPlan::number(elf::kOwnInterpreter, 4));
}

Result<std::string> made(std::string_view launcher, bool hardened) {
  SIGNEDVFS_ASSIGN(const Buffer out, patch_launcher(bytes_of(launcher), rules_for(hardened)));
  return std::string(text_of(out.bytes()));
}

void expect_not_hardened(const std::string& launcher, const std::string& why) {
  const auto out = made(launcher, true);
  ASSERT_EQ(out.code(), Errc::kUsage) << why;
  EXPECT_THAT(out.status().what(), HasSubstr("the launcher cannot be hardened: " + why));
  EXPECT_NE(out.status().advice(), "");
}

TEST(LauncherHardening, ChangesHeaderAndRules) {
  const std::string launcher = linked(hardenable_plan());
  SectionPlan plan = hardenable_plan();
  plan.sections[0].content = expect(encode_launch_rules(rules_for(true)));
  EXPECT_EQ(expect(made(launcher, true)), header_hardened(linked(plan)));
  plan.sections[0].content = expect(encode_launch_rules(rules_for(false)));
  EXPECT_EQ(expect(made(launcher, false)), linked(plan));
}

TEST(LauncherHardening, IsTakenBack) {
  const std::string launcher = linked(hardenable_plan());
  for (const bool hardened : {false, true}) {
    const std::string patched = expect(made(launcher, hardened));
    EXPECT_EQ(expect(rules_of_launcher(bytes_of(patched))).hardened, hardened);
    const Buffer again = expect(unpatch_launcher(bytes_of(patched)));
    EXPECT_EQ(text_of(again.bytes()), launcher);
  }
  EXPECT_EQ(unpatch_launcher(bytes_of(launcher)).code(), Errc::kNoTrustedKey);
}

TEST(LauncherHardening, IsMissedWhereItWasTakenAway) {
  const std::string launcher = linked(hardenable_plan());
  const std::string hardened = expect(made(launcher, true));
  const std::string plain = expect(made(launcher, false));
  std::string type_alone = hardened;
  type_alone.replace(kFirstType, 4, ElfPlan::number(elf::kInterpreter, 4));
  std::string entry_alone = hardened;
  entry_alone.replace(kEntryField, 8, ElfPlan::number(kUsualEntry, 8));
  std::string both = type_alone;
  both.replace(kEntryField, 8, ElfPlan::number(kUsualEntry, 8));
  std::string without_section = hardened;
  without_section.replace(without_section.rfind(kStartSectionName), 3, "xxx");
  for (const std::string& file :
       {type_alone, entry_alone, both, without_section, header_hardened(plain)}) {
    const auto rules = rules_of_launcher(bytes_of(file));
    ASSERT_EQ(rules.code(), Errc::kBadRecord);
    EXPECT_THAT(rules.status().what(), HasSubstr("the launcher's header is damaged"));
    EXPECT_NE(rules.status().advice(), "");
    EXPECT_EQ(unpatch_launcher(bytes_of(file)).code(), Errc::kBadRecord);
  }
}

TEST(LauncherHardening, NeedsAFirstStage) {
  SectionPlan plan = hardenable_plan();
  plan.sections.pop_back();
  const std::string without = linked(plan);
  expect_not_hardened(without, "it has no first stage");
  EXPECT_FALSE(expect(rules_of_launcher(bytes_of(expect(made(without, false))))).hardened);
  plan = hardenable_plan();
  plan.sections[1].content += "more";
  expect_not_hardened(linked(plan), "its section '.svfs_start' is not as it has to be");
  plan = hardenable_plan();
  plan.sections[1].content[0] = 'X';
  expect_not_hardened(linked(plan), "its section '.svfs_start' does not begin as it has to");
  std::string file = linked(hardenable_plan());
  expect_not_hardened(file.replace(kFirstType, 4, ElfPlan::number(elf::kLoad, 4)),
                      "it does not name one dynamic linker");
  file = linked(hardenable_plan());
  expect_not_hardened(file.replace(kEntryField, 8, ElfPlan::number(kOwnEntry, 8)),
                      "it begins where it should not");
  EXPECT_THAT(made(header_hardened(linked(hardenable_plan())), true).status().what(),
              HasSubstr("hardened already"));
}

TEST(LauncherHardening, PreloadsNothing) {
  LaunchRules rules = rules_for(true);
  rules.policy.native.preloads = {"libjemalloc.so.2"};
  const auto section = encode_launch_rules(rules);
  ASSERT_EQ(section.code(), Errc::kUsage);
  EXPECT_THAT(section.status().what(), HasSubstr("'libjemalloc.so.2'"));
  rules.hardened = false;
  EXPECT_TRUE(encode_launch_rules(rules).ok());
}

}  // namespace
}  // namespace signedvfs
