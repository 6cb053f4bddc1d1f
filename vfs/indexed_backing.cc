#include "vfs/indexed_backing.h"

#include <algorithm>
#include <optional>
#include <span>
#include <utility>

#include "archive/members/size_check.h"
#include "archive/zip/tail.h"
#include "vfs/content_check.h"
#include "vfs/filling.h"
#include "vfs/index_check.h"
#include "vfs/manifest/header.h"
#include "vfs/manifest/signed_header.h"
#include "vfs/manifest/text.h"

namespace signedvfs {
namespace {

// One read of this size gets the trailer and nearly every root; of small archives it gets all.
constexpr std::uint64_t kWindowBytes = 16384;

// Window is a private copy of the bytes in front of a place in a file. What it does not have is
// copied from the file.
class Window {
 public:
  static Result<Window> before(const ByteSource& source, std::uint64_t end, std::uint64_t size) {
    Window out(source, end - size, Buffer(static_cast<std::size_t>(size)));
    SIGNEDVFS_TRY(source.copy_out(out.begin_, out.bytes_.bytes()));
    return out;
  }

  std::span<const std::byte> last(std::size_t count) const noexcept {
    return bytes_.bytes().last(count);
  }

  // copy returns the bytes from `offset` on in memory of their own.
  Result<Buffer> copy(std::uint64_t offset, std::uint64_t size) const {
    Buffer out(static_cast<std::size_t>(size));
    if (offset < begin_ || size > bytes_.size() || offset - begin_ > bytes_.size() - size) {
      SIGNEDVFS_TRY(source_->copy_out(offset, out.bytes()));
    } else {
      const auto part = bytes_.bytes().subspan(static_cast<std::size_t>(offset - begin_));
      std::copy_n(part.begin(), out.size(), out.bytes().begin());
    }
    return out;
  }

 private:
  Window(const ByteSource& source, std::uint64_t begin, Buffer bytes) noexcept
      : source_(&source), begin_(begin), bytes_(std::move(bytes)) {}

