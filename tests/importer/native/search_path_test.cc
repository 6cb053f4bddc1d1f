#include "importer/native/search_path.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "importer/native/program_directories.h"
#include "importer/native/system_libraries.h"
#include "tests/support/signing.h"

namespace signedvfs {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

SharedObject searching(std::vector<std::string> paths, bool may_search = true) {
  SharedObject object;
  object.search_paths = std::move(paths);
  object.may_search = may_search;
  return object;
}

TEST(BundledDirectories, AreThoseBelowTheArchivesRoot) {
  const auto of = [](const char* path, const char* entry) {
    return bundled_directories(searching({path}), entry);
  };
  EXPECT_THAT(of("$ORIGIN", "pkg/_m.so"), ElementsAre("pkg/"));
  EXPECT_THAT(of("${ORIGIN}", "pkg/_m.so"), ElementsAre("pkg/"));
  EXPECT_THAT(of("$ORIGIN/", "_m.so"), ElementsAre(""));
  EXPECT_THAT(of("$ORIGIN/..", "pkg/_m.so"), ElementsAre(""));
  EXPECT_THAT(of("$ORIGIN/../pkg.libs", "pkg/_m.so"), ElementsAre("pkg.libs/"));
  EXPECT_THAT(of("$ORIGIN/.././/pkg.libs//", "pkg/_m.so"), ElementsAre("pkg.libs/"));
  EXPECT_THAT(of("$ORIGIN/a/../b", "x/y/_m.so"), ElementsAre("x/y/b/"));
  EXPECT_THAT(of("$ORIGIN/../../c", "x/y/_m.so"), ElementsAre("c/"));
}

TEST(BundledDirectories, AreNoOthers) {
  for (const char* const path :
       {"", ".", "libs", "/usr/lib", "$ORIGIN/..", "$ORIGIN/../x", "$ORIGIN/a/../../x",
        "$ORIGINAL/x", "$ORIGIN.libs", "${ORIGIN", "$LIB", "$ORIGIN/$LIB", "$ORIGIN/$ORIGIN",
        "x/$ORIGIN", "$origin", " $ORIGIN"}) {
    EXPECT_THAT(bundled_directories(searching({path}), "_m.so"), IsEmpty()) << path;
  }
}

TEST(BundledDirectories, KeepTheirOrder) {
  const SharedObject object = searching({"$ORIGIN/b", "/usr/lib", "$ORIGIN/a", "$ORIGIN/b"});
  EXPECT_THAT(bundled_directories(object, "_m.so"), ElementsAre("b/", "a/", "b/"));
}

TEST(ForeignSearchPaths, AreThoseThatNobodyHasSigned) {
  const SharedObject object =
      searching({"$ORIGIN/x", "", ".", "rel", "/opt/x", "$ORIGIN/../..", "$LIB", "/usr/lib",
                 "/usr/lib/x86_64-linux-gnu", "/lib64", "/usr/libexec", "/lib/../tmp", "/libs"});
  EXPECT_THAT(foreign_search_paths(object, "pkg/_m.so"),
              ElementsAre("", ".", "rel", "/opt/x", "$ORIGIN/../..", "$LIB", "/usr/libexec",
                          "/lib/../tmp", "/libs"));
}

TEST(ForeignSearchPaths, MatterOnlyToWhatSearches) {
  EXPECT_THAT(foreign_search_paths(searching({"", "/tmp"}, false), "_m.so"), IsEmpty());
  EXPECT_THAT(places_at_origin(searching({"$ORIGIN/../cwd"}, false), "/proc/1/fd"), IsEmpty());
}

TEST(DirectoryNamed, IsWhereTheLinkerLooks) {
  const auto of = [](const char* path) { return directory_named(path, "/opt/py/bin"); };
  EXPECT_EQ(of("/opt/py/lib"), "/opt/py/lib");
  EXPECT_EQ(of("//opt/./py//lib/"), "/opt/py/lib");
  EXPECT_EQ(of("$ORIGIN"), "/opt/py/bin");
  EXPECT_EQ(of("$ORIGIN/../lib"), "/opt/py/lib");
  EXPECT_EQ(of("${ORIGIN}/../../x/."), "/opt/x");
  EXPECT_EQ(directory_named("$ORIGIN/lib", "/"), "/lib");
}

TEST(DirectoryNamed, IsNothingWhereItDependsOnMore) {
  for (const char* const path :
       {"", ".", "..", "lib", "./lib", "$LIB", "/opt/$LIB", "$ORIGIN/$LIB", "/opt/$ORIGIN",
        "$ORIGINAL/lib", "lib/$ORIGIN", "/opt/py/../lib", "$ORIGIN/lib/../other",
        "$ORIGIN/../../..", "$ORIGIN/../../../..", "/", "//", "/..", " /opt/py/lib"}) {
    EXPECT_EQ(directory_named(path, "/opt/py/bin"), std::nullopt) << path;
  }
  for (const char* const origin : {"", "bin", "./bin"}) {
    EXPECT_EQ(directory_named("$ORIGIN/lib", origin), std::nullopt) << origin;
  }
}

TEST(ForeignSearchPaths, AreNoneOfTheProgram) {
  const Surroundings around{"/opt/py/lib/python3/lib-dynload", {"/opt/py/lib", "/opt/more"}};
  const SharedObject object = searching(
      {"/opt/py/lib", "/opt/py/lib/", "/opt//more", "$ORIGIN/../..", "/opt/py/lib/x", "/opt/py",
       "/opt/py/lib/../lib", "/opt/pylib", "$ORIGIN/../../..", "opt/py/lib", "", "/opt/py/$LIB"});
  EXPECT_THAT(foreign_search_paths(object, "_m.so", around),
              ElementsAre("/opt/py/lib/x", "/opt/py", "/opt/py/lib/../lib", "/opt/pylib",
                          "$ORIGIN/../../..", "opt/py/lib", "", "/opt/py/$LIB"));
  // One further down means another place by the same words, and who has no place means none.
  EXPECT_THAT(foreign_search_paths(searching({"$ORIGIN/../.."}), "a/_m.so", around),
              ElementsAre("$ORIGIN/../.."));
  EXPECT_THAT(foreign_search_paths(searching({"$ORIGIN/../.."}), "_m.so", {"", around.directories}),
              ElementsAre("$ORIGIN/../.."));
}

TEST(ProgramDirectories, AreThoseOfTheProgramAlone) {
  const auto of = [](const char* paths, bool is_for_all = false) {
    return program_directories_in(paths, "/opt/py/bin", is_for_all);
  };
  EXPECT_THAT(of("").directories, IsEmpty());
  EXPECT_THAT(of("/opt/py/lib:$ORIGIN/../lib64").directories,
              ElementsAre("/opt/py/lib", "/opt/py/lib64"));
  // The current directory is anybody's.
  EXPECT_THAT(of(":/a::b:.:$LIB:/c/../d:/e:").directories, ElementsAre("/a", "/e"));
  EXPECT_THAT(program_directories_in("$ORIGIN/../lib:/a", "", false).directories,
              ElementsAre("/a"));
}

TEST(ProgramDirectories, SayWhetherTheLinkerLooksElsewhereForOthers) {
  const auto has_others = [](const char* paths, bool is_for_all) {
    return program_directories_in(paths, "/opt/py/bin", is_for_all).has_others;
  };
  for (const char* const paths : {":/a", "/a:", "lib", "/a:$LIB"}) {
    EXPECT_TRUE(has_others(paths, true)) << paths;
    EXPECT_FALSE(has_others(paths, false)) << paths;
  }
  EXPECT_FALSE(has_others("", true));
  EXPECT_FALSE(has_others("/a:$ORIGIN/../lib", true));
}

TEST(PlacesAtOrigin, AreWhereTheLinkerLooks) {
  const SharedObject object =
      searching({"$ORIGIN", "${ORIGIN}/../x.libs", "/usr/lib", "$ORIGIN/../../cwd", "rel"});
  EXPECT_THAT(places_at_origin(object, "/proc/1/fd/."),
              ElementsAre("/proc/1/fd/.", "/proc/1/fd/./../x.libs", "/proc/1/fd/./../../cwd"));
}

class FindBundled : public testing::Test {
 protected:
  std::optional<std::string> find(const Members& members, std::string_view entry,
                                  const std::vector<std::string>& directories,
                                  std::string_view name) {
    const Manifest manifest =
        expect(Manifest::check(buffer_of(manifest_for(members)), trusting(), {}));
    return expect(find_bundled(ManifestListing(manifest), entry, directories, name));
  }
};

TEST_F(FindBundled, TakesTheFirstDirectoryThatHasIt) {
  const Members members{{"a/l.so", ""}, {"b/l.so", ""}, {"pkg/l.so", ""}, {"pkg/_m.so", ""}};
  EXPECT_EQ(find(members, "pkg/_m.so", {"none/", "b/", "a/"}, "l.so"), "b/l.so");
  EXPECT_EQ(find(members, "pkg/_m.so", {}, "l.so"), "pkg/l.so");
  EXPECT_EQ(find(members, "pkg/_m.so", {"none/"}, "l"), std::nullopt);
}

TEST_F(FindBundled, LooksIntoTheOneDirectoryOfLibraries) {
  const Members one{{"pkg/_m.so", ""}, {"x.libs/l.so", ""}, {"y.libs/other.so", ""}};
  EXPECT_EQ(find(one, "pkg/_m.so", {}, "l.so"), "x.libs/l.so");
  const Members two{{"pkg/_m.so", ""}, {"x.libs/l.so", ""}, {"y.libs/l.so", ""}};
  EXPECT_EQ(find(two, "pkg/_m.so", {}, "l.so"), std::nullopt);
  const Members deeper{{"pkg/_m.so", ""}, {"d/x.libs/l.so", ""}};
  EXPECT_EQ(find(deeper, "pkg/_m.so", {}, "l.so"), std::nullopt);
}

TEST_F(FindBundled, TakesNoPaths) {
  const Members members{{"pkg/_m.so", ""}, {"pkg/d/l.so", ""}, {"pkg/$x", ""}};
  EXPECT_EQ(find(members, "pkg/_m.so", {"pkg/"}, "d/l.so"), std::nullopt);
  EXPECT_EQ(find(members, "pkg/_m.so", {"pkg/"}, "$x"), std::nullopt);
}

TEST(SystemLibraries, AreKnownByTheirWholeNames) {
  for (const std::string_view name : system_libraries()) EXPECT_TRUE(is_system_library(name));
  for (const char* const name : {"", "libc", "libc.so", "libc.so.60", "libz.so.1.2.13", "LIBC.SO.6",
                                 "/lib/libc.so.6", "libcrypto.so.3"}) {
    EXPECT_FALSE(is_system_library(name)) << name;
  }
}

}  // namespace
}  // namespace signedvfs
