// Signing with an index: who gets one, and that it stays what was signed.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "archive/opening.h"
#include "archive/zip/format.h"
#include "tests/support/index.h"
#include "tests/support/temporary_directory.h"
#include "vfs/manifest/header.h"
#include "vfs/signing/carry_over.h"
#include "vfs/signing/signer.h"
#include "vfs/signing/statement.h"

namespace signedvfs {
namespace {

using testing::Contains;
using testing::Not;

Members numbered(std::size_t count) {
  Members members;
  for (std::size_t i = 0; i < count; ++i) {
    members.emplace("p" + std::to_string(i % 3) + "/m" + std::to_string(i) + ".py",
                    "x = " + std::to_string(i) + "\n" + std::string(100, '#'));
  }
  return members;
}

class IndexSigner : public testing::Test {
 protected:
  SignRequest request_for(const std::string& path, std::optional<bool> index = {},
                          const std::vector<std::size_t>& keys = {0}) {
    SignRequest request;
    request.path = path;
    for (const std::size_t key : keys) request.keys.push_back(test_key(key));
    request.index = index;
    return request;
  }

  std::string unsigned_zip(const Members& members, const std::string& name = "a.zip") {
    return directory_.write(name, zip_of(members, Method::kDeflate));
  }

  static std::shared_ptr<const SignedVfs> open(const std::string& path,
                                               const TrustPolicy& policy = trusting()) {
    return expect(SignedVfs::open(path, policy));
  }

  // expect_members reads everything in two ways: by the index, and as any zip reader does.
  static void expect_members(const std::string& path, const Members& members) {
    const auto vfs = open(path);
    EXPECT_EQ(vfs->listing().size(), members.size());
    const auto container = expect(open_container(path, {}));
    for (const auto& [name, content] : members) {
      EXPECT_EQ(content_of(*vfs, name), content);
      const Buffer other = expect(container->read(name));
      EXPECT_EQ(text_of(other.bytes()), content);
    }
    const Status verified = vfs->verify_all();
    EXPECT_TRUE(verified.ok()) << verified.what();
  }

