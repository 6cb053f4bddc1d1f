#include "archive/zip_archive.h"

#include <algorithm>
#include <ctime>
#include <utility>

#include "archive/zip_index.h"

namespace signedvfs {
namespace {

// seconds_of reads a local time of MS-DOS as zipimport does. The first moment that the format can
// express stands for no time: writers whose output is reproducible give it to every member.
std::optional<std::int64_t> seconds_of(std::uint32_t time) {
  constexpr std::uint32_t kNoTime = 0x00210000;
  if (time == kNoTime) return {};
  const auto bits = [&](unsigned shift, unsigned count) {
    return static_cast<int>(time >> shift & ((1U << count) - 1U));
  };
  std::tm local{};
  local.tm_year = 80 + bits(25, 7);
  local.tm_mon = bits(21, 4) - 1;
  local.tm_mday = bits(16, 5);
  local.tm_hour = bits(11, 5);
  local.tm_min = bits(5, 6);
  local.tm_sec = 2 * bits(0, 5);
  local.tm_isdst = -1;
  return std::mktime(&local);
}

class ZipArchive final : public Container {
 public:
  ZipArchive(std::shared_ptr<const ByteSource> source, std::string path, ZipIndex index)
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

  Result<Buffer> read(std::string_view name) const override {
    SIGNEDVFS_ASSIGN(const ZipRecord* const member, find(name));
    SIGNEDVFS_ASSIGN(Buffer stored, copy_stored(*member));
    if (member->method != Method::kStored) return decoded(*member, stored);
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
      SIGNEDVFS_ASSIGN(content, decoded(*member, stored));
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
    return member == nullptr ? std::nullopt : seconds_of(member->time);
  }

  bool is_zip() const noexcept override { return true; }

  std::uint64_t prefix_bytes() const noexcept override { return index_.begin(); }

  Status read_prefix(const std::function<Status(std::span<const std::byte>)>& sink) const override {
    constexpr std::uint64_t kPiece = std::uint64_t{1} << 20U;
    Buffer piece(static_cast<std::size_t>(std::min(kPiece, prefix_bytes())));
    for (std::uint64_t at = 0; at < prefix_bytes(); at += piece.size()) {
      const auto size = static_cast<std::size_t>(std::min(kPiece, prefix_bytes() - at));
      const auto bytes = piece.bytes().first(size);
      if (Status copied = source_->copy_out(at, bytes); !copied.ok()) {
        return std::move(copied).in(path_);
      }
      SIGNEDVFS_TRY(sink(bytes));
    }
    return {};
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

  Result<Buffer> decoded(const ZipRecord& member, const Buffer& stored) const {
    Buffer content(static_cast<std::size_t>(member.size));
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
  ZipIndex index_;
};

}  // namespace

Result<std::unique_ptr<const Container>> open_zip(std::shared_ptr<const ByteSource> source,
                                                  const std::string& path, const Limits& limits) {
  Result<ZipIndex> index = ZipIndex::read(*source, limits);
  if (!index.ok()) return std::move(index).status().in(path);
  return std::unique_ptr<const Container>(
      std::make_unique<ZipArchive>(std::move(source), path, std::move(index).value()));
}

Result<std::unique_ptr<const Container>> open_zip_with(std::shared_ptr<const ByteSource> source,
                                                       const std::string& path,
                                                       const Limits& limits,
                                                       const LastMember& last) {
  Result<ZipIndex> index = ZipIndex::read(*source, limits);
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
  Result<ZipIndex> index = ZipIndex::read(*source, limits);
  if (!index.ok()) return why_no_zip(index.status(), path);
  return std::unique_ptr<const Container>(
      std::make_unique<ZipArchive>(std::move(source), path, std::move(index).value()));
}

}  // namespace signedvfs
