#include "bench/fixture.h"

#include <unistd.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <span>
#include <string_view>
#include <system_error>
#include <utility>

#include "archive/base/buffer.h"
#include "archive/zip/writer.h"
#include "vfs/signing/private_key.h"
#include "vfs/signing/signer.h"
#include "vfs/verified_bytes.h"

namespace signedvfs {
namespace {

// TemporaryDirectory is removed, with what is in it, at the end of the process.
class TemporaryDirectory {
 public:
  TemporaryDirectory() : path_(std::filesystem::temp_directory_path() / "signedvfs-bench-XXXXXX") {
    if (::mkdtemp(path_.data()) == nullptr) path_.clear();
  }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  ~TemporaryDirectory() {
    std::error_code ignored;
    if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
  }

  // path is empty where the directory could not be made.
  const std::string& path() const& noexcept { return path_; }

 private:
  std::string path_;
};

Status write_archive(const Shape& shape, const std::string& path) {
  std::ofstream file(path, std::ios::binary);
  ZipWriter writer(
      [&file](std::span<const std::byte> bytes) {
        file << text_of(bytes);
        return file ? Status() : Status(Errc::kIo, "the benchmark's archive cannot be written");
      },
      0);
  for (std::size_t i = 0; i < shape.members; ++i) {
    const std::string content = content_of(i, shape.member_bytes);
    SIGNEDVFS_ASSIGN(const Packed packed, pack_member(bytes_of(content), shape.method));
    SIGNEDVFS_TRY(writer.add(member_name(i), packed));
  }
  return std::move(writer).finish();
}

Status check(const Fixture& fixture) {
  for (std::size_t i = 0; i < fixture.shape.members; ++i) {
    SIGNEDVFS_ASSIGN(const VerifiedBytes bytes, fixture.vfs->read(member_name(i)));
    if (text_of(bytes.bytes()) != content_of(i, fixture.shape.member_bytes)) {
      return Status(Errc::kDigestMismatch, "the benchmark's archive reads as something else");
    }
  }
  return {};
}

Result<Fixture> make_fixture(const Shape& shape, const std::string& path) {
  static const Result<PrivateKey> key = PrivateKey::generate(KeyAlgorithm::kEd25519);
  if (!key.ok()) return key.status();
  SIGNEDVFS_TRY(write_archive(shape, path));
  SignRequest request;
  request.path = path;
  request.keys = {key.value()};
  request.index = shape.indexed;
  SIGNEDVFS_ASSIGN(const SignReport report, sign(request));
  Fixture made{shape, report.output, {}, nullptr};
  made.policy.keys = {key.value().public_key()};
  SIGNEDVFS_ASSIGN(made.vfs, SignedVfs::open(path, made.policy));
  SIGNEDVFS_TRY(check(made));
  return made;
}

}  // namespace

Result<const Fixture*> fixture(const Shape& shape) {
  static const TemporaryDirectory directory;
  static std::map<Shape, Fixture> fixtures;
  if (directory.path().empty()) return Status(Errc::kIo, "there is no temporary directory");
  if (const auto found = fixtures.find(shape); found != fixtures.end()) return &found->second;
  const std::string path = directory.path() + "/" + std::to_string(fixtures.size()) + ".zip";
  SIGNEDVFS_ASSIGN(Fixture made, make_fixture(shape, path));
  return &fixtures.emplace(shape, std::move(made)).first->second;
}

std::string member_name(std::size_t index) {
  return "package/sub_" + std::to_string(index % 50) + "/module_" + std::to_string(index) + ".py";
}

std::string content_of(std::size_t index, std::size_t size) {
  constexpr std::array<std::string_view, 16> kWords = {
      "def ",    "return ", "self.", "import ", "None", "\n    ", "\n\n", "value",
      "if not ", "for ",    "(",     "):",      " = ",  "name",   ", ",   "result"};
  std::uint64_t random = index * 2654435761U + size + 1;
  std::string content;
  while (content.size() < size) {
    // xorshift64 (Marsaglia 2003)
    random ^= random << 13U;
    random ^= random >> 7U;
    random ^= random << 17U;
    content += kWords[random % kWords.size()];
    if (random % 11 == 0) content += std::to_string(random >> 32U);
  }
  content.resize(size);
  return content;
}

}  // namespace signedvfs
