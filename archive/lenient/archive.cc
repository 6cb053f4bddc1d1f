#include "archive/lenient/archive.h"

#include <algorithm>
#include <utility>

#include "archive/foreign/single.h"
#include "archive/lenient/advice.h"
#include "archive/lenient/directory.h"
#include "archive/zip/dos_time.h"

namespace signedvfs {
namespace {

// method_of_own returns the method by which our own writer stores the same bytes, where it has it.
std::optional<Method> method_of_own(LenientMethod method) noexcept {
  return method_of(static_cast<std::uint16_t>(method));
}

class LenientArchive final : public Container {
 public:
  LenientArchive(std::shared_ptr<const ByteSource> source, std::string path, const Limits& limits,
                 std::vector<LenientRecord> members, std::uint64_t begin)
      : source_(std::move(source)),
        path_(std::move(path)),
        ratio_(limits.ratio),
        members_(std::move(members)),
        begin_(begin) {}

  const std::string& path() const& noexcept override { return path_; }
  std::optional<std::uint64_t> member_count() const noexcept override { return members_.size(); }

  std::optional<std::uint64_t> size_of(std::string_view name) const override {
    const LenientRecord* const member = find(name);
    return member == nullptr ? std::nullopt : std::optional(member->size);
  }

  Result<Buffer> read_into(std::string_view name, const Allocate& allocate) const override {
    SIGNEDVFS_ASSIGN(const LenientRecord* const member, require(name));
    SIGNEDVFS_ASSIGN(const Buffer stored, copy_stored(*member));
    return decoded(*member, stored.bytes(), allocate);
  }

  Result<StoredMember> read_packed(std::string_view name) const override {
    SIGNEDVFS_ASSIGN(const LenientRecord* const member, require(name));
    SIGNEDVFS_ASSIGN(Buffer stored, copy_stored(*member));
    SIGNEDVFS_ASSIGN(Buffer content, decoded(*member, std::as_const(stored).bytes(), {}));
    const std::optional<Method> method = method_of_own(member->method);
    StoredMember out;
    if (method) {
      out.packed = {*method, member->crc32, member->size, std::move(stored)};
    } else {
      SIGNEDVFS_ASSIGN(out.packed,
                       pack_member(std::as_const(content).bytes(), Method::kDeflate, 0, ratio_));
    }
    if (out.packed.method != Method::kStored) out.decoded = std::move(content);
    return out;
  }

  Result<std::vector<std::string>> names() const override {
    std::vector<std::string> names;
    names.reserve(members_.size());
    for (const LenientRecord& member : members_) names.push_back(member.name);
    return names;
  }

  std::optional<std::int64_t> modified(std::string_view name) const override {
    const LenientRecord* const member = find(name);
    return member == nullptr ? std::nullopt : seconds_of_dos_time(member->time);
  }

  bool is_zip() const noexcept override { return true; }
  std::uint64_t prefix_bytes() const noexcept override { return begin_; }
  Status read_prefix(const std::function<Status(std::span<const std::byte>)>& sink) const override {
    return copy_pieces(*source_, begin_, sink);
  }

 private:
  const LenientRecord* find(std::string_view name) const noexcept {
    const auto at = std::lower_bound(
        members_.begin(), members_.end(), name,
        [](const LenientRecord& member, std::string_view wanted) { return member.name < wanted; });
    return at != members_.end() && at->name == name ? &*at : nullptr;
  }

  Result<const LenientRecord*> require(std::string_view name) const {
    if (const LenientRecord* const member = find(name)) return member;
    return Status(Errc::kNotFound, path_ + ": no member " + in_quotes(name));
  }

  Status context(const LenientRecord& member, Status status) const {
    return advised(std::move(status)).in(path_ + ": " + in_quotes(member.name));
  }

  // copy_stored makes the one copy of a member's bytes on which everything else happens.
  Result<Buffer> copy_stored(const LenientRecord& member) const {
    Buffer stored(static_cast<std::size_t>(member.stored_size));
    Status copied = source_->copy_out(member.content, stored.bytes());
    if (!copied.ok()) return context(member, std::move(copied));
    return stored;
  }

  Result<Buffer> decoded(const LenientRecord& member, std::span<const std::byte> stored,
                         const Allocate& allocate) const {
    SIGNEDVFS_ASSIGN(Buffer content, allocated(allocate, member.size));
    if (Status status = decode(member, stored, content.bytes()); !status.ok()) {
      return context(member, std::move(status));
    }
    if (checksum(std::as_const(content).bytes()) != member.crc32) {
      return context(member,
                     {Errc::kCorruptMember, "the content's checksum is not the declared one"});
    }
    return content;
  }

  static Status decode(const LenientRecord& member, std::span<const std::byte> stored,
                       std::span<std::byte> dst) {
    switch (member.method) {
      case LenientMethod::kBzip2:
        return decode_bzip2(stored, dst);
      case LenientMethod::kLzma:
        return decode_zip_lzma(stored, member.has_stop_mark(), dst);
      default:
        return decode_into(static_cast<Method>(member.method), stored, dst);
    }
  }

  std::shared_ptr<const ByteSource> source_;
  std::string path_;
  std::uint64_t ratio_;
  std::vector<LenientRecord> members_;
  std::uint64_t begin_;
};

}  // namespace

Result<LenientZip> open_lenient_zip(std::shared_ptr<const ByteSource> source,
                                    const std::string& path, const Limits& limits,
                                    std::span<const std::string_view> rewritten) {
  Result<LenientDirectory> read = read_lenient_directory(*source, limits, rewritten);
  if (!read.ok()) return advised(std::move(read).status()).in(path);
  LenientZip out;
  out.has_directories = read->has_directories;
  out.vanishing = std::move(read->vanishing);
  out.repeated = std::move(read->repeated);
  out.container = std::make_unique<LenientArchive>(std::move(source), path, limits,
                                                   std::move(read->members), read->begin);
  return out;
}

}  // namespace signedvfs
