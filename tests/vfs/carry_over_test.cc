#include "vfs/carry_over.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <ctime>

#include "tests/support/temporary_directory.h"
#include "tests/support/zip_text.h"

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

TEST_F(CarryingOver, TakesHashBasedPycsUnseen) {
  for (const std::uint32_t flags : {1U, 3U}) {
    EXPECT_THAT(from_zip(pyc(flags, 0, 0)).names, ElementsAre("m.py", "m.pyc")) << flags;
  }
}

TEST_F(CarryingOver, GoesBySizeWhereThereIsNoTime) {
  constexpr std::uint32_t kFirst = 0x00210000;  // what reproducible writers give
  EXPECT_THAT(from_zip(pyc(0, 1, kSource.size()), kFirst).left_out, IsEmpty());
  EXPECT_EQ(from_zip(pyc(0, 1, kSource.size() + 1), kFirst).left_out.size(), 1U);
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
