// Zip archives under a manifest that is signed here: whatever the archive, its members come back as
// they were signed; whatever is changed in the manifest, it is refused.
//
// Input: a position (two bytes), a byte to change there in the manifest (0: none), and the archive.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <utility>

#include "archive/zip/archive.h"
#include "tests/support/failing_source.h"
#include "tests/support/signing.h"
#include "vfs/manifest/text.h"
#include "vfs/signed_vfs.h"

namespace signedvfs {
namespace {

constexpr std::size_t kPrelude = 3;

void require(bool condition) {
  if (!condition) std::abort();
}

// WithManifest is an archive whose manifest, there or not, is `text`.
class WithManifest final : public Container {
 public:
  WithManifest(std::unique_ptr<const Container> archive, std::string text)
      : archive_(std::move(archive)), text_(std::move(text)) {}

  const std::string& path() const& noexcept override { return archive_->path(); }
  std::optional<std::uint64_t> member_count() const noexcept override {
    const bool replaces = archive_->size_of(kManifestName).has_value();
    return *archive_->member_count() + (replaces ? 0 : 1);
  }
  std::optional<std::uint64_t> size_of(std::string_view name) const override {
    return name == kManifestName ? text_.size() : archive_->size_of(name);
  }
  Result<Buffer> read_into(std::string_view name, const Allocate& allocate) const override {
    if (name == kManifestName) return buffer_of(text_);
    return archive_->read_into(name, allocate);
  }
  Result<std::vector<std::string>> names() const override { return archive_->names(); }

 private:
  std::unique_ptr<const Container> archive_;
  std::string text_;
};

Limits small_limits() {
  Limits limits;
  limits.member_bytes = 1U << 20U;
  limits.total_bytes = 4U << 20U;
  return limits;
}

Result<std::unique_ptr<const Container>> archive_of(const std::string& bytes) {
  return open_zip(std::make_unique<MemorySource>(bytes), "a.zip", small_limits());
}

void fuzz(std::size_t position, char change, const std::string& bytes) {
  auto archive = archive_of(bytes);
  if (!archive.ok()) return;
  Members members;
  for (const std::string& name : expect((*archive)->names())) {
    auto content = (*archive)->read(name);
    if (!content.ok()) return;
    if (name != kManifestName) members.emplace(name, text_of(std::as_const(*content).bytes()));
  }
  for (const auto& [name, content] : members) {
    // A name that only the manifest takes for its own cannot be signed.
    if (encode_body(HashType::kSha256, {{name, Digest()}}).code() != Errc::kOk) return;
  }
  std::string text = manifest_for(members);
  text[position % text.size()] = static_cast<char>(text[position % text.size()] ^ change);

  const auto vfs =
      SignedVfs::over(std::make_unique<WithManifest>(std::move(*archive), std::move(text)),
                      Trust(trusting(), small_limits()));
  require(vfs.ok() == (change == 0));
  if (!vfs.ok()) return;
  for (const auto& [name, content] : members) {
    const VerifiedBytes read = expect((*vfs)->read(name));
    require(text_of(read.bytes()) == content);
  }
  require((*vfs)->verify_all().ok());
}

}  // namespace
}  // namespace signedvfs

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < signedvfs::kPrelude) return 0;
  const std::string bytes(reinterpret_cast<const char*>(data) + signedvfs::kPrelude,
                          size - signedvfs::kPrelude);
  signedvfs::fuzz(data[0] + 256U * data[1], static_cast<char>(data[2]), bytes);
  return 0;
}
