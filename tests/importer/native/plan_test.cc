#include "importer/native/plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "importer/native/libraries_ahead.h"
#include "importer/native/notes.h"
#include "tests/support/elf_builder.h"
#include "tests/support/signing.h"
#include "tests/support/temporary_directory.h"
#include "tests/support/zip_text.h"

namespace signedvfs {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// object returns a shared object that needs libraries, and has them looked for somewhere. It has no
// name where `soname` is empty.
std::string object(const std::vector<std::string>& needed, const std::string& runpath = {},
                   bool may_search = false, const std::string& soname = {}) {
  ElfPlan plan;
  if (!soname.empty()) plan.entry(elf::kSoname, soname);
  for (const std::string& name : needed) plan.entry(elf::kNeeded, name);
  if (!runpath.empty()) plan.entry(elf::kRunpath, runpath);
  if (may_search) plan.string("dlopen");
  return plan.build();
}

// Prepared has everything ready, and notes what was asked of it.
class Prepared final : public LibrariesAhead {
 public:
  std::unique_ptr<SealedLibrary> take_library(const std::string& entry) override {
    taken.push_back(entry);
    Result<SealedLibrary> library = SealedLibrary::read(source, entry);
    if (!library.ok() || entry == left_out) return nullptr;
    paths.push_back(library->path());
    return std::make_unique<SealedLibrary>(std::move(library).value());
  }
  void expect_libraries(std::vector<std::string> entries) override {
    expected.insert(expected.end(), entries.begin(), entries.end());
  }

  LibrarySource source;
  std::string left_out;
  std::vector<std::string> taken;
  std::vector<std::string> expected;
  std::vector<std::string> paths;
};

class PlanTest : public testing::Test {
 protected:
  // plan plans the member "pkg/_m.so" of an archive with these members.
  Result<std::vector<PlannedGroup>> plan(const Members& members, NativeRules rules = {}) {
    const std::string path =
        directory_.write("app" + std::to_string(++count_) + ".zip", signed_zip_of(members));
    LibrarySource source{expect(SignedVfs::open(path, trusting())), path, std::move(rules), ahead_,
                         kind_};
    if (ahead_) ahead_->source = {source.vfs, source.archive, {}, nullptr};
    return plan_libraries(source, "pkg/_m.so");
  }

  // entries returns what is planned, each group as one text.
  std::vector<std::string> entries(const Members& members) {
    std::vector<std::string> out;
    for (const PlannedGroup& group : expect(plan(members))) {
      std::string& one = out.emplace_back();
      for (const PlannedLibrary& library : group) {
        EXPECT_NE(library.sealed, nullptr);
        one.append(one.empty() ? "" : " ").append(library.entry);
      }
    }
    return out;
  }

  // refusal returns why they cannot be loaded.
  std::string refusal(const Members& members, NativeRules rules = {}) {
    const auto planned = plan(members, std::move(rules));
    if (planned.ok()) return "planned";
    EXPECT_EQ(planned.code(), Errc::kBadLibrary);
    return planned.status().what();
  }

  std::shared_ptr<Prepared> ahead_;  // null: nothing is ready
  SourceKind kind_ = SourceKind::kArchive;

