#include "archive/foreign.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>
#include <vector>

#include "archive/byte_cursor.h"
#include "archive/foreign_collector.h"
#include "archive/foreign_library.h"

namespace signedvfs {
namespace {

// ForeignArchive is a decoded archive.
class ForeignArchive final : public Container {
 public:
  // `members` are in byte order of their names.
  ForeignArchive(std::string path, std::vector<ForeignMember> members) noexcept
      : path_(std::move(path)), members_(std::move(members)) {}

  const std::string& path() const& noexcept override { return path_; }
  std::optional<std::uint64_t> member_count() const noexcept override { return members_.size(); }

  std::optional<std::uint64_t> size_of(std::string_view name) const override {
    const ForeignMember* member = find(name);
    if (member == nullptr) return {};
    return member->content.size();
  }

  Result<Buffer> read(std::string_view name) const override {
    const ForeignMember* member = find(name);
    if (member == nullptr) {
      return Status(Errc::kNotFound, path_ + ": there is no member " + in_quotes(name));
    }
    Buffer copy(member->content.size());
    std::copy_n(member->content.bytes().begin(), copy.size(), copy.bytes().begin());
    return copy;
  }

  Result<std::vector<std::string>> names() const override {
    std::vector<std::string> names;
    names.reserve(members_.size());
    for (const ForeignMember& member : members_) names.push_back(member.name);
    return names;
  }

 private:
  const ForeignMember* find(std::string_view name) const noexcept {
    const auto at = std::lower_bound(
        members_.begin(), members_.end(), name,
        [](const ForeignMember& member, std::string_view wanted) { return member.name < wanted; });
    return at != members_.end() && at->name == name ? &*at : nullptr;
  }

  std::string path_;
  std::vector<ForeignMember> members_;
};

// check_seven_zip_end refuses bytes behind a 7z archive, for which libarchive does not look: the
// signature header of 32 bytes gives the place and size of the last thing there is.
Status check_seven_zip_end(const ByteSource& source) {
  constexpr std::size_t kSignatureHeader = 32;
  std::array<std::byte, kSignatureHeader> header{};
  if (source.size() < header.size()) return {Errc::kForeignFormat, "the archive is cut off"};
  SIGNEDVFS_TRY(source.copy_out(0, header));
  ByteCursor cursor(header);
  cursor.take(12);  // signature, version, checksum
  const std::uint64_t offset = cursor.u64();
  const std::uint64_t size = cursor.u64();
  const std::uint64_t body = source.size() - header.size();
  if (offset > body || size > body - offset) {
    return {Errc::kForeignFormat, "the archive is cut off"};
  }
  if (size != body - offset) {
    return {Errc::kTrailingBytes, "something stands behind the archive's end"};
  }
  return {};
}

}  // namespace

Result<std::unique_ptr<const Container>> open_foreign(std::unique_ptr<const ByteSource> source,
                                                      ForeignKind kind, const std::string& path,
                                                      const Limits& limits) {
  auto library = load_foreign_library();
  if (!library.ok()) return std::move(library).status().in(path);
  if (kind == ForeignKind::kSevenZip) {
    if (Status status = check_seven_zip_end(*source); !status.ok()) {
      return std::move(status).in(path);
    }
  }
  auto members =
      ForeignCollector(*source, limits).collect(*library->decode, kind == ForeignKind::kSevenZip);
  if (!members.ok()) return std::move(members).status().in(path);
  return std::unique_ptr<const Container>(
      std::make_unique<ForeignArchive>(path, std::move(members).value()));
}

}  // namespace signedvfs
