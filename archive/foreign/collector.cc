#include "archive/foreign/collector.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "archive/base/file_mode.h"
#include "archive/members/name_conflicts.h"
#include "archive/members/names.h"

namespace signedvfs {

Status ForeignCollector::decode_all(SignedvfsForeignDecode& decode, bool seven_zip) {
  SignedvfsForeignHost host{};
  host.context = this;
  host.size = source_.size();
  host.format = seven_zip ? kSignedvfsForeignSevenZip : kSignedvfsForeignStream;
  host.read = [](void* context, std::uint64_t offset, void* dst, std::size_t length) {
    return self(context).guarded([&]() -> Status {
      SIGNEDVFS_TRY(self(context).count_read(length));
      return self(context).source_.copy_out(offset, {static_cast<std::byte*>(dst), length});
    });
  };
  host.entry = [](void* context, const SignedvfsForeignEntry* entry) {
    return self(context).guarded([&] { return self(context).add(*entry); });
  };
  host.data = [](void* context, const void* bytes, std::size_t length) {
    return self(context).guarded(
        [&] { return self(context).append({static_cast<const std::byte*>(bytes), length}); });
  };
  host.decoded = [](void* context, std::uint64_t total) {
    return self(context).guarded([&] { return self(context).check_decoded(total); });
  };

  std::array<char, 256> text{};
  const int outcome = decode(&host, text.data(), text.size());
  if (exception_) std::rethrow_exception(exception_);
  if (!failure_.ok()) return std::move(failure_);
  const std::string why = in_quotes(text.data());
  switch (outcome) {
    case kSignedvfsForeignDone:
      return finish_member();
    case kSignedvfsForeignTruncated:
      return {Errc::kForeignFormat, "the archive is cut off: " + why};
    case kSignedvfsForeignTrailing:
      return {Errc::kTrailingBytes, "something stands behind the archive's end"};
    case kSignedvfsForeignEncryptedArchive:
      return {Errc::kBadFlags, "the archive is encrypted"};
    case kSignedvfsForeignNoMemory:
      return {Errc::kIo, "decoding needs more memory than there is: " + why};
    default:
      return {Errc::kForeignFormat, "libarchive says " + why};
  }
}

Status ForeignCollector::add(const SignedvfsForeignEntry& entry) {
  SIGNEDVFS_TRY(finish_member());
  std::string_view name(entry.name, entry.name_length);
  const std::string what = in_quotes(name);
  if (entries_++ >= limits_.members) {
    return too_large("members", limits_.members, what + " is one member too many");
  }
  if ((entry.traits & kSignedvfsForeignEncrypted) != 0) {
    return {Errc::kBadFlags, what + " is encrypted"};
  }
  const std::uint32_t type = type_of(entry.mode);
  if ((entry.traits & kSignedvfsForeignLink) != 0 ||
      (type != kRegularType && type != kDirectoryType)) {
    return {Errc::kBadMode,
            what + " is a link or a special file (tar -h archives the file itself)"};
  }
  if ((entry.traits & kSignedvfsForeignSparse) != 0) {
    return {Errc::kUnsupported, what + " has holes (tar without -S writes none)"};
  }

  // tar -C directory . writes "./" in front of every name, and cpio may.
  if (name.starts_with("./")) name.remove_prefix(2);
  if (type == kRegularType) return add_file(name, entry);
  if (entry.size != 0) return {Errc::kForeignFormat, what + " is a directory with content"};
  return add_directory(name);
}

Status ForeignCollector::add_directory(std::string_view name) {
  if (name.ends_with('/')) name.remove_suffix(1);
  if (name.empty() || name == ".") return {};
  SIGNEDVFS_TRY(check_member_name(name, limits_));
  if (admission_ != nullptr) SIGNEDVFS_TRY(admission_->directory(name));
  directories_.emplace_back(name);
  return {};
}

Status ForeignCollector::add_file(std::string_view name, const SignedvfsForeignEntry& entry) {
  const std::string what = in_quotes(name);
  SIGNEDVFS_TRY(check_member_name(name, limits_));
  if ((entry.mode & kSetIdBits) != 0) {
    return {Errc::kBadMode, what + " has a set-id bit (chmod -s takes it away)"};
  }
  if (admission_ != nullptr) SIGNEDVFS_TRY(admission_->begin(name, entry.size));
  SIGNEDVFS_TRY(sizes_.add(name, entry.size));
  members_.push_back({std::string(name), Buffer(static_cast<std::size_t>(entry.size))});
  rest_ = members_.back().content.bytes();
  is_open_ = true;
  return rest_.empty() ? finish_member() : Status();
}

Status ForeignCollector::append(std::span<const std::byte> bytes) {
  if (bytes.size() > rest_.size()) {
    const std::string name = members_.empty() ? "" : members_.back().name;
    return {Errc::kCorruptMember, in_quotes(name) + " is longer than it says"};
  }
  std::copy(bytes.begin(), bytes.end(), rest_.begin());
  rest_ = rest_.subspan(bytes.size());
  SIGNEDVFS_TRY(check_decoded(sizes_.total() - rest_.size()));
  return rest_.empty() ? finish_member() : Status();
}

// check_around bounds what is read or decoded beside the content of the files that were let in:
// headers, padding, and whatever else an archive can be blown up with.
Status ForeignCollector::check_around(std::uint64_t bytes) const {
  constexpr std::uint64_t kAround = std::uint64_t{1} << 20U;
  constexpr std::uint64_t kForEach = std::uint64_t{16} << 10U;
  const std::uint64_t allowed = sizes_.total() + kAround + entries_ * kForEach;
  if (bytes <= allowed) return {};
  return {Errc::kForeignFormat, "it takes " + std::to_string(bytes) + " bytes to hold " +
                                    std::to_string(sizes_.total()) +
                                    ": headers or padding blow it up"};
}

// count_read bounds what a file costs before anybody has admitted anything; after that it is read
// to its end.
Status ForeignCollector::count_read(std::uint64_t bytes) {
  if (is_admitted_) return {};
  read_ += bytes;
  return check_around(read_ - std::min(read_, directory_));
}

// check_decoded holds the decoder to `Limits::ratio`, over the whole file: in these formats members
// are compressed together.
Status ForeignCollector::check_decoded(std::uint64_t total) const {
  if (admission_ != nullptr) return check_around(total);
  if (total == 0 || keeps_ratio(total - 1, source_.size(), limits_.ratio)) return {};
  return too_large("ratio", limits_.ratio,
                   "the archive of " + std::to_string(source_.size()) +
                       " bytes decodes to more than that many times its size");
}

Status ForeignCollector::finish_member() {
  if (!is_open_) return {};
  is_open_ = false;
  ForeignMember& member = members_.back();
  if (!rest_.empty()) {
    return {Errc::kCorruptMember,
            in_quotes(member.name) + " ends " + std::to_string(rest_.size()) + " bytes early"};
  }
  if (admission_ == nullptr) return {};
  SIGNEDVFS_TRY(admission_->complete(member.name, member.content));
  is_admitted_ = true;
  return {};
}

Result<std::vector<ForeignMember>> ForeignCollector::collect(SignedvfsForeignDecode& decode,
                                                             bool seven_zip,
                                                             std::uint64_t directory) && {
  directory_ = directory;
  SIGNEDVFS_TRY(decode_all(decode, seven_zip));
  std::vector<std::string_view> files;
  files.reserve(members_.size());
  for (const ForeignMember& member : members_) files.push_back(member.name);
  SIGNEDVFS_TRY(check_name_conflicts(
      files, std::vector<std::string_view>(directories_.begin(), directories_.end())));
  std::sort(members_.begin(), members_.end(),
            [](const ForeignMember& a, const ForeignMember& b) { return a.name < b.name; });
  return std::move(members_);
}

}  // namespace signedvfs