  const ByteSource* source_;
  std::uint64_t begin_;
  Buffer bytes_;
};

// check_text checks the signed part of a manifest, of which `text` is all.
Result<SignedHeader> check_text(const Buffer& text, const TrustPolicy& policy,
                                const Limits& limits) {
  SIGNEDVFS_ASSIGN(const ManifestParts parts, split_manifest(text_of(text.bytes()), limits));
  if (!parts.body.empty()) {
    return Status(Errc::kBadIndex, "the index's trailer does not say where its header ends");
  }
  return check_header(parts, policy);
}

}  // namespace

IndexedBacking::~IndexedBacking() { delete manifest_.load(); }

Result<std::unique_ptr<const Backing>> IndexedBacking::over(
    std::shared_ptr<const ByteSource> source, const std::string& path, const Trust& trust) {
  const Limits& limits = trust.limits;
  const auto none = [] { return std::unique_ptr<const Backing>(); };
  const auto tail = read_zip_tail(*source, limits);
  if (!tail.ok()) return none();  // whoever reads the directory will say what is wrong
  const std::uint64_t body = tail->directory - tail->base;
  if (body < kTrailerBytes) return none();
  auto window = Window::before(*source, tail->directory, std::min(body, kWindowBytes));
  if (!window.ok()) return std::move(window).status().in(path);
  const auto trailer = read_trailer(window->last(kTrailerBytes), body - kTrailerBytes);
  if (!trailer) return none();

  std::unique_ptr<IndexedBacking> out(new IndexedBacking(std::move(source), path, limits));
  out->base_ = tail->base;
  const std::uint64_t manifest = tail->directory - trailer->manifest_back;
  out->lines_ = manifest + trailer->signed_part_size;
  out->lines_size_ = trailer->manifest_size - trailer->signed_part_size;

  const std::string what = path + ": " + std::string(kManifestName);
  if (trailer->signed_part_size > limits.header_bytes) {
    return too_large("header_bytes", limits.header_bytes,
                     what + ": signatures and attributes take more");
  }
  auto text = window->copy(manifest, trailer->signed_part_size);
  if (!text.ok()) return std::move(text).status().in(what);
  auto checked = check_text(*text, trust.policy, limits);
  if (!checked.ok()) return std::move(checked).status().in(what);
  out->header_ = std::move(checked).value();
  const HeaderFields& header = out->header_.fields;
  SIGNEDVFS_TRY(check_attached(header.attributes).in(what));
  if (!header.index) return none();
  const IndexRoot signed_root = *header.index;
  if (header.members > limits.members) {
    return too_large("members", limits.members,
                     what + ": " + std::to_string(header.members) + " members");
  }
  if (header.attributes.prefix && tail->base != 0) {
    return Status(Errc::kPrefixMismatch, path + ": " + std::to_string(tail->base) +
                                             " bytes stand in front of what was signed with " +
                                             std::to_string(header.attributes.prefix->length) +
                                             " bytes in front of the archive");
  }

  const std::string index = path + ": " + std::string(kIndexName);
  const std::uint64_t pages = trailer->index_size - kTrailerBytes;
  if (signed_root.size > std::min<std::uint64_t>(pages, kMaxPageBytes)) {
    return Status(Errc::kBadIndex, index + ": a root of " + std::to_string(signed_root.size) +
                                       " bytes was signed, and the index has " +
                                       std::to_string(pages));
  }
  auto root = window->copy(tail->directory - kTrailerBytes - signed_root.size, signed_root.size);
  if (!root.ok()) return std::move(root).status().in(index);
  IndexPlace place{out->source_, tail->directory - trailer->index_size, pages};
  SIGNEDVFS_ASSIGN(out->tree_, IndexTree::create(std::move(place), std::move(root).value(),
                                                 signed_root, header, limits, index));
  return std::unique_ptr<const Backing>(std::move(out));
}

Result<const Manifest*> IndexedBacking::manifest() const {
  if (const Manifest* const kept = manifest_.load(std::memory_order_acquire)) return kept;
  const std::string what = path_ + ": " + std::string(kManifestName);
  if (lines_size_ > limits_.manifest_bytes) {
    return too_large("manifest_bytes", limits_.manifest_bytes, what + " is larger");
  }
  Buffer lines(static_cast<std::size_t>(lines_size_));
  if (Status copied = source_->copy_out(lines_, lines.bytes()); !copied.ok()) {
    return std::move(copied).in(what);
  }
  auto manifest = Manifest::complete(header_, std::move(lines), limits_);
  if (!manifest.ok()) return std::move(manifest).status().in(what);
  auto ours = std::make_unique<const Manifest>(std::move(manifest).value());
  const Manifest* theirs = nullptr;
  if (!manifest_.compare_exchange_strong(theirs, ours.get(), std::memory_order_acq_rel)) {
    return theirs;
  }
  return ours.release();
}

// check_place requires that a member is of a size that is allowed, and in the file.
Status IndexedBacking::check_place(std::string_view name, const IndexRecord& record) const {
  SIGNEDVFS_TRY(SizeCheck(limits_).add(name, record.size, record.stored_size).in(path_));
  const std::uint64_t size = source_->size() - base_;
  if (record.offset <= size && record.stored_size <= size - record.offset) return {};
  return {Errc::kMissingMember,
          path_ + ": " + in_quotes(name) + " is listed, but the file ends before it does"};
}

Result<Buffer> IndexedBacking::copy_stored(std::string_view name, const IndexRecord& record,
                                           const Allocate& allocate) const {
  SIGNEDVFS_ASSIGN(Buffer stored, record.method == Method::kStored
                                      ? allocated(allocate, record.stored_size)
                                      : allocated({}, record.stored_size));
  if (Status copied = source_->copy_out(base_ + record.offset, stored.bytes()); !copied.ok()) {
    return std::move(copied).in(path_ + ": " + in_quotes(name));
  }
  return stored;
}

Result<VerifiedBytes> IndexedBacking::read(std::string_view name, const Allocate& allocate) const {
  SIGNEDVFS_ASSIGN(const std::optional<IndexRecord> record, tree_->find(name));
  if (!record) return not_listed(path_, name);
  SIGNEDVFS_TRY(check_place(name, *record));
  SIGNEDVFS_ASSIGN(Buffer stored, copy_stored(name, *record, allocate));
  auto checked = ContentCheck::of_stored(std::move(stored), *record, name, allocate);
  if (!checked.ok()) return std::move(checked).status().in(path_);
  return checked;
}

Result<VerifiedBytes> IndexedBacking::read_through(std::string_view name, Vessel& vessel) const {
  SIGNEDVFS_ASSIGN(const std::optional<IndexRecord> record, tree_->find(name));
  if (!record) return not_listed(path_, name);
  // Of what is encoded the signed digest is that of the stored bytes.
  if (record->method != Method::kStored) {
    SIGNEDVFS_ASSIGN(const VerifiedBytes content, read(name, {}));
    SIGNEDVFS_ASSIGN(Buffer closed, fill_from(vessel, content.bytes()));
    auto same = ContentCheck::of_copy(std::move(closed), content, name);
    if (!same.ok()) return std::move(same).status().in(path_);
    return same;
  }
  SIGNEDVFS_TRY(check_place(name, *record));
  auto filled =
      fill(vessel, record->stored_size, [&](std::uint64_t offset, std::span<std::byte> bytes) {
        return source_->copy_out(base_ + record->offset + offset, bytes);
      });
  if (!filled.ok()) return std::move(filled).status().in(path_ + ": " + in_quotes(name));
  auto checked = ContentCheck::of_front(std::move(filled->closed),
                                        std::as_const(filled->rest).bytes(), record->digest, name);
  if (!checked.ok()) return std::move(checked).status().in(path_);
  return checked;
}

Result<std::uint64_t> IndexedBacking::size_of(std::string_view name) const {
  SIGNEDVFS_ASSIGN(const std::optional<IndexRecord> record, tree_->find(name));
  return record ? record->size : 0;
}

Result<std::string> IndexedBacking::identity_of(std::string_view name) const {
  SIGNEDVFS_ASSIGN(const std::optional<IndexRecord> record, tree_->find(name));
  if (!record) return not_listed(path_, name);
  // What the stored bytes decode to is a matter of the method, and of where they are cut off.
  return std::string(hash_name(record->digest.type())) + ':' + record->digest.hex() + '/' +
         std::to_string(static_cast<int>(record->method)) + '/' + std::to_string(record->size);
}

Status IndexedBacking::verify_all(const MembersDone& progress) const {
  return check_indexed(*source_, path_, header_, limits_, [this] { return manifest(); }, progress);
}

}  // namespace signedvfs