 private:
  TemporaryDirectory directory_;
  int count_ = 0;
};

TEST_F(PlanTest, HasEachAfterWhatItNeeds) {
  const Members members{
      {"pkg/_m.so", object({"liba.so", "libb.so", "libc.so.6"}, "$ORIGIN/../pkg.libs")},
      {"pkg.libs/liba.so", object({"libd.so"})},
      {"pkg.libs/libb.so", object({"liba.so", "libd.so"})},
      {"pkg.libs/libd.so", object({"libm.so.6"})},
      {"pkg.libs/libunused.so", "no library"},
  };
  EXPECT_THAT(entries(members),
              ElementsAre("pkg.libs/libd.so", "pkg.libs/liba.so", "pkg.libs/libb.so", "pkg/_m.so"));
  const auto planned = expect(plan(members));
  const PlannedLibrary& last = planned.back().front();
  EXPECT_THAT(last.systems, ElementsAre("libc.so.6"));
  ASSERT_EQ(last.needs.size(), 2U);
  EXPECT_EQ(last.needs.front().name, "liba.so");
  EXPECT_EQ(last.needs.front().entry, "pkg.libs/liba.so");
  EXPECT_THAT(planned.front().front().systems, ElementsAre("libm.so.6"));
}

TEST_F(PlanTest, TakesWhatIsReady) {
  const Members members{
      {"pkg/_m.so", object({"liba.so", "libb.so", "libd.so"}, "$ORIGIN/../pkg.libs")},
      {"pkg.libs/liba.so", object({"libd.so"})},
      {"pkg.libs/libb.so", object({})},
      {"pkg.libs/libd.so", object({})},
  };
  ahead_ = std::make_shared<Prepared>();
  ahead_->left_out = "pkg.libs/libb.so";
  const auto planned = expect(plan(members));
  EXPECT_THAT(ahead_->taken,
              ElementsAre("pkg/_m.so", "pkg.libs/liba.so", "pkg.libs/libd.so", "pkg.libs/libb.so"));
  // The first one is read at once, by whoever plans.
  EXPECT_THAT(ahead_->expected, ElementsAre("pkg.libs/libb.so", "pkg.libs/libd.so"));
  std::vector<std::string> paths;
  for (const PlannedGroup& group : planned) paths.push_back(group.front().sealed->path());
  EXPECT_THAT(paths, testing::IsSupersetOf(ahead_->paths));
  EXPECT_EQ(ahead_->paths.size(), 3U);
  EXPECT_EQ(paths.size(), 4U);
  // What is ready is looked at like everything else.
  EXPECT_THAT(refusal({{"pkg/_m.so", object({"libstrange.so.7"})}}), HasSubstr("libstrange.so.7"));
}

TEST_F(PlanTest, LooksWhereThoseOnTheWayLook) {
  // DT_RPATH is inherited, and a library without any relies on it.
  const Members members{
      {"pkg/_m.so", object({"liba.so"}, "$ORIGIN/../deep/libs")},
      {"deep/libs/liba.so", object({"libb.so"}, "$ORIGIN/nowhere")},
      {"deep/libs/libb.so", object({})},
  };
  EXPECT_THAT(entries(members), ElementsAre("deep/libs/libb.so", "deep/libs/liba.so", "pkg/_m.so"));
}

TEST_F(PlanTest, HasTogetherWhatNeedsEachOther) {
  const Members members{
      {"pkg/_m.so", object({"libb.so", "liba.so"})},
      {"pkg/liba.so", object({"libb.so", "libm.so.6"}, {}, false, "liba.so")},
      {"pkg/libb.so", object({"libout.so", "libc-like.so"}, {}, false, "libb.so")},
      {"pkg/libc-like.so", object({"liba.so"}, {}, false, "libc-like.so")},
      {"pkg/libout.so", object({})},
  };
  EXPECT_THAT(
      entries(members),
      ElementsAre("pkg/libout.so", "pkg/libb.so pkg/libc-like.so pkg/liba.so", "pkg/_m.so"));
  EXPECT_THAT(entries({{"pkg/_m.so", object({"_m.so"}, {}, false, "_m.so")}}),
              ElementsAre("pkg/_m.so"));
}

TEST_F(PlanTest, RefusesNamesThatWhatNeedsEachOtherLacks) {
  const auto with = [&](const std::string& name_of_a, const std::string& name_of_c) {
    return refusal({
        {"pkg/_m.so", object({"liba.so"})},
        {"pkg/liba.so", object({"libb.so", "libc-like.so"}, {}, false, name_of_a)},
        {"pkg/libb.so", object({"liba.so"}, {}, false, "libb.so")},
        {"pkg/libc-like.so", object({"liba.so"}, {}, false, name_of_c)},
    });
  };
  EXPECT_EQ(with("liba.so", "libc-like.so"), "planned");
  EXPECT_THAT(with("", "libc-like.so"),
              HasSubstr("'pkg/libb.so' and 'pkg/liba.so' need each other, by the name 'liba.so', "
                        "which the library does not have in it (DT_SONAME)"));
  EXPECT_THAT(with("liba.so.1", "libc-like.so"), HasSubstr("does not have in it"));
  EXPECT_THAT(with("liba.so", "libb.so"),
              HasSubstr("'libb.so', which 'pkg/libc-like.so' has, too"));
  EXPECT_THAT(refusal({{"pkg/_m.so", object({"_m.so"})}}), HasSubstr("does not have in it"));
}

TEST_F(PlanTest, RefusesWhatIsNowhere) {
  const Members members{{"pkg/_m.so", object({"liba.so"})}, {"pkg/liba.so", object({"libx.so"})}};
  EXPECT_THAT(refusal(members), AllOf(HasSubstr("'pkg/liba.so' needs the library 'libx.so'"),
                                      HasSubstr("neither in the archive")));
  EXPECT_EQ(refusal(members, {.libraries = {"libx.so"}, .preloads = {}, .directory = {}}),
            "planned");
}

TEST_F(PlanTest, RefusesPathsAsNames) {
  for (const char* const name : {"/lib/libc.so.6", "./libc.so.6", "$ORIGIN/liba.so", "$LIB"}) {
    EXPECT_THAT(refusal({{"pkg/_m.so", object({name})}, {"pkg/liba.so", object({})}}),
                HasSubstr("needs the library"))
        << name;
  }
}

TEST_F(PlanTest, HasTheOwnLibrarysNeedsOfTheSystem) {
  const Members members{{"pkg/_m.so", object({"libx.so.7", "libm.so.6", "liba.so"})},
                        {"pkg/liba.so", object({"liby.so.1"})}};
  EXPECT_THAT(refusal(members), HasSubstr("needs the library"));
  kind_ = SourceKind::kDirectory;
  EXPECT_THAT(refusal(members), HasSubstr("neither in the signed directory nor"));
  kind_ = SourceKind::kOwnLibrary;
  const auto planned = expect(plan(members));
  ASSERT_EQ(planned.size(), 2U);
  EXPECT_THAT(planned.front().front().systems, ElementsAre("liby.so.1"));
  EXPECT_THAT(planned.back().front().systems, ElementsAre("libx.so.7", "libm.so.6"));
  // Names alone: a path leads where it likes, to the current directory for one.
  for (const char* const name : {"./libx.so", "/tmp/libx.so", "a/libx.so", "$ORIGIN/x", "$LIB"}) {
    EXPECT_THAT(refusal({{"pkg/_m.so", object({name})}}), HasSubstr("needs the library")) << name;
  }
  EXPECT_THAT(refusal({{"pkg/_m.so", object({"libpython2.7.so.1.0"})}}),
              HasSubstr("another copy of the interpreter"));
  EXPECT_THAT(refusal({{"pkg/_m.so", object({}, "/tmp", true)}}), HasSubstr("search '/tmp'"));
}

TEST_F(PlanTest, AdvisesWhatHelpsThere) {
  const auto advice = [&](SourceKind kind, const std::string& content) {
    kind_ = kind;
    return std::string(plan({{"pkg/_m.so", content}}).status().advice());
  };
  const std::string searching = object({}, "/tmp", true);
  const std::string needing = object({"./libx.so"});
  EXPECT_THAT(advice(SourceKind::kArchive, searching), HasSubstr("pack again"));
  EXPECT_THAT(advice(SourceKind::kArchive, needing), HasSubstr("Pack a wheel"));
  for (const SourceKind kind : {SourceKind::kDirectory, SourceKind::kOwnLibrary}) {
    for (const std::string& content : {searching, needing}) {
      const std::string text = advice(kind, content);
      EXPECT_THAT(text, HasSubstr("again"));
      EXPECT_THAT(text, testing::Not(testing::ContainsRegex("[Pp]ack ")));
      EXPECT_EQ(text.find("sign --stdlib") != std::string::npos, kind == SourceKind::kOwnLibrary);
    }
  }
}

TEST_F(PlanTest, RefusesWhatBringsAnInterpreter) {
  const std::string name = "libpython2.7.so.1.0";
  EXPECT_THAT(refusal({{"pkg/_m.so", object({name})}, {"pkg/" + name, object({})}}),
              HasSubstr("another copy of the interpreter"));
  EXPECT_THAT(refusal({{"pkg/_m.so", object({name})}},
                      {.libraries = {name}, .preloads = {}, .directory = {}}),
              HasSubstr("another copy of the interpreter"));
}

TEST_F(PlanTest, RefusesWhatSearchesElsewhere) {
  const auto of = [&](const std::string& runpath, bool may_search) {
    return refusal({{"pkg/_m.so", object({}, runpath, may_search)}});
  };
  EXPECT_THAT(of("/tmp", true), HasSubstr("has the linker search '/tmp'"));
  EXPECT_EQ(of("/tmp", false), "planned");
  EXPECT_EQ(of("$ORIGIN:/usr/lib", true), "planned");
  EXPECT_THAT(of("$ORIGIN/../cwd", true), HasSubstr("that is not in the archive"));
  EXPECT_THAT(of("$ORIGIN/../cwd/no/such", true), HasSubstr("that is not in the archive"));
}

TEST_F(PlanTest, RefusesHooks) {
  ElfPlan hooked;
  hooked.entry(elf::kAuxiliary, "libx.so");
  EXPECT_THAT(refusal({{"pkg/_m.so", object({"liba.so"})}, {"pkg/liba.so", hooked.build()}}),
              HasSubstr("'pkg/liba.so' has DT_AUXILIARY libx.so"));
}

TEST_F(PlanTest, SaysWhichMemberIsNoLibrary) {
  EXPECT_THAT(refusal({{"pkg/_m.so", object({"liba.so"})}, {"pkg/liba.so", "text"}}),
              HasSubstr("'pkg/liba.so'"));
  EXPECT_EQ(plan({{"pkg/other.so", ""}}).code(), Errc::kNotFound);
}

TEST_F(PlanTest, HasWhatTheNotesSayInFront) {
  const Members members{
      {"pkg/_m.so", object({})},
      {"pkg/later.so", object({"libdeep.so"})},
      {"pkg/libdeep.so", object({})},
      {std::string(kNativeNotesName), "other.so\tpkg/none.so\npkg/_m.so\tpkg/later.so\n"},
  };
  EXPECT_THAT(entries(members), ElementsAre("pkg/libdeep.so", "pkg/later.so", "pkg/_m.so"));
}

TEST_F(PlanTest, GoesByNotesOfLibraries) {
  const Members members{
      {"pkg/_m.so", object({"liba.so"})},
      {"pkg/liba.so", object({})},
      {"pkg/libplugin.so", object({"libdeep.so"})},
      {"pkg/libdeep.so", object({})},
      {"pkg/libback.so", object({"liba.so"})},
      {std::string(kNativeNotesName),
       "pkg/liba.so\tpkg/libback.so\npkg/liba.so\tpkg/libplugin.so\n"
       "pkg/libdeep.so\tpkg/_m.so\n"},
  };
  // What needs the library that asks for it comes later, wherever the notes would have it.
  EXPECT_THAT(entries(members), ElementsAre("pkg/libdeep.so", "pkg/libplugin.so", "pkg/liba.so",
                                            "pkg/_m.so", "pkg/libback.so"));
}

TEST_F(PlanTest, RefusesNotesOfLibrariesThatNameNoMember) {
  EXPECT_THAT(refusal({{"pkg/_m.so", object({"liba.so"})},
                       {"pkg/liba.so", object({})},
                       {std::string(kNativeNotesName), "pkg/liba.so\tpkg/none.so\n"}}),
              HasSubstr("'pkg/none.so', which is no member"));
}

TEST_F(PlanTest, RefusesBadNotes) {
  const auto with = [&](const std::string& notes) {
    return refusal({{"pkg/_m.so", object({})}, {std::string(kNativeNotesName), notes}});
  };
  EXPECT_THAT(with("no pair\n"), HasSubstr("which is no pair"));
  EXPECT_THAT(with("pkg/_m.so\tpkg/none.so"), HasSubstr("which is no member"));
  EXPECT_THAT(with("pkg/_m.so\tpkg/_m.so"), "planned");
  EXPECT_EQ(with(""), "planned");
}

}  // namespace
}  // namespace signedvfs
