#include "vfs/signing/carry_over.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <ctime>

#include "archive/opening.h"
#include "tests/support/signing.h"
#include "tests/support/temporary_directory.h"
#include "tests/support/zip_text.h"
#include "vfs/signing/source_hash.h"

namespace signedvfs {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr std::uint32_t kDosTime = 0x58a16000;  // 2024-05-01 12:00:00
const std::string kSource = "x = 1\n";

std::int64_t local_time() {
  std::tm local{};
  local.tm_year = 124;
  local.tm_mon = 4;
  local.tm_mday = 1;
  local.tm_hour = 12;
  local.tm_isdst = -1;
  return std::mktime(&local);
}

// pyc returns the start of a .pyc (PEP 552) as far as it matters here.
std::string pyc(std::uint32_t flags, std::int64_t time, std::size_t size) {
  std::string out = "\xa7\r\r\n";
  for (const std::uint64_t field :
       {std::uint64_t{flags}, static_cast<std::uint64_t>(time), std::uint64_t{size}}) {
    for (unsigned i = 0; i < 4; ++i) out += static_cast<char>(field >> (8 * i) & 0xffU);
  }
  return out + "code";
}

// hashed_pyc is of CPython 3.11, compiled from `source`.
std::string hashed_pyc(std::uint32_t flags, const std::string& source) {
  const auto hash = expect(source_hash(0x0a0d0da7, bytes_of(source)));
  return pyc(flags, 0, 0).substr(0, 8) + std::string(text_of(*hash)) + "code";
}

class CarryingOver : public testing::Test {
 protected:
  CarryOver from_zip(const std::string& compiled, std::uint32_t dos_time = kDosTime) const {
    std::string zip = zip_of(NamedContents{{"m.pyc", compiled}, {"m.py", kSource}});
    set_dos_time(zip, "m.py", dos_time);
    // The time of the .pyc itself is of no interest.
    const auto archive = expect(open_container(directory_.write("a.zip", zip), {}));
    return expect(carry_over(*archive));
  }

  CarryOver from_directory(const std::string& compiled, std::int64_t source_time) const {
    directory_.write("tree/m.pyc", compiled);
    const std::string source = directory_.write("tree/m.py", kSource);
    const timespec times[2] = {{source_time, 0}, {source_time, 0}};
    EXPECT_EQ(::utimensat(AT_FDCWD, source.c_str(), times, 0), 0);
    return expect(carry_over(*expect(open_container(directory_ / "tree", {}))));
  }

