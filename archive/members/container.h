// What archives and directories have in common: named byte strings that nobody has vouched for.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "archive/base/allocate.h"
#include "archive/base/buffer.h"
#include "archive/base/status.h"
#include "archive/members/codec.h"

namespace signedvfs {

// StoredMember is a member as a container stores it, and what that decodes to.
struct StoredMember {
  Packed packed;
  Buffer decoded;  // empty where the stored bytes are the content

  // content borrows from this.
  std::span<const std::byte> content() const& noexcept {
    return packed.method == Method::kStored ? packed.bytes.bytes() : decoded.bytes();
  }
  std::span<const std::byte> content() && = delete;
};

// Container is an opened archive or directory. Immutable; may be used from any thread.
class Container {
 public:
  virtual ~Container() = default;

  // path returns the path it was opened by, for messages. Borrows from the container.
  virtual const std::string& path() const& noexcept = 0;

  // member_count returns how many members there are, or nothing where the container is open-ended:
  // a directory, whose listing is never consulted for reading.
  virtual std::optional<std::uint64_t> member_count() const noexcept = 0;

  // size_of returns the decoded size that is declared for the member `name` (bytes, exact match),
  // or nothing where there is no such member.
  virtual std::optional<std::uint64_t> size_of(std::string_view name) const = 0;

  // first_missing returns the first of the positions 0 to `count` at which `name_at` has no
  // member's name, or nothing. Fastest where the names are in the order of the members.
  virtual std::optional<std::size_t> first_missing(
      std::size_t count, const std::function<std::string_view(std::size_t)>& name_at) const;

  // read_into returns the whole content of one member, decoded, in memory that `allocate` chooses,
  // read by exactly one pass over the underlying bytes. Fails with `kNotFound` or with what is
  // wrong.
  virtual Result<Buffer> read_into(std::string_view name, const Allocate& allocate) const = 0;

  // read does the same with memory from the pool.
  Result<Buffer> read(std::string_view name) const { return read_into(name, {}); }

  // read_packed returns the same content as the container stores it, for rebuilding an archive
  // without encoding everything again, and beside it what exactly those bytes have decoded to.
  virtual Result<StoredMember> read_packed(std::string_view name) const;

  // names returns the names of all members (directory entries left out) in byte order. A directory
  // is walked for this; only signing and reports ask.
  virtual Result<std::vector<std::string>> names() const = 0;

  // modified returns when the member was changed last, as far as the container tells: seconds since
  // 1970-01-01T00:00:00Z. Anybody can set such times; nothing but signing and reports asks.
  virtual std::optional<std::int64_t> modified([[maybe_unused]] std::string_view name) const {
    return {};
  }

  // is_zip tells whether another zip archive can take the place of this container.
  virtual bool is_zip() const noexcept { return false; }

  // check_directory_entries requires that entries for directories, of which nothing else tells, are
  // to the last byte what our own writer writes. Fails with what is wrong.
  virtual Status check_directory_entries() const { return {}; }

  // prefix_bytes returns how many bytes stand in front of the archive in its file.
  virtual std::uint64_t prefix_bytes() const noexcept { return 0; }

  // read_prefix passes those bytes to `sink` in order, in pieces.
  virtual Status read_prefix(
      [[maybe_unused]] const std::function<Status(std::span<const std::byte>)>& sink) const {
    return {};
  }
};

}  // namespace signedvfs
