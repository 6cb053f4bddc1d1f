#include "vfs/signing/rebuild.h"

#include <gtest/gtest.h>

#include "archive/opening.h"
#include "tests/support/signing.h"
#include "tests/support/temporary_directory.h"
#include "tests/support/zip_text.h"

namespace signedvfs {
namespace {

const NamedContents kRebuilt{{"a.txt", std::string(5000, 'a')}, {"b", ""}, {"c.txt", "x"}};

class Rebuilding : public testing::Test {
 protected:
  // of returns the request to write `kRebuilt` anew, behind "prefix".
  Rebuild of(const Container& source) {
    Rebuild rebuild;
    rebuild.members = &source;
    rebuild.names = expect(source.names());
    rebuild.prefix = [](const Sink& sink) { return sink(bytes_of("prefix")); };
    rebuild.output = directory_ / "out.zip";
    rebuild.mode = 0644;
    rebuild.check = [this](const std::string&, const Contents& contents) {
      contents_ = contents;
      return Status();
    };
    return rebuild;
  }

  std::unique_ptr<const Container> source(Method method) {
    return expect(open_container(directory_.write("in.zip", zip_of(kRebuilt, method)), {}));
  }

  TemporaryDirectory directory_;
  Contents contents_;
};

TEST_F(Rebuilding, TellsWhatStandsWhereInTheFile) {
  for (const Method method : {Method::kStored, Method::kDeflate, Method::kZstd}) {
    const auto zip = source(method);
    ASSERT_TRUE(rebuild_archive(of(*zip)).ok());
    const std::string file = file_text(directory_ / "out.zip");
    ASSERT_EQ(contents_.members.size(), kRebuilt.size());
    for (const auto& [name, content] : kRebuilt) {
      const WrittenMember& member = contents_.members.at(name);
      EXPECT_EQ(member.size, content.size());
      EXPECT_EQ(member.content.hex(), sha256(content));
      const std::string stored = file.substr(member.offset, member.stored_size);
      EXPECT_EQ(stored.size(), member.stored_size);
      EXPECT_EQ(member.stored.hex(), sha256(stored));
      EXPECT_EQ(member.method, expect(pack_member(bytes_of(content), method)).method);
      EXPECT_EQ(member.content == member.stored, member.method == Method::kStored);
    }
  }
}

TEST_F(Rebuilding, TakesBothDigestsByTheSameHash) {
  const auto zip = source(Method::kDeflate);
  Rebuild rebuild = of(*zip);
  rebuild.hash_type = HashType::kSha512;
  ASSERT_TRUE(rebuild_archive(rebuild).ok());
  for (const auto& [name, member] : contents_.members) {
    EXPECT_EQ(member.content.type(), HashType::kSha512) << name;
    EXPECT_EQ(member.stored.type(), HashType::kSha512) << name;
  }
}

}  // namespace
}  // namespace signedvfs
