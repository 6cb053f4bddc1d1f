#include "archive/zip/archive.h"

#include <algorithm>
#include <utility>

#include "archive/zip/directory.h"
#include "archive/zip/dos_time.h"

namespace signedvfs {
namespace {

class ZipArchive final : public Container {
 public:
  ZipArchive(std::shared_ptr<const ByteSource> source, std::string path, ZipDirectory index)
      : source_(std::move(source)), path_(std::move(path)), index_(std::move(index)) {}

  const std::string& path() const& noexcept override { return path_; }

  std::optional<std::uint64_t> member_count() const noexcept override {
    return index_.members().size();
  }

  std::optional<std::uint64_t> size_of(std::string_view name) const override {
    const ZipRecord* const member = index_.find(name);
    if (member == nullptr) return {};
    return member->size;
  }

  std::optional<std::size_t> first_missing(
      std::size_t count,
      const std::function<std::string_view(std::size_t)>& name_at) const override {
    const ZipRecord* expected = index_.members().data();
    const ZipRecord* const end = expected + index_.members().size();
    for (std::size_t i = 0; i < count; ++i) {
      const std::string_view name = name_at(i);
      if (expected == end || expected->name != name) {
        expected = index_.find(name);
        if (expected == nullptr) return i;
      }
      ++expected;
    }
    return {};
  }

  Result<Buffer> read_into(std::string_view name, const Allocate& allocate) const override {
    SIGNEDVFS_ASSIGN(const ZipRecord* const member, find(name));
    SIGNEDVFS_ASSIGN(Buffer stored, copy_stored(*member));
    // The local header comes with the same copy, so what is stored is not alone in its memory.
    if (member->method != Method::kStored || allocate) return decoded(*member, stored, allocate);
    SIGNEDVFS_TRY(check_stored(*member, stored));
    return stored;
  }

  Result<StoredMember> read_packed(std::string_view name) const override {
    SIGNEDVFS_ASSIGN(const ZipRecord* const member, find(name));
    SIGNEDVFS_ASSIGN(Buffer stored, copy_stored(*member));
    Buffer content;
    if (member->method == Method::kStored) {
      SIGNEDVFS_TRY(check_stored(*member, stored));
    } else {
      SIGNEDVFS_ASSIGN(content, decoded(*member, stored, {}));
    }
    return StoredMember{{member->method, member->crc32, member->size, std::move(stored)},
                        std::move(content)};
  }

  Result<std::vector<std::string>> names() const override {
    std::vector<std::string> names;
    names.reserve(index_.members().size());
    for (const ZipRecord& member : index_.members()) names.emplace_back(member.name);
    std::sort(names.begin(), names.end());
    return names;
  }

  std::optional<std::int64_t> modified(std::string_view name) const override {
    const ZipRecord* const member = index_.find(name);
    return member == nullptr ? std::nullopt : seconds_of_dos_time(member->time);
  }

  bool is_zip() const noexcept override { return true; }

  Status check_directory_entries() const override {
    for (const ZipDirectoryEntry& entry : index_.directories()) {
      SIGNEDVFS_TRY(check_directory_entry(*source_, entry).in(path_));
    }
    return {};
  }

  std::uint64_t prefix_bytes() const noexcept override { return index_.begin(); }

  Status read_prefix(const std::function<Status(std::span<const std::byte>)>& sink) const override {
    return copy_pieces(*source_, prefix_bytes(), sink);
  }

 private:
  Result<const ZipRecord*> find(std::string_view name) const {
    if (const ZipRecord* const member = index_.find(name)) return member;
    return Status(Errc::kNotFound, path_ + ": no member " + in_quotes(name));
  }

  // context puts archive and member in front of a failure.
  Status context(const ZipRecord& member, Status status) const {
    return std::move(status).in(path_ + ": " + in_quotes(member.name));
  }

  // copy_stored makes the one copy of a member's bytes on which everything else happens.
  Result<Buffer> copy_stored(const ZipRecord& member) const {
    Result<Buffer> stored = signedvfs::copy_stored(*source_, member);
    if (!stored.ok()) return std::move(stored).status().in(path_);
    return stored;
  }

  Result<Buffer> decoded(const ZipRecord& member, const Buffer& stored,
                         const Allocate& allocate) const {
    SIGNEDVFS_ASSIGN(Buffer content, allocated(allocate, member.size));
    Status status = unpack_into(member.method, stored.bytes(), member.crc32, content.bytes());
    if (!status.ok()) return context(member, std::move(status));
    return content;
  }

  Status check_stored(const ZipRecord& member, const Buffer& stored) const {
    if (checksum(stored.bytes()) == member.crc32) return {};
    return context(member,
                   Status(Errc::kCorruptMember, "the content's checksum is not the declared one"));
  }

  std::shared_ptr<const ByteSource> source_;
  std::string path_;
  ZipDirectory index_;
};

}  // namespace

Result<std::unique_ptr<const Container>> open_zip(std::shared_ptr<const ByteSource> source,
                                                  const std::string& path, const Limits& limits) {
  Result<ZipDirectory> index = ZipDirectory::read(*source, limits);
  if (!index.ok()) return std::move(index).status().in(path);
  return std::unique_ptr<const Container>(
      std::make_unique<ZipArchive>(std::move(source), path, std::move(index).value()));
}

Result<std::unique_ptr<const Container>> open_zip_with(std::shared_ptr<const ByteSource> source,
                                                       const std::string& path,
                                                       const Limits& limits,
                                                       const LastMember& last) {
  Result<ZipDirectory> index = ZipDirectory::read(*source, limits);
  if (!index.ok()) return std::move(index).status().in(path);
  const ZipRecord* const found = index->members().empty() ? nullptr : &index->members().back();
  if (found == nullptr || found->name != last.name || found->offset != last.offset) {
    return Status(Errc::kBadDirectory, path + ": the directory ends as if its last member were " +
                                           in_quotes(last.name) + ", and it is not");
  }
  return std::unique_ptr<const Container>(
      std::make_unique<ZipArchive>(std::move(source), path, std::move(index).value()));
}

Status why_no_zip(const Status& failure, const std::string& path) {
  if (failure.code() != Errc::kNotAnArchive) return Status(failure).in(path);
  return {Errc::kBadDirectory,
          path + ": a zip archive without its end; it was cut off, or is being written"};
}

Result<std::unique_ptr<const Container>> open_sniffed_zip(std::shared_ptr<const ByteSource> source,
                                                          const std::string& path,
                                                          const Limits& limits) {
  Result<ZipDirectory> index = ZipDirectory::read(*source, limits);
  if (!index.ok()) return why_no_zip(index.status(), path);
  return std::unique_ptr<const Container>(
      std::make_unique<ZipArchive>(std::move(source), path, std::move(index).value()));
}

}  // namespace signedvfs
