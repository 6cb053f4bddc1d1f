#include "vfs/index_check.h"

#include <algorithm>
#include <cstring>
#include <span>
#include <utility>
#include <vector>

#include "archive/members/new_parents.h"
#include "archive/os/processors.h"
#include "archive/workers/in_order.h"
#include "archive/zip/directory.h"
#include "archive/zip/format.h"
#include "archive/zip/tail.h"
#include "archive/zip/writer.h"
#include "vfs/content_check.h"
#include "vfs/index/builder.h"
#include "vfs/listing_bounds.h"
#include "vfs/manifest/text.h"
#include "vfs/prefix_check.h"

namespace signedvfs {
namespace {

// is_same compares two byte strings of one size; that of a member's content is itself.
bool is_same(std::span<const std::byte> a, std::span<const std::byte> b) {
  return a.empty() || a.data() == b.data() || std::memcmp(a.data(), b.data(), a.size()) == 0;
}

// Rewriting writes an archive again, and compares what is written with what is there.
class Rewriting {
 public:
  Rewriting(std::uint64_t begin, const Limits& limits)
      : writer_([this](std::span<const std::byte> bytes) { return compare(bytes); }, begin,
                limits) {}
  Rewriting(const Rewriting&) = delete;
  Rewriting& operator=(const Rewriting&) = delete;

  // add requires that the member's record is `there`.
  Status add(const ZipRecord& member, std::span<const std::byte> there, const Packed& packed) {
    there_ = there;
    SIGNEDVFS_TRY(writer_.add(member.name, packed).about(member.name));
    return all_compared();
  }

  // add_directory requires that the entry for the directory `name` is `there`.
  Status add_directory(std::string_view name, std::span<const std::byte> there) {
    there_ = there;
    SIGNEDVFS_TRY(writer_.add_directory(name));
    return all_compared();
  }

  // position returns where the next record stands, from the archive's offset 0.
  std::uint64_t position() const noexcept { return writer_.position(); }

  // finish requires that the directory and what follows is `there`.
  Status finish(std::span<const std::byte> there) {
    there_ = there;
    SIGNEDVFS_TRY(std::move(writer_).finish());
    return all_compared();
  }

 private:
  Status compare(std::span<const std::byte> bytes) {
    if (bytes.size() > there_.size() || !is_same(bytes, there_.first(bytes.size()))) {
      return {Errc::kBadRecord, "a zip header differs from the one that signing writes"};
    }
    there_ = there_.subspan(bytes.size());
    return {};
  }

  Status all_compared() const {
    if (there_.empty()) return {};
    return {Errc::kBadRecord, "bytes follow a zip header that signing does not write"};
  }

  std::span<const std::byte> there_;
  ZipWriter writer_;
};

// Checking is the state of one `check_indexed`.
class Checking {
 public:
  Checking(const ByteSource& source, const SignedHeader& header, const Limits& limits,
           const ZipTail& tail, const ZipDirectory& zip)
      : source_(source),
        header_(header),
        limits_(limits),
        tail_(tail),
        zip_(zip),
        rewriting_(zip.begin() - tail.base, limits) {}

  Status prefix() const;
  Result<Manifest> manifest();
  Status members(const Manifest& manifest, const MembersDone& progress);
  Status index();

 private:
  struct Found {
    std::string_view path;
    IndexRecord record;
  };

  // Copied is a member's record, in one private copy.
  struct Copied {
    Buffer whole;
    std::span<const std::byte> bytes;   // all of it
    std::span<const std::byte> stored;  // without the local header
  };

  // Examined is a member whose content is the signed one.
  struct Examined {
    Found found;
    Copied copied;
  };

  Result<Copied> copy(const ZipRecord& member) const;
  Result<Examined> examine(const ZipRecord& member, const Manifest& manifest) const;
  Status add(const ZipRecord& member, Copied copied);
  Status add_parents(std::string_view name);
  Status service_member(const ZipRecord& member, std::string_view name) const;

