// What a manifest is made of: names, attributes, signatures, member lines.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "vfs/crypto/digest.h"

namespace signedvfs {

// kManifestName is the manifest's path in every archive and directory, inherited from signedimp.
inline constexpr std::string_view kManifestName = "signedimp-manifest.txt";

// kIndexName is the path of the signed index in archives that have one (see index/node.h).
inline constexpr std::string_view kIndexName = "signedvfs-index.bin";

// kReservedNames are signedvfs's own, and never a member's.
inline constexpr std::array kReservedNames{kManifestName, kIndexName};

// is_reserved tells whether `name` is one of them.
inline bool is_reserved(std::string_view name) noexcept {
  return std::find(kReservedNames.begin(), kReservedNames.end(), name) != kReservedNames.end();
}

// Prefix describes the bytes in front of an appended archive.
struct Prefix {
  Digest digest;  // SHA-256
  std::uint64_t length = 0;
  friend bool operator==(const Prefix&, const Prefix&) = default;
};

// Order describes the text that records in which order members are read (vfs/manifest/order.h).
struct Order {
  Digest digest;              // SHA-256 of the text
  std::uint64_t members = 0;  // how many it names
  friend bool operator==(const Order&, const Order&) = default;
};

// Attributes are the signed `@` lines. Times are seconds since 1970-01-01T00:00:00Z.
struct Attributes {
  std::optional<std::int64_t> expires;     // @expires 2027-06-30T00:00:00Z
  std::optional<std::string> name;         // @name myapp
  std::optional<std::int64_t> not_before;  // @not-before 2026-01-01T00:00:00Z
  std::optional<Order> order;              // @order <sha256> <number>
  std::optional<Prefix> prefix;            // @prefix <sha256> <length>
  std::vector<std::string> roots;          // @roots lib-dynload stdlib (see detached.h)
  std::optional<std::uint64_t> serial;     // @serial 42
  friend bool operator==(const Attributes&, const Attributes&) = default;
};

// Signature is one signature line.
struct Signature {
  std::string fingerprint;
  std::vector<std::byte> value;
};

// Entry is one member line, borrowed from the manifest. There may be many: it is small.
class Entry {
 public:
  // Entry takes a line, without its LF, that begins with a digest of `type` and one space, of
  // less than 4 GiB.
  Entry(HashType type, std::string_view line) noexcept
      : line_(line.data()),
        size_(static_cast<std::uint32_t>(line.size())),
        digits_(static_cast<std::uint8_t>(2 * hash_bytes(type))),
        type_(type) {}

  std::string_view path() const noexcept { return {line_ + digits_ + 1, size_ - digits_ - 1U}; }

  // hex returns the digest of the content as the line spells it.
  std::string_view hex() const noexcept { return {line_, digits_}; }
  Digest digest() const noexcept { return Digest::from_hex(type_, hex()).value_or(Digest()); }

 private:
  const char* line_;
  std::uint32_t size_;
  std::uint8_t digits_;
  HashType type_;
};

// IndexRoot is the root of the signed index (see index/node.h).
struct IndexRoot {
  Digest digest;  // SHA-256
  std::uint64_t size = 0;
  friend bool operator==(const IndexRoot&, const IndexRoot&) = default;
};

// PathRules says who holds the listed paths to the rules for member names.
enum class PathRules : std::uint8_t {
  kApply,  // the manifest does
  // An archive has done so for its members' names already, and the caller makes sure that the
  // listed paths are exactly those. That they differ from each other is checked nevertheless.
  kAppliedByArchive,
};

}  // namespace signedvfs
