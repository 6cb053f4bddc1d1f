#include "vfs/signing/launcher_patching.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <string_view>

#include "tests/support/section_builder.h"
#include "tests/support/signing.h"
#include "tests/support/temporary_directory.h"

namespace signedvfs {
namespace {

using testing::HasSubstr;

LaunchRules launcher_rules() {
  LaunchRules rules;
  rules.policy = trusting({1, 0}, 2);
  rules.policy.names = {"app"};
  rules.policy.min_serial = {{"app", 7}};
  rules.shows_info = true;
  return rules;
}

std::string unpatched_text() {
  constexpr auto kUnpatched = unpatched_launch_section();
  return {kUnpatched.begin(), kUnpatched.end()};
}

// launcher_plan is the least that a launcher has.
SectionPlan launcher_plan() {
  SectionPlan plan;
  plan.sections = {
      {".text", "code", elf::kSectionContent, elf::kSectionLoaded | elf::kSectionExecutable},
      {std::string(kLaunchSectionName), unpatched_text()},
      {".data", "data", elf::kSectionContent, elf::kSectionLoaded | elf::kSectionWritable}};
  return plan;
}

Result<std::string> patched(std::string_view launcher, const LaunchRules& rules) {
  SIGNEDVFS_ASSIGN(const Buffer out, patch_launcher(bytes_of(launcher), rules));
  return std::string(text_of(out.bytes()));
}

Result<LaunchRules> rules_of(std::string_view application) {
  return rules_of_launcher(bytes_of(application));
}

std::string launcher_probe() {
  std::ifstream in(LAUNCHER_PROBE, std::ios::binary);
  std::ostringstream copy;
  copy << in.rdbuf();
  return copy.str();
}

// output_of runs a program that is written for it.
std::string output_of(const std::string& program) {
  const TemporaryDirectory directory;
  const std::string path = directory.write("program", program);
  std::filesystem::permissions(path, std::filesystem::perms::owner_all);
  std::FILE* const pipe = ::popen(("'" + path + "'").c_str(), "r");
  if (pipe == nullptr) return "popen failed";
  std::string out;
  std::array<char, 4096> part;
  while (const std::size_t size = std::fread(part.data(), 1, part.size(), pipe)) {
    out.append(part.data(), size);
  }
  return ::pclose(pipe) == 0 ? out : "it failed: " + out;
}

void expect_no_place(std::string_view launcher, std::string_view what) {
  const auto out = patched(launcher, launcher_rules());
  ASSERT_EQ(out.code(), Errc::kUsage) << what;
  EXPECT_THAT(out.status().what(), HasSubstr(std::string(what)));
  EXPECT_THAT(out.status().advice(), HasSubstr("as it was installed"));
}

TEST(LauncherPatching, ChangesTheSectionAlone) {
  SectionPlan plan = launcher_plan();
  const std::string launcher = plan.build();
  const std::string section = expect(encode_launch_rules(launcher_rules()));
  plan.sections[1].content = section;
  EXPECT_EQ(expect(patched(launcher, launcher_rules())), plan.build());
}

TEST(LauncherPatching, IsSeenByTheProgram) {
  if (own_machine() == kNoMachine) GTEST_SKIP() << "programs of this machine's kind are not read";
  const std::string launcher = launcher_probe();
  EXPECT_EQ(output_of(launcher), unpatched_text());
  const std::string application = expect(patched(launcher, launcher_rules()));
  const std::string section = expect(encode_launch_rules(launcher_rules()));
  EXPECT_EQ(output_of(application), section);
  std::string expected = launcher;
  const std::size_t at = launcher.find(unpatched_text());
  ASSERT_NE(at, std::string::npos);
  EXPECT_EQ(application, expected.replace(at, section.size(), section));
  // What is appended later changes nothing.
  EXPECT_EQ(output_of(application + "an archive"), section);
}

TEST(LauncherPatching, IsReadBack) {
  const LaunchRules rules = launcher_rules();
  const std::string application = expect(patched(launcher_plan().build(), rules));
  for (const std::string& file : {application, application + "PK an archive"}) {
    const LaunchRules read = expect(rules_of(file));
    EXPECT_EQ(read.policy.keys, rules.policy.keys);
    EXPECT_EQ(read.policy.threshold, 2);
    EXPECT_EQ(read.policy.names, rules.policy.names);
    EXPECT_EQ(read.policy.min_serial, rules.policy.min_serial);
    EXPECT_TRUE(read.shows_info);
    EXPECT_FALSE(read.verifies_all);
  }
}

TEST(LauncherPatching, IsDoneOnce) {
  const std::string launcher = launcher_plan().build();
  const std::string application = expect(patched(launcher, launcher_rules()));
  expect_no_place(application, "was given its key already");
  expect_no_place(application + "archive", "was given its key already");
  expect_no_place(launcher + "archive",
                  "appended to it, from byte " + std::to_string(launcher.size()) + " on");
  expect_no_place(launcher + '\0', "has something appended to it");
}

TEST(LauncherPatching, NeedsThePlaceForIt) {
  expect_no_place("", "no launcher of signedvfs: it is no ELF file");
  expect_no_place("#!/bin/sh\n", "no ELF file");
  std::string launcher = launcher_plan().build();
  launcher.pop_back();
  expect_no_place(launcher, "cut short");

  SectionPlan plan = launcher_plan();
  plan.sections.erase(plan.sections.begin() + 1);
  expect_no_place(plan.build(), "no section of the name '.svfs_key'");
  plan = launcher_plan();
  plan.sections.push_back(plan.sections[1]);
  expect_no_place(plan.build(), "two sections of the name '.svfs_key'");

  plan = launcher_plan();
  PlannedSection& section = plan.sections[1];
  section.flags |= elf::kSectionWritable;
  expect_no_place(plan.build(), "not read-only");
  section.flags = elf::kSectionLoaded | elf::kSectionExecutable;
  expect_no_place(plan.build(), "not read-only");
  section.flags = 0;
  expect_no_place(plan.build(), "no content that is loaded");
  section.flags = elf::kSectionLoaded;
  section.type = elf::kSectionNoContent;
  expect_no_place(plan.build(), "no content that is loaded");
  section.type = elf::kSectionContent;
  section.content.pop_back();
  expect_no_place(plan.build(), "has 4095 bytes and not 4096");
  section.content.append(2, '\0');
  expect_no_place(plan.build(), "has 4097 bytes and not 4096");
  section.content.pop_back();
  EXPECT_TRUE(patched(plan.build(), launcher_rules()).ok());
  section.content.back() = 1;
  expect_no_place(plan.build(), "neither empty nor has a key");
  section.content.assign(kLaunchSectionSize, '\0');
  expect_no_place(plan.build(), "neither empty nor has a key");
}

TEST(LauncherPatching, NeedsRulesThatCanBeStated) {
  LaunchRules rules = launcher_rules();
  rules.policy.legacy = true;
  EXPECT_EQ(patched(launcher_plan().build(), rules).code(), Errc::kUsage);
  rules = launcher_rules();
  rules.policy.native.directory = std::string(5000, '/');
  const auto out = patched(launcher_plan().build(), rules);
  ASSERT_EQ(out.code(), Errc::kUsage);
  EXPECT_THAT(out.status().what(), HasSubstr("has room for"));
}

TEST(LauncherPatching, ReadsNothingElseBack) {
  EXPECT_EQ(rules_of("#!/bin/sh\n").code(), Errc::kUsage);
  SectionPlan plan = launcher_plan();
  EXPECT_EQ(rules_of(plan.build()).code(), Errc::kNoTrustedKey);
  plan.sections.erase(plan.sections.begin() + 1);
  EXPECT_EQ(rules_of(plan.build()).code(), Errc::kUsage);

  plan = launcher_plan();
  plan.sections[1].content = expect(encode_launch_rules(launcher_rules()));
  const std::string application = plan.build();
  ASSERT_TRUE(rules_of(application).ok());
  const std::size_t at = application.find(plan.sections[1].content);
  for (std::size_t i = 0; i < kLaunchSectionSize; ++i) {
    std::string other = application;
    other[at + i] = static_cast<char>(~other[at + i]);
    EXPECT_EQ(rules_of(other).code(), Errc::kBadRecord) << i;
  }
}

}  // namespace
}  // namespace signedvfs