  const ByteSource& source_;
  const SignedHeader& header_;
  const Limits& limits_;
  const ZipTail& tail_;
  const ZipDirectory& zip_;
  Rewriting rewriting_;
  NewParents parents_;
  Copied manifest_text_;
  std::size_t signed_part_size_ = 0;
  std::vector<Found> found_;
};

Status Checking::prefix() const {
  const std::uint64_t length = zip_.begin();
  const auto read = [&](const auto& sink) { return copy_pieces(source_, length, sink); };
  return check_prefix(length, header_.fields.attributes.prefix, read);
}

Result<Checking::Copied> Checking::copy(const ZipRecord& member) const {
  Copied out;
  out.whole = Buffer(static_cast<std::size_t>(member.header_size + member.stored_size));
  if (Status copied = source_.copy_out(member.offset, out.whole.bytes()); !copied.ok()) {
    return std::move(copied).in(in_quotes(member.name));
  }
  out.bytes = std::as_const(out.whole).bytes();
  SIGNEDVFS_TRY(check_local_header(out.bytes.first(member.header_size), member));
  out.stored = out.bytes.subspan(member.header_size);
  return out;
}

Status Checking::add(const ZipRecord& member, Copied copied) {
  Packed packed{member.method, member.crc32, member.size, std::move(copied.whole)};
  packed.bytes.drop_front(member.header_size);
  return rewriting_.add(member, copied.bytes, packed);
}

// add_parents requires, in archives with entries for directories, the entries that signing writes
// in front of `name`. Archives that were signed before there were any have none.
Status Checking::add_parents(std::string_view name) {
  if (zip_.directories().empty()) return {};
  for (const std::string_view directory : parents_.of(name)) {
    Buffer there(kZipLocalSize + directory.size() + 1);
    SIGNEDVFS_TRY(source_.copy_out(tail_.base + rewriting_.position(), there.bytes())
                      .in(in_quotes(directory)));
    SIGNEDVFS_TRY(
        rewriting_.add_directory(directory, std::as_const(there).bytes()).in(in_quotes(directory)));
  }
  return {};
}

Status Checking::service_member(const ZipRecord& member, std::string_view name) const {
  if (member.name == name && member.method == Method::kStored) return {};
  return {Errc::kBadIndex, in_quotes(member.name) + " stands where " + in_quotes(name) +
                               " should be, stored as it is"};
}

Result<Manifest> Checking::manifest() {
  if (zip_.members().size() < 2) {
    return Status(Errc::kBadIndex, "an archive without manifest and index");
  }
  const ZipRecord& member = zip_.members()[zip_.members().size() - 2];
  SIGNEDVFS_TRY(service_member(member, kManifestName));
  if (member.size > limits_.manifest_bytes) {
    return too_large("manifest_bytes", limits_.manifest_bytes, "the manifest is larger");
  }
  SIGNEDVFS_ASSIGN(manifest_text_, copy(member));
  const std::string_view text = text_of(manifest_text_.stored);
  if (checksum(manifest_text_.stored) != member.crc32) {
    return Status(Errc::kCorruptMember, "the manifest's checksum is not the declared one");
  }
  SIGNEDVFS_ASSIGN(const ManifestParts parts, split_manifest(text, limits_));
  const auto same = [](const Signature& a, const Signature& b) {
    return a.fingerprint == b.fingerprint && a.value == b.value;
  };
  if (parts.header != header_.text ||
      !std::equal(parts.signatures.begin(), parts.signatures.end(), header_.signatures.begin(),
                  header_.signatures.end(), same)) {
    return Status(Errc::kManifestMismatch,
                  "the manifest is not the one that the archive was opened by");
  }
  signed_part_size_ = text.size() - parts.body.size();
  Buffer lines(parts.body.size());
  std::copy_n(bytes_of(parts.body).begin(), lines.size(), lines.bytes().begin());
  return Manifest::complete(header_, std::move(lines), limits_);
}

Result<Checking::Examined> Checking::examine(const ZipRecord& member,
                                             const Manifest& manifest) const {
  const Entry* const entry = manifest.find(member.name);
  if (entry == nullptr) {
    return Status(Errc::kUnlistedMember,
                  in_quotes(member.name) + " is in the archive, but not signed");
  }
  SIGNEDVFS_ASSIGN(Copied copied, copy(member));
  const Digest wanted = entry->digest();
  IndexRecord record{
      member.content() - tail_.base, member.stored_size, member.size, member.method, {}};
  SIGNEDVFS_ASSIGN(record.digest, digest_of(wanted.type(), copied.stored));
  Digest digest = record.digest;
  if (member.method != Method::kStored) {
    Buffer content(static_cast<std::size_t>(member.size));
    SIGNEDVFS_TRY(unpack_into(member.method, copied.stored, member.crc32, content.bytes())
                      .in(in_quotes(member.name)));
    SIGNEDVFS_ASSIGN(digest, digest_of(wanted.type(), std::as_const(content).bytes()));
  } else if (checksum(copied.stored) != member.crc32) {
    return Status(Errc::kCorruptMember,
                  in_quotes(member.name) + ": the content's checksum is not the declared one");
  }
  if (digest != wanted) return wrong_digest(member.name, digest, wanted);
  return Examined{{member.name, record}, std::move(copied)};
}

Status Checking::members(const Manifest& manifest, const MembersDone& progress) {
  const std::size_t count = zip_.members().size() - 2;
  found_.reserve(count);
  const auto bytes_of = [&](std::size_t i) { return zip_.members()[i].stored_size; };
  const auto work = [&](std::size_t i) -> Result<Examined> {
    auto examined = examine(zip_.members()[i], manifest);
    if (!examined.ok()) return std::move(examined).status().about(zip_.members()[i].name);
    return examined;
  };
  const auto take = [&](std::size_t i, Examined examined) -> Status {
    found_.push_back(examined.found);
    SIGNEDVFS_TRY(add_parents(zip_.members()[i].name).about(zip_.members()[i].name));
    SIGNEDVFS_TRY(add(zip_.members()[i], std::move(examined.copied)).about(zip_.members()[i].name));
    return tell(progress, i + 1, count);
  };
  SIGNEDVFS_TRY(in_order<Examined>(count, processors(), bytes_of, work, take));
  const auto by_path = [](const Found& a, const Found& b) { return a.path < b.path; };
  std::sort(found_.begin(), found_.end(), by_path);
  const std::vector<Entry>& entries = manifest.entries();
  for (std::size_t i = 0; i < entries.size(); ++i) {
    if (i < found_.size() && found_[i].path == entries[i].path()) continue;
    return Status(Errc::kMissingMember, in_quotes(entries[i].path()) + " is listed, but not there")
        .about(entries[i].path());
  }
  return {};
}

Status Checking::index() {
  const ZipRecord& manifest = zip_.members()[zip_.members().size() - 2];
  const ZipRecord& index = zip_.members().back();
  SIGNEDVFS_TRY(service_member(index, kIndexName));
  IndexBuilder builder(header_.fields.hash_type);
  for (const Found& found : found_) SIGNEDVFS_TRY(builder.add(found.path, found.record));
  SIGNEDVFS_ASSIGN(const Index made, std::move(builder).finish());
  const std::optional<IndexRoot>& root = header_.fields.index;
  if (!root || made.root != *root) {
    return {Errc::kIndexMismatch, "the members give an index with the root " +
                                      made.root.digest.hex() + " where " +
                                      (root ? root->digest.hex() : "none") + " was signed"};
  }
  SIGNEDVFS_ASSIGN(Copied copied, copy(index));
  if (checksum(copied.stored) != index.crc32 ||
      text_of(copied.stored) != index_text(made, manifest.size, signed_part_size_)) {
    return {Errc::kIndexMismatch, "the index is not the one that the members give"};
  }
  SIGNEDVFS_TRY(add(manifest, std::move(manifest_text_)));
  SIGNEDVFS_TRY(add(index, std::move(copied)));

  Buffer end(static_cast<std::size_t>(source_.size() - tail_.directory));
  SIGNEDVFS_TRY(source_.copy_out(tail_.directory, end.bytes()));
  return rewriting_.finish(std::as_const(end).bytes());
}

// check_count keeps a genuine header, in an archive of a million names, from having them read. A
// few more than were signed are read, to say which one is too many.
// The manifest's lines, which tell how many directories there may be, are asked only where the
// header alone does not account for all records.
Status check_count(const ZipTail& tail, const SignedHeader& header, const AskManifest& manifest) {
  constexpr std::uint64_t kServiceMembers = 2;
  const std::uint64_t accounted = header.fields.members + kServiceMembers + kNamedStrangers;
  if (tail.count <= accounted) return {};
  SIGNEDVFS_ASSIGN(const Manifest* const lines, manifest());
  if (tail.count - accounted <= most_directories(*lines)) return {};
  return {Errc::kUnlistedMember, std::to_string(tail.count) + " members where " +
                                     std::to_string(header.fields.members) +
                                     ", the manifest and the index were expected"};
}

}  // namespace

Status check_indexed(const ByteSource& source, const std::string& path, const SignedHeader& header,
                     const Limits& limits, const AskManifest& manifest_lines,
                     const MembersDone& progress) {
  const auto check = [&]() -> Status {
    SIGNEDVFS_ASSIGN(const ZipTail tail, read_zip_tail(source, limits));
    SIGNEDVFS_TRY(check_count(tail, header, manifest_lines));
    SIGNEDVFS_ASSIGN(const ZipDirectory zip, ZipDirectory::read(source, limits));
    Checking checking(source, header, limits, tail, zip);
    SIGNEDVFS_ASSIGN(const Manifest manifest, checking.manifest());
    SIGNEDVFS_TRY(checking.prefix());
    SIGNEDVFS_TRY(checking.members(manifest, progress));
    return checking.index();
  };
  return check().in(path);
}

}  // namespace signedvfs