  TemporaryDirectory directory_;
};

TEST_F(IndexSigner, GivesAnIndexToArchivesThatAreLargeEnough) {
  for (const std::size_t count : {std::size_t{0}, std::size_t{1}, std::size_t{kIndexedFrom - 1},
                                  std::size_t{kIndexedFrom}, std::size_t{300}}) {
    const Members members = numbered(count);
    const std::string path = unsigned_zip(members);
    expect(sign(request_for(path)));
    EXPECT_EQ(open(path)->has_index(), count >= kIndexedFrom) << count;
    expect_members(path, members);
    for (const bool index : {true, false}) {
      const std::string other = unsigned_zip(members);
      expect(sign(request_for(other, index)));
      EXPECT_EQ(open(other)->has_index(), index) << count;
      expect_members(other, members);
    }
  }
}

TEST_F(IndexSigner, WritesWhatTheBuilderBuilds) {
  const Members members = numbered(200);
  const std::string path = unsigned_zip(members);
  expect(sign(request_for(path, true)));
  EXPECT_EQ(file_text(path),
            indexed_zip_of(members, {.method = Method::kDeflate, .entries = Entries::kWritten}))
      << "the same members give the same bytes";
}

TEST_F(IndexSigner, KeepsTheChoiceWhenItAddsASignature) {
  for (const bool index : {true, false}) {
    for (const std::size_t count : {std::size_t{2}, std::size_t{40}}) {
      const Members members = numbered(count);
      const std::string path = unsigned_zip(members);
      expect(sign(request_for(path, index, {0})));
      SignRequest second = request_for(path, {}, {1});
      second.keep_signatures = true;
      const SignReport report = expect(sign(second));
      EXPECT_TRUE(report.added);
      EXPECT_EQ(report.has_index, index);
      EXPECT_EQ(report.signers, (std::vector<std::string>{fingerprint(0), fingerprint(1)}));
      const auto vfs = open(path, trusting({0, 1}, 2));
      EXPECT_EQ(vfs->has_index(), index);
      EXPECT_TRUE(vfs->verify_all().ok());
      // Another choice is another statement: signatures on the old one say nothing of it.
      second.index = !index;
      EXPECT_EQ(sign(second).code(), Errc::kUsage);
      const SignReport other = expect(sign(request_for(path, !index, {1})));
      EXPECT_FALSE(other.added);
      EXPECT_EQ(other.signers, std::vector<std::string>{fingerprint(1)});
    }
  }
}

TEST_F(IndexSigner, KeepsSignaturesOnArchivesWithoutEntriesForDirectories) {
  // The index says where members stand: what was signed before there were such entries is written
  // without them.
  const Members members = numbered(20);
  const std::string old = indexed_zip_of(members);
  const std::string path = directory_.write("old.zip", old);
  SignRequest second = request_for(path, {}, {1});
  second.keep_signatures = true;
  EXPECT_TRUE(expect(sign(second)).added);
  EXPECT_TRUE(open(path, trusting({0, 1}, 2))->verify_all().ok());
  const std::string begin = old.substr(0, old.find(kManifestName) - kZipLocalSize);
  EXPECT_EQ(file_text(path).substr(0, begin.size()), begin);
  EXPECT_FALSE(expect(sign(request_for(path))).added);
  EXPECT_EQ(file_text(path), indexed_zip_of(members, {.entries = Entries::kWritten}));
}

TEST_F(IndexSigner, WritesNoEntriesThatWouldNeedZip64OrExceedLimits) {
  const Members members{{"a/m.py", "x = 1\n"}, {"b/m.py", "y = 1\n"}};
  const std::string path = unsigned_zip(members);
  const auto has_entries = [&](std::uint64_t limit) {
    SignRequest request = request_for(path, false);
    request.limits.members = limit;
    expect(sign(request));
    return file_text(path).find("a/PK") != std::string::npos;
  };
  EXPECT_TRUE(has_entries(6));
  EXPECT_FALSE(has_entries(5));
  expect_members(path, members);
}

TEST_F(IndexSigner, MakesANewIndexForOtherContent) {
  const std::string path = unsigned_zip(numbered(20));
  expect(sign(request_for(path)));
  Members members = numbered(20);
  members.at("p0/m0.py") = "x = 'other'\n";
  // put together anew by somebody who keeps manifest and index of the old archive
  const auto old = expect(open_container(path, {}));
  NamedContents all(members.begin(), members.end());
  for (const std::string_view name : {kManifestName, kIndexName}) {
    const Buffer content = expect(old->read(name));
    all.emplace_back(name, text_of(content.bytes()));
  }
  const std::string changed = directory_.write("b.zip", zip_of(all));
  EXPECT_EQ(open(changed)->read("p0/m0.py").code(), Errc::kDigestMismatch);
  EXPECT_FALSE(open(changed)->verify_all().ok());
  expect(sign(request_for(changed)));
  EXPECT_TRUE(open(changed)->has_index());
  expect_members(changed, members);
}

TEST_F(IndexSigner, UnsignsToWhatItWas) {
  const Members members = numbered(20);
  const std::string path =
      directory_.write("a.zip", zip_of(members, Method::kDeflate, Entries::kWritten));
  const std::string before = file_text(path);
  expect(sign(request_for(path)));
  EXPECT_THAT(expect(expect(open_container(path, {}))->names()), Contains(kIndexName));
  ASSERT_TRUE(unsign(path, {}).ok());
  EXPECT_EQ(file_text(path), before);
}

TEST_F(IndexSigner, AppendsWithTheIndexThatTheArchiveHas) {
  const std::string executable = directory_.write("run", "#!/bin/sh\nexit 7\n");
  for (const bool index : {true, false}) {
    const Members members = numbered(30);
    const std::string path = unsigned_zip(members);
    expect(sign(request_for(path, index)));
    AppendRequest request;
    request.archive = path;
    request.executable = executable;
    request.output = directory_.path() + "/app";
    request.keys = {test_key()};
    expect(append(request));
    const auto vfs = open(request.output);
    EXPECT_EQ(vfs->has_index(), index);
    ASSERT_TRUE(vfs->attributes().prefix);
    expect_members(request.output, members);
    // and signing that again keeps the bytes in front, and the index right
    expect(sign(request_for(request.output, index, {0})));
    expect_members(request.output, members);
  }
}

TEST_F(IndexSigner, LeavesOutAnIndexThatIsThereWithoutMention) {
  const std::string path = directory_.write(
      "a.zip", zip_of(NamedContents{{"m.py", ""}, {std::string(kIndexName), "?"}}));
  const CarryOver carried = expect(carry_over(*expect(open_container(path, {}))));
  EXPECT_EQ(carried.names, std::vector<std::string>{"m.py"});
  EXPECT_TRUE(carried.left_out.empty());
}

TEST_F(IndexSigner, SaysThatDirectoriesHaveNone) {
  ASSERT_EQ(::mkdir((directory_.path() + "/d").c_str(), 0755), 0);
  directory_.write("d/a.py", "x = 1\n");
  const std::string path = directory_.path() + "/d";
  EXPECT_EQ(sign(request_for(path, true)).code(), Errc::kUsage);
  EXPECT_TRUE(sign(request_for(path, false)).ok());
  EXPECT_TRUE(sign(request_for(path)).ok());
  EXPECT_FALSE(open(path)->has_index());
}

TEST_F(IndexSigner, OpensAHundredThousandMembersByAFewReads) {
  // zip64: more than 65,535 members
  constexpr std::size_t kCount = 100'000;
  Members members;
  for (std::size_t i = 0; i < kCount; ++i) {
    members.emplace("package/sub_" + std::to_string(i % 100) + "/m" + std::to_string(i) + ".py",
                    std::to_string(i));
  }
  const std::string archive = indexed_zip_of(members);
  // The access number 4 fails: three are enough.
  const auto source = std::make_shared<FailingSource>(archive, 3);
  const auto vfs = expect(opened(source));
  EXPECT_EQ(source->accesses(), 3U) << "the end, the trailer with the root, the header";
  EXPECT_EQ(vfs->contains("package/sub_0/m0.py").code(), Errc::kIo);
  EXPECT_TRUE(expect(vfs->contains("package/sub_0/m0.py"))) << "it is asked again";
  const std::size_t before = source->accesses();
  for (int i = 0; i < 5000; i += 100) {
    EXPECT_EQ(content_of(*vfs, "package/sub_0/m" + std::to_string(i) + ".py"), std::to_string(i));
  }
  EXPECT_LT(source->accesses() - before, 50U + 20U) << "50 members, and the pages of one directory";
  EXPECT_EQ(expect(vfs->listing().list("package")).size(), 100U);
  const Status verified = vfs->verify_all();
  EXPECT_TRUE(verified.ok()) << verified.what();
}

// HugeSource is an archive of two members with so many zeros between them that the second one lies
// beyond 4 GiB; the zeros are not kept.
class HugeSource final : public ByteSource {
 public:
  HugeSource(std::string front, std::uint64_t zeros, std::string back)
      : front_(std::move(front)), zeros_(zeros), back_(std::move(back)) {}