  TemporaryDirectory directory_;
};

TEST_F(CarryingOver, TakesAPycThatPythonWouldUse) {
  // A22: times are believed when signing and never afterwards
  for (const std::int64_t time : {local_time() - 1, local_time(), local_time() + 1}) {
    const CarryOver out = from_zip(pyc(0, time, kSource.size()));
    EXPECT_THAT(out.names, ElementsAre("m.py", "m.pyc"));
    EXPECT_THAT(out.left_out, IsEmpty());
  }
}

TEST_F(CarryingOver, LeavesOutAStalePyc) {
  // C23: X.py beside a stale X.pyc
  for (const std::string& stale :
       {pyc(0, local_time() - 2, kSource.size()), pyc(0, local_time() + 2, kSource.size()),
        pyc(0, local_time(), kSource.size() + 1), pyc(0, local_time(), 0),
        pyc(0, local_time(), kSource.size()).substr(0, 15), std::string()}) {
    const CarryOver out = from_zip(stale);
    EXPECT_THAT(out.names, ElementsAre("m.py"));
    ASSERT_EQ(out.left_out.size(), 1U);
    EXPECT_THAT(out.left_out[0], HasSubstr("m.pyc: "));
  }
}

TEST_F(CarryingOver, TakesAPycWithTheHashOfItsSource) {
  for (const std::uint32_t flags : {1U, 3U}) {
    const CarryOver out = from_zip(hashed_pyc(flags, kSource));
    EXPECT_THAT(out.names, ElementsAre("m.py", "m.pyc")) << flags;
    EXPECT_THAT(out.left_out, IsEmpty());
  }
}

// I6: the hash is what the .pyc says of itself, so who signs it for others is told
TEST_F(CarryingOver, WarnsOnceOfAllThatRunInsteadOfTheirSources) {
  for (const std::string& compiled :
       {hashed_pyc(1, kSource), hashed_pyc(3, kSource), pyc(0, local_time(), kSource.size())}) {
    EXPECT_THAT(from_zip(compiled).warnings,
                ElementsAre(HasSubstr("1 .pyc file beside its source runs instead of it")));
  }
  NamedContents many;
  for (int i = 0; i < 1000; ++i) {
    many.emplace_back("m" + std::to_string(i) + ".py", kSource);
    many.emplace_back("m" + std::to_string(i) + ".pyc", hashed_pyc(1, kSource));
  }
  const auto archive = expect(open_container(directory_.write("a.zip", zip_of(many)), {}));
  const CarryOver out = expect(carry_over(*archive));
  ASSERT_THAT(out.warnings, ElementsAre(HasSubstr("1000 .pyc files")));
  EXPECT_THAT(out.warnings[0], HasSubstr("m0.pyc, "));
  EXPECT_THAT(out.warnings[0], HasSubstr(" and 990 more"));
  EXPECT_THAT(expect(carry_over(*archive, {.compiled_here = true})).warnings, IsEmpty());
}

TEST_F(CarryingOver, WarnsNobodyOfWhatHeHasSignedBefore) {
  const std::string compiled = hashed_pyc(1, kSource);
  const std::string zip =
      directory_.write("a.zip", zip_of(NamedContents{{"m.pyc", compiled}, {"m.py", kSource}}));
  const auto archive = expect(open_container(zip, {}));
  Existing ours;
  ours.signed_by_us = true;
  const auto list = [&](const char* path, const std::string& text) {
    ours.listed.insert_or_assign(path, expect(digest_of(HashType::kSha256, bytes_of(text))));
  };
  list("m.pyc", compiled);
  list("m.py", kSource);
  EXPECT_THAT(expect(carry_over(*archive, {.signed_by_us = &ours})).warnings, IsEmpty());
  list("m.py", "y = 2\n");
  EXPECT_EQ(expect(carry_over(*archive, {.signed_by_us = &ours})).warnings.size(), 1U);
  list("m.py", kSource);
  list("m.pyc", "another");
  EXPECT_EQ(expect(carry_over(*archive, {.signed_by_us = &ours})).warnings.size(), 1U);
}

TEST_F(CarryingOver, LeavesOutACheckedPycOfAnotherSource) {
  // I6: a keyed hash of zero bytes, of another source, of the same source for another Python
  for (const std::string& content :
       {pyc(3, 0, 0), hashed_pyc(3, "y = 2\n"), "\x6f\r\r\n" + hashed_pyc(3, kSource).substr(4)}) {
    for (const CarryOver& out : {from_zip(content), from_directory(content, 1)}) {
      EXPECT_THAT(out.names, ElementsAre("m.py"));
      EXPECT_THAT(out.left_out, ElementsAre(HasSubstr("m.pyc: compiled from another m.py")));
      EXPECT_THAT(out.warnings, IsEmpty());
    }
  }
}

TEST_F(CarryingOver, WarnsOfAnUncheckedPycOfAnotherSource) {
  const CarryOver out = from_zip(hashed_pyc(1, "y = 2\n"));
  EXPECT_THAT(out.names, ElementsAre("m.py", "m.pyc"));
  EXPECT_THAT(out.warnings, ElementsAre(HasSubstr("m.pyc is signed beside m.py")));
}

TEST_F(CarryingOver, LeavesOutWhatCannotBeDecided) {
  // flags that mean nothing; Pythons that are none, have no hashes yet, or were never released
  std::vector<std::string> all;
  for (const std::uint32_t flags : {2U, 4U, 7U, 0x80000001U}) {
    all.push_back(hashed_pyc(flags, kSource));
  }
  for (const char* magic : {"\xa7\r\n\n", "\x3f\r\r\n", "\x70\r\r\n", "\xa6\r\r\n"}) {
    all.push_back(magic + hashed_pyc(3, kSource).substr(4));
  }
  for (const std::string& content : all) {
    const CarryOver out = from_zip(content);
    EXPECT_THAT(out.names, ElementsAre("m.py"));
    EXPECT_THAT(out.left_out, ElementsAre(HasSubstr("nobody can tell")));
  }
  const CarryOver unchecked = from_zip("\xa6\r\r\n" + hashed_pyc(1, kSource).substr(4));
  EXPECT_THAT(unchecked.warnings, ElementsAre(HasSubstr("nobody can tell")));
}

TEST_F(CarryingOver, HoldsPackagesToTheSameRules) {
  const std::string zip =
      directory_.write("a.zip", zip_of(NamedContents{{"p/__init__.py", kSource},
                                                     {"p/__init__.pyc", hashed_pyc(3, "y = 2\n")},
                                                     {"p/__main__.py", kSource},
                                                     {"p/__main__.pyc", hashed_pyc(3, kSource)}}));
  const CarryOver out = expect(carry_over(*expect(open_container(zip, {}))));
  EXPECT_THAT(out.names, ElementsAre("p/__init__.py", "p/__main__.py", "p/__main__.pyc"));
}

TEST_F(CarryingOver, TakesNoTimeForATimeWhereThereIsNone) {
  // A22: the size alone says nothing
  constexpr std::uint32_t kFirst = 0x00210000;  // what reproducible writers give
  EXPECT_THAT(from_zip(pyc(0, 1, kSource.size()), kFirst).left_out,
              ElementsAre(HasSubstr("no time is recorded for m.py")));
  EXPECT_EQ(from_zip(pyc(0, 1, kSource.size() + 1), kFirst).left_out.size(), 1U);
}

TEST_F(CarryingOver, TakesWhatWasSignedTogetherWhereThereIsNoTime) {
  const std::string compiled = pyc(0, 1, kSource.size());
  const auto with = [&](const std::string& name, const std::string& content) {
    Existing ours;
    ours.signed_by_us = true;
    for (const auto& [path, text] : Members{{"m.py", kSource}, {"m.pyc", compiled}}) {
      ours.listed.emplace(path, expect(digest_of(HashType::kSha512, bytes_of(text))));
    }
    ours.listed.insert_or_assign(name, expect(digest_of(HashType::kSha512, bytes_of(content))));
    std::string zip = zip_of(NamedContents{{"m.pyc", compiled}, {"m.py", kSource}});
    const auto archive = expect(open_container(directory_.write("a.zip", zip), {}));
    return expect(carry_over(*archive, {.signed_by_us = &ours})).names.size();
  };
  EXPECT_EQ(with("m.py", kSource), 2U);
  EXPECT_EQ(with("m.py", "x = 2\n"), 1U);
  EXPECT_EQ(with("m.pyc", compiled + "!"), 1U);
}

TEST_F(CarryingOver, TakesAllThatOthersHaveSignedWithAWarning) {
  const std::string zip =
      directory_.write("a.zip", zip_of(NamedContents{{"m.pyc", pyc(3, 0, 0)}, {"m.py", kSource}}));
  const CarryOver out = expect(carry_over(*expect(open_container(zip, {})), {.all = true}));
  EXPECT_THAT(out.names, ElementsAre("m.py", "m.pyc"));
  EXPECT_THAT(out.warnings, ElementsAre(HasSubstr("compiled from another m.py")));
}

TEST_F(CarryingOver, TakesTimesOfDirectoriesToTheSecond) {
  EXPECT_THAT(from_directory(pyc(0, 1000, kSource.size()), 1000).left_out, IsEmpty());
  EXPECT_EQ(from_directory(pyc(0, 1000, kSource.size()), 1001).left_out.size(), 1U);
}

TEST_F(CarryingOver, LeavesOutPycacheOfDirectoriesOnly) {
  const NamedContents members{{"__pycache__/m.cpython-311.pyc", ""},
                              {"p/__pycache__/m.cpython-311.pyc", ""},
                              {"p/my__pycache__/x", ""}};
  for (const auto& [name, content] : members) directory_.write("tree/" + name, content);
  const CarryOver tree = expect(carry_over(*expect(open_container(directory_ / "tree", {}))));
  EXPECT_THAT(tree.names, ElementsAre("p/my__pycache__/x"));
  EXPECT_EQ(tree.left_out.size(), 2U);
  const std::string zip = directory_.write("a.zip", zip_of(members));
  EXPECT_EQ(expect(carry_over(*expect(open_container(zip, {})))).names.size(), 3U);
}

TEST_F(CarryingOver, TakesTheBytecodeInPycacheOfOneInterpreterWhereItIsAskedFor) {
  const std::string fits = hashed_pyc(3, kSource);
  const std::vector<std::string> taken{
      "__pycache__/m.cpython-311.pyc", "p/__pycache__/__init__.cpython-311.opt-1.pyc",
      "p/__pycache__/__init__.cpython-311.opt-2.pyc", "p/__pycache__/__init__.cpython-311.pyc"};
  const std::vector<std::string> left{"__pycache__/gone.cpython-311.pyc",  // no source
                                      "__pycache__/m.cpython-312.pyc",     // of another interpreter
                                      "__pycache__/m.cpython-311.opt-3.pyc",
                                      "__pycache__/m.cpython-3110.pyc",
                                      "__pycache__/m.pyc",
                                      "__pycache__/m.py",
                                      "__pycache__/p/m.cpython-311.pyc",
                                      "x__pycache__/m.cpython-311.pyc.txt/__pycache__/y"};
  for (const std::string& name : taken) directory_.write("tree/" + name, fits);
  for (const std::string& name : left) directory_.write("tree/" + name, fits);
  directory_.write("tree/m.py", kSource);
  directory_.write("tree/p/__init__.py", kSource);
  const auto tree = expect(open_container(directory_ / "tree", {}));
  const CarryOver carried = expect(carry_over(*tree, {.cache_tag = "cpython-311"}));
  std::vector<std::string> names = taken;
  names.insert(names.begin() + 1, "m.py");
  names.insert(names.begin() + 2, "p/__init__.py");
  std::sort(names.begin(), names.end());
  EXPECT_EQ(carried.names, names);
  EXPECT_EQ(carried.left_out.size(), left.size());
  ASSERT_EQ(carried.warnings.size(), 1U);
  EXPECT_THAT(carried.warnings[0], HasSubstr("4 .pyc files"));
}

TEST_F(CarryingOver, HoldsTheBytecodeInPycacheToItsSource) {
  directory_.write("tree/m.py", kSource);
  const std::string name = "__pycache__/m.cpython-311.pyc";
  const auto outcome = [&](const std::string& compiled) {
    directory_.write("tree/" + name, compiled);
    const auto tree = expect(open_container(directory_ / "tree", {}));
    return expect(carry_over(*tree, {.cache_tag = "cpython-311"}));
  };
  EXPECT_THAT(outcome(hashed_pyc(3, "x = 2\n")).left_out, ElementsAre(HasSubstr(name)));
  EXPECT_THAT(outcome(pyc(0, 1, kSource.size())).left_out, ElementsAre(HasSubstr("stale")));
  EXPECT_THAT(outcome("short").left_out, ElementsAre(HasSubstr("too short")));
  EXPECT_THAT(outcome(hashed_pyc(1, "x = 2\n")).warnings,
              ElementsAre(HasSubstr("another program")));
}

TEST_F(CarryingOver, TakesNothingFromPycacheOfArchivesForAnInterpreter) {
  const std::string name = "__pycache__/m.cpython-311.pyc";
  const std::string zip = zip_of(NamedContents{{name, "junk"}, {"m.py", kSource}});
  const auto archive = expect(open_container(directory_.write("a.zip", zip), {}));
  // As before: what it is called means nothing there.
  EXPECT_EQ(expect(carry_over(*archive, {.cache_tag = "cpython-311"})).names.size(), 2U);
}

TEST_F(CarryingOver, TakesAPycWithoutSource) {
  const std::string zip = directory_.write("a.zip", zip_of(NamedContents{{"m.pyc", "anything"}}));
  EXPECT_THAT(expect(carry_over(*expect(open_container(zip, {})))).names, ElementsAre("m.pyc"));
}

TEST_F(CarryingOver, NeverTakesTheManifest) {
  const std::string zip = directory_.write(
      "a.zip", zip_of(NamedContents{{"m.py", ""}, {std::string(kManifestName), "whatever"}}));
  const CarryOver out = expect(carry_over(*expect(open_container(zip, {}))));
  EXPECT_THAT(out.names, ElementsAre("m.py"));
  EXPECT_THAT(out.left_out, IsEmpty());
}

}  // namespace
}  // namespace signedvfs
