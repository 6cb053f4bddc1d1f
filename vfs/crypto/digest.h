// SHA-2 digests (FIPS 180-4) of bytes in memory.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "archive/base/status.h"

namespace signedvfs {

// HashType is one of the hashes that a manifest may name. The last two exist for manifests made by
// signedimp and are known so that they can be refused by name.
enum class HashType : std::uint8_t { kSha256, kSha384, kSha512, kLegacySha1, kLegacyMd5 };

// hash_name returns the name as manifests spell it: "sha256".
std::string_view hash_name(HashType type) noexcept;

// hash_bytes returns the digest's length in bytes.
std::size_t hash_bytes(HashType type) noexcept;

// hash_type_of returns the type that `name` spells exactly.
std::optional<HashType> hash_type_of(std::string_view name) noexcept;

// Digest is a digest's value; comparison looks at type and value.
class Digest {
 public:
  // A default digest is a SHA-256 of zeros, which no content has.
  Digest() noexcept = default;

  // Digest copies `value`, of exactly `hash_bytes(type)` bytes.
  Digest(HashType type, std::span<const std::byte> value) noexcept;

  // from_hex reads exactly 2 * hash_bytes(type) lower-case hexadecimal digits.
  static std::optional<Digest> from_hex(HashType type, std::string_view hex) noexcept;

  // is_hex tells whether from_hex would read `hex`.
  static bool is_hex(HashType type, std::string_view hex) noexcept;

  HashType type() const noexcept { return type_; }
  std::span<const std::byte> value() const& noexcept { return {value_.data(), hash_bytes(type_)}; }
  std::string hex() const;

  friend bool operator==(const Digest&, const Digest&) noexcept;

 private:
  HashType type_ = HashType::kSha256;
  std::array<std::byte, 64> value_{};
};

// digest_of hashes `bytes`. Fails with `kCrypto` only. Algorithms are fetched once per process from
// a private library context that reads no configuration; any thread may call.
Result<Digest> digest_of(HashType type, std::span<const std::byte> bytes);

// Hasher hashes what arrives in pieces. Not for use by several threads at once.
class Hasher {
 public:
  static Result<Hasher> create(HashType type);
  Hasher(Hasher&&) noexcept;
  Hasher& operator=(Hasher&&) noexcept;
  ~Hasher();

  Status update(std::span<const std::byte> bytes);

  // finish returns the digest and ends the hasher's life.
  Result<Digest> finish() &&;

 private:
  struct Context;
  explicit Hasher(std::unique_ptr<Context> context) noexcept;
  std::unique_ptr<Context> context_;
};

}  // namespace signedvfs