  std::uint64_t size() const noexcept override { return front_.size() + zeros_ + back_.size(); }

  Status copy_out(std::uint64_t offset, std::span<std::byte> dst) const override {
    if (offset > size() || dst.size() > size() - offset) return {Errc::kShrunk, "beyond the end"};
    for (std::size_t i = 0; i < dst.size(); ++i) dst[i] = at(offset + i);
    return {};
  }

 private:
  std::byte at(std::uint64_t offset) const {
    if (offset < front_.size()) return bytes_of(front_)[static_cast<std::size_t>(offset)];
    offset -= front_.size();
    if (offset < zeros_) return std::byte{0};
    return bytes_of(back_)[static_cast<std::size_t>(offset - zeros_)];
  }

  std::string front_;
  std::uint64_t zeros_;
  std::string back_;
};

TEST(HugeArchive, IsReadBeyondFourGibibytes) {
  // A member of 5 GiB stands in the middle; its zeros are made up, so nothing checks its digest
  // here: it is over the limit for members, and the one behind it is what matters.
  constexpr std::uint64_t kZeros = std::uint64_t{5} << 30U;
  std::string front;
  std::string back;
  std::string* out = &front;
  std::uint64_t written = 0;
  const Sink sink = [&](std::span<const std::byte> bytes) {
    *out += text_of(bytes);
    written += bytes.size();
    return Status();
  };
  IndexBuilder builder(HashType::kSha256);
  const auto add = [&](ZipWriter& writer, const std::string& name, const std::string& content) {
    ASSERT_TRUE(writer.add(name, expect(pack_member(bytes_of(content), Method::kStored))).ok());
  };
  ZipWriter first(sink, 0);
  add(first, "a.txt", "before");
  const Digest before = expect(digest_of(HashType::kSha256, bytes_of("before")));
  ASSERT_TRUE(builder.add("a.txt", {written - 6, 6, 6, Method::kStored, before}).ok());
  out = &back;
  ZipWriter second(sink, written + kZeros);
  add(second, "z.txt", "behind");
  const Digest behind = expect(digest_of(HashType::kSha256, bytes_of("behind")));
  ASSERT_TRUE(builder.add("m.bin", {written, kZeros, kZeros, Method::kStored, behind}).ok());
  ASSERT_TRUE(builder.add("z.txt", {written + kZeros - 6, 6, 6, Method::kStored, behind}).ok());
  const Index index = expect(std::move(builder).finish());
  const std::string body = body_of({{"a.txt", "before"}, {"z.txt", "behind"}});
  const std::string header = expect(encode_header(HashType::kSha256, {}, body, index.root));
  const std::string manifest = signed_text(header, body);
  add(second, std::string(kManifestName), manifest);
  add(second, std::string(kIndexName),
      index_text(index, manifest.size(), manifest.size() - body.size()));
  ASSERT_TRUE(std::move(second).finish().ok());

  const auto vfs = expect(opened(std::make_shared<HugeSource>(front, kZeros, back)));
  EXPECT_EQ(content_of(*vfs, "a.txt"), "before");
  EXPECT_EQ(content_of(*vfs, "z.txt"), "behind");
  EXPECT_EQ(vfs->read("m.bin").code(), Errc::kTooLarge);
  EXPECT_EQ(expect(vfs->size_of("m.bin")), kZeros);
}

}  // namespace
}  // namespace signedvfs
