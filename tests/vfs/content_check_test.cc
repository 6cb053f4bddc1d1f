// Content in memory that the caller chose, compared in that very memory.
#include "vfs/content_check.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "archive/os/file_descriptor.h"
#include "archive/os/mapping.h"
#include "tests/support/failing_source.h"
#include "tests/support/index.h"
#include "tests/support/signing.h"
#include "tests/support/temporary_directory.h"
#include "tests/support/zip_text.h"
#include "vfs/signed_vfs.h"

namespace signedvfs {
namespace {

const Members kMembers{{"a.py", std::string(5000, 'a')}, {"b.py", "b"}, {"empty.py", ""}};

// Chosen is memory that a test gives out, filled with something else before.
class Chosen {
 public:
  explicit Chosen(std::size_t size) : bytes_(size, std::byte{0xee}) {}

  Allocate allocate() {
    return [this](std::size_t size) -> Result<Buffer> {
      ++asked_;
      if (size != bytes_.size()) return Status(Errc::kUsage, std::to_string(size));
      const auto kept = [](std::byte*, std::size_t) noexcept {};
      return Buffer(Memory(bytes_.data(), GiveBack{kept, size}));
    };
  }

  std::span<const std::byte> bytes() const { return bytes_; }
  int asked() const { return asked_; }

 private:
  std::vector<std::byte> bytes_;
  int asked_ = 0;
};

using Vfs = std::shared_ptr<const SignedVfs>;

// all_kinds returns the members in archives and directories of every kind.
std::vector<Vfs> all_kinds(const TemporaryDirectory& directory) {
  std::vector<Vfs> out;
  for (const Method method : {Method::kStored, Method::kDeflate, Method::kZstd}) {
    out.push_back(expect(opened(indexed_zip_of(kMembers, {.method = method}))));
    out.push_back(expect(opened(signed_zip_of(kMembers, {}, method))));
  }
  for (const auto& [name, content] : with_manifest(kMembers)) {
    directory.write("tree/" + name, content);
  }
  out.push_back(expect(SignedVfs::open(directory.path() + "/tree", trusting())));
  out.push_back(expect(
      SignedVfs::over(std::make_unique<MemoryContainer>(with_manifest(kMembers)), trusting())));
  return out;
}

TEST(ContentCheck, LeavesContentInTheMemoryThatTheCallerChose) {
  const TemporaryDirectory directory;
  for (const Vfs& vfs : all_kinds(directory)) {
    for (const auto& [name, content] : kMembers) {
      Chosen chosen(content.size());
      const auto bytes = vfs->read(name, chosen.allocate());
      ASSERT_TRUE(bytes.ok()) << bytes.status().what();
      EXPECT_EQ(chosen.asked(), 1);
      EXPECT_EQ(bytes->bytes().data(), chosen.bytes().data());
      EXPECT_TRUE(text_of(bytes->bytes()) == content);
    }
  }
}

TEST(ContentCheck, PassesOnThatThereIsNoSuchMemory) {
  const TemporaryDirectory directory;
  const Allocate none = [](std::size_t) -> Result<Buffer> {
    return Status(Errc::kIo, "no memory of that kind");
  };
  const Allocate wrong = [](std::size_t size) -> Result<Buffer> { return Buffer(size + 1); };
  for (const Vfs& vfs : all_kinds(directory)) {
    EXPECT_EQ(vfs->read("a.py", none).code(), Errc::kIo);
    EXPECT_EQ(vfs->read("a.py", wrong).code(), Errc::kUsage);
    EXPECT_TRUE(vfs->read("a.py").ok());
  }
}

TEST(ContentCheck, AsksForNoMemoryForWhatIsNotListed) {
  const TemporaryDirectory directory;
  for (const Vfs& vfs : all_kinds(directory)) {
    Chosen chosen(1);
    EXPECT_EQ(vfs->read("c.py", chosen.allocate()).code(), Errc::kNotFound);
    EXPECT_EQ(chosen.asked(), 0);
  }
}

TEST(ContentCheck, DecodesIntoAMapping) {
  const TemporaryDirectory directory;
  const std::string& content = kMembers.at("a.py");
  const std::string path = directory.write("memory", std::string(content.size(), '?'));
  const FileDescriptor file(::open(path.c_str(), O_RDWR | O_CLOEXEC));
  const Allocate map = [&](std::size_t size) { return map_for_writing(file.get(), size); };
  for (const Vfs& vfs : all_kinds(directory)) {
    directory.write("memory", std::string(content.size(), '?'));
    ASSERT_TRUE(vfs->read("a.py", map).ok());
    EXPECT_TRUE(file_text(path) == content);
  }
}

// Lying is a source that copies other bytes into one piece of memory than into all others.
class Lying final : public MemorySource {
 public:
  Lying(std::string bytes, std::span<const std::byte> place)
      : MemorySource(std::move(bytes)), place_(place) {}

  Status copy_out(std::uint64_t offset, std::span<std::byte> dst) const override {
    SIGNEDVFS_TRY(MemorySource::copy_out(offset, dst));
    if (dst.data() == place_.data()) dst.front() ^= std::byte{1};
    return {};
  }

 private:
  std::span<const std::byte> place_;
};

TEST(ContentCheck, HashesTheVeryMemoryThatTheCallerChose) {
  Chosen chosen(kMembers.at("a.py").size());
  const auto vfs =
      expect(opened(std::make_shared<Lying>(indexed_zip_of(kMembers), chosen.bytes()), trusting()));
  EXPECT_TRUE(vfs->read("a.py").ok());
  EXPECT_EQ(vfs->read("a.py", chosen.allocate()).code(), Errc::kDigestMismatch);
  EXPECT_EQ(chosen.asked(), 1);
}

TEST(ContentCheck, DecodesNothingThatIsNotTheSignedBytes) {
  const std::string archive = indexed_zip_of(kMembers, {.method = Method::kDeflate});
  const Packed packed = expect(pack_member(bytes_of(kMembers.at("a.py")), Method::kDeflate));
  std::string tampered = archive;
  tampered[archive.find(text_of(packed.bytes.bytes()))] ^= 1;
  Chosen chosen(kMembers.at("a.py").size());
  EXPECT_EQ(expect(opened(tampered))->read("a.py", chosen.allocate()).code(),
            Errc::kDigestMismatch);
  EXPECT_EQ(chosen.asked(), 0);
}

}  // namespace
}  // namespace signedvfs
