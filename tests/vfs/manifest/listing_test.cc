#include "vfs/manifest/listing.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <random>
#include <set>

#include "tests/support/index.h"
#include "tests/support/signing.h"

namespace signedvfs {
namespace {

// Names are the same questions to both kinds of listing: the law is one.
struct Kind {
  const char* name;
  std::shared_ptr<const SignedVfs> (*open)(const Members& members);
};

class Listings : public testing::TestWithParam<Kind> {
 protected:
  // of opens an archive with members of these names.
  static std::shared_ptr<const SignedVfs> of(const std::set<std::string>& names) {
    Members members;
    for (const std::string& name : names) members.emplace(name, "");
    return GetParam().open(members);
  }
};

INSTANTIATE_TEST_SUITE_P(Listing, Listings,
                         testing::Values(Kind{"Manifest",
                                              [](const Members& members) {
                                                return expect(SignedVfs::over(
                                                    std::make_unique<MemoryContainer>(
                                                        with_manifest(members)),
                                                    trusting()));
                                              }},
                                         Kind{"Index",
                                              [](const Members& members) {
                                                return expect(opened(indexed_zip_of(members)));
                                              }}),
                         [](const auto& kind) { return kind.param.name; });

TEST_P(Listings, FindExactNamesOnly) {
  // C5, C11: names are bytes; nothing is trimmed, folded or normalised
  const auto vfs = of({"app/__init__.py", "app/a.py", "data.txt"});
  for (const char* name : {"app/__init__.py", "app/a.py", "data.txt"}) {
    EXPECT_TRUE(expect(vfs->contains(name))) << name;
  }
  for (const char* name :
       {"data.tx", "data.txt ", " data.txt", "Data.txt", "./data.txt", "app", "app/", "app//a.py",
        "/data.txt", "", "zzz", "signedimp-manifest.txt", "signedvfs-index.bin"}) {
    EXPECT_FALSE(expect(vfs->contains(name))) << name;
  }
  EXPECT_FALSE(expect(vfs->contains(std::string_view("data.txt\0", 9))));
}

TEST_P(Listings, KnowDirectories) {
  const auto vfs = of({"a/b/c", "a-b", "a.b/c", "d\xc3\xa9/e", "ef", "f0", "f/g"});
  for (const char* directory : {"", "a", "a/b", "a.b", "d\xc3\xa9", "f"}) {
    EXPECT_TRUE(expect(vfs->listing().has_directory(directory))) << directory;
  }
  for (const char* other : {"a/", "a/b/", "a/b/c", "a-b", "a.", "d", "d\xc3", "e", "ef", "/", "a/c",
                            "b", "A", "zz", "f0"}) {
    EXPECT_FALSE(expect(vfs->listing().has_directory(other))) << other;
  }
}

std::vector<std::string> listed(const SignedVfs& vfs, std::string_view directory) {
  std::vector<std::string> out;
  for (const DirectoryItem& item : expect(vfs.listing().list(directory))) {
    out.push_back(std::string(item.name) + (item.is_directory ? "/" : ""));
  }
  return out;
}

TEST_P(Listings, ListDirectories) {
  using testing::ElementsAre;
  using testing::IsEmpty;
  const auto vfs = of({"a-b", "a/0", "a/b/c", "a/b/d/e", "a/b0", "a/z\xc3\xa9/f", "a0", "b"});
  EXPECT_THAT(listed(*vfs, ""), ElementsAre("a-b", "a/", "a0", "b"));
  EXPECT_THAT(listed(*vfs, "a"), ElementsAre("0", "b/", "b0", "z\xc3\xa9/"));
  EXPECT_THAT(listed(*vfs, "a/b"), ElementsAre("c", "d/"));
  EXPECT_THAT(listed(*vfs, "a/b/d"), ElementsAre("e"));
  for (const char* other : {"b", "a/", "/", "a/b/c", "a/b/d/e", "c", "a-", "zz"}) {
    EXPECT_THAT(listed(*vfs, other), IsEmpty()) << other;
  }
}

TEST_P(Listings, MayBeEmpty) {
  const auto vfs = of({});
  EXPECT_EQ(vfs->listing().size(), 0U);
  EXPECT_TRUE(expect(vfs->listing().has_directory("")));
  EXPECT_FALSE(expect(vfs->listing().has_directory("a")));
  EXPECT_FALSE(expect(vfs->contains("")));
  EXPECT_THAT(listed(*vfs, ""), testing::IsEmpty());
  EXPECT_THAT(expect(vfs->listing().paths()), testing::IsEmpty());
}

// random_names returns names of which many are prefixes and neighbours of each other: they have few
// letters, dots, dashes and directories, and some are so long that few fit into a page.
std::set<std::string> random_names(std::mt19937& random, std::size_t count) {
  const auto below = [&](std::size_t bound) { return random() % bound; };
  std::set<std::string> directories;
  std::set<std::string> names;
  while (names.size() < count) {
    std::string name;
    for (std::size_t depth = below(4) + 1; depth > 0; --depth) {
      if (!name.empty()) name += '/';
      name += "ab-0z"[below(5)];
      for (std::size_t more = below(3); more > 0; --more) name += "a.b_~"[below(5)];
      name += "xyz"[below(3)];
      if (below(50) == 0) name.append(200, 'l');
    }
    std::set<std::string> parents;
    for (std::size_t at = name.find('/'); at != std::string::npos; at = name.find('/', at + 1)) {
      parents.insert(name.substr(0, at));
    }
    const bool conflicts =
        directories.count(name) != 0 ||
        std::any_of(parents.begin(), parents.end(),
                    [&](const std::string& parent) { return names.count(parent) != 0; });
    if (conflicts) continue;
    directories.merge(parents);
    names.insert(name);
  }
  return names;
}

TEST_P(Listings, AnswerAsASortedSetDoes) {
  // from one page to three levels of pages
  for (const std::size_t count : {1U, 2U, 60U, 70U, 200U, 3000U, 12000U}) {
    std::mt19937 random(static_cast<unsigned>(count));
    const std::set<std::string> names = random_names(random, count);
    const auto vfs = of(names);
    const Listing& listing = vfs->listing();
    EXPECT_EQ(listing.size(), count);
    const auto paths = expect(listing.paths());
    ASSERT_EQ(paths.size(), count);
    EXPECT_TRUE(std::equal(paths.begin(), paths.end(), names.begin()));

    for (const std::string& name : names) {
      // what stands just before, at and just behind each name, and each of its directories
      for (const std::string& key : {name, name.substr(0, name.size() - 1), name + '\0', name + "/",
                                     name.substr(0, name.find('/')), name + "~"}) {
        const auto expected = names.lower_bound(key);
        const std::size_t cut = key.size() / 2;
        const std::string_view whole = key;
        const auto place =
            expect(listing.first_not_before({whole.substr(0, cut), whole.substr(cut)}));
        ASSERT_EQ(place.at_end, expected == names.end()) << key;
        if (!place.at_end) {
          ASSERT_EQ(place.path, *expected) << key;
        }
        ASSERT_EQ(expect(listing.contains(key)), names.count(key) != 0);
        const std::string below = key + "/";
        const auto inside = names.lower_bound(below);
        ASSERT_EQ(expect(listing.has_directory(key)),
                  key.empty() || (inside != names.end() && inside->starts_with(below)));
      }
    }
  }
}

TEST(PathKey, ComparesAsItsTwoPartsTogether) {
  const std::vector<std::string> words{"", "a", "a.", "a.p", "a/", "ab", "b", "\xff", "a\xff"};
  for (const std::string& path : words) {
    for (const std::string& head : words) {
      for (const std::string& tail : words) {
        const PathKey key(head, tail);
        const std::string whole = head + tail;
        const auto sign = [](int order) { return (order > 0) - (order < 0); };
        EXPECT_EQ(sign(key.compare(path)), sign(path.compare(whole))) << path << ' ' << whole;
        EXPECT_EQ(key.begins(path), path.starts_with(whole)) << path << ' ' << whole;
      }
    }
  }
}

}  // namespace
}  // namespace signedvfs
