// The manifest: which members an archive has, and who says so.
//
// Text, lines ending in a single LF:
//
//   <fingerprint> <base64 signature>     one line per signature, not covered by any of them
//                                        one empty line
//   sha256                               the header: hash type, then `@` lines in byte order ...
//   @index <digest of the root> <size>   (archives that carry an index)
//   @members <digest of the member lines> <their number>
//   <digest> <path>                      ... and one line per member, to the end
//
// A signature covers `signed_message`: a domain separation string and the SHA-256 of the header.
// The header commits to the member lines, so checking happens in the order signature, header,
// member lines; nothing is parsed before it has been checked.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "archive/buffer.h"
#include "archive/limits.h"
#include "archive/status.h"
#include "vfs/digest.h"
#include "vfs/policy.h"

namespace signedvfs {

// kManifestName is the manifest's path in every archive and directory, inherited from signedimp.
inline constexpr std::string_view kManifestName = "signedimp-manifest.txt";

// kIndexName is the path of the signed index in archives that have one (see index_node.h).
inline constexpr std::string_view kIndexName = "signedvfs-index.bin";

// is_reserved tells whether `name` is one of the two that are signedvfs's own, and never a
// member's.
inline bool is_reserved(std::string_view name) noexcept {
  return name == kManifestName || name == kIndexName;
}

// Prefix describes the bytes in front of an appended archive.
struct Prefix {
  Digest digest;  // SHA-256
  std::uint64_t length = 0;
  friend bool operator==(const Prefix&, const Prefix&) = default;
};

// Order describes the text that records in which order members are read (vfs/import_order.h).
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

// IndexRoot is the root of the signed index (see index_node.h).
struct IndexRoot {
  Digest digest;  // SHA-256
  std::uint64_t size = 0;
  friend bool operator==(const IndexRoot&, const IndexRoot&) = default;
};

struct ManifestHead;

// signed_message returns what a key signs for the header text `header`.
Result<std::string> signed_message(std::string_view header);

// PathRules says who holds the listed paths to the rules for member names.
enum class PathRules : std::uint8_t {
  kApply,  // the manifest does
  // An archive has done so for its members' names already, and the caller makes sure that the
  // listed paths are exactly those. That they differ from each other is checked nevertheless.
  kAppliedByArchive,
};

// Manifest is a manifest whose signatures satisfied a policy. Immutable.
class Manifest {
 public:
  // check reads `text`: finds the signatures, checks them under `policy`, and only then parses the
  // header, checks attributes against `policy`, checks and parses the member lines. Fails with the
  // code of the first thing that is wrong. Owns `text` from then on.
  static Result<Manifest> check(Buffer text, const TrustPolicy& policy, const Limits& limits,
                                PathRules rules = PathRules::kApply);

  // complete returns the manifest of a `head` that was checked before, with the member lines
  // `lines`, which must be those that it commits to. Fails with the code of what is wrong.
  static Result<Manifest> complete(const ManifestHead& head, Buffer lines, const Limits& limits);

  Manifest(Manifest&&) noexcept;
  Manifest& operator=(Manifest&&) noexcept;
  ~Manifest();

  const ManifestHead& head() const& noexcept;
  HashType hash_type() const noexcept;
  const Attributes& attributes() const& noexcept;

  // signers returns the fingerprints of the policy's keys that signed, in the order of the lines.
  const std::vector<std::string>& signers() const& noexcept;

  // signatures returns all signature lines, those of unknown keys included.
  const std::vector<Signature>& signatures() const& noexcept;

  // entries returns the member lines in byte order of their paths.
  const std::vector<Entry>& entries() const& noexcept;

  // find returns the entry of the exact path `path`, or null.
  const Entry* find(std::string_view path) const noexcept;

  // header returns the signed text.
  std::string_view header() const& noexcept;

 private:
  struct State;
  explicit Manifest(std::unique_ptr<State> state) noexcept;
  static Status check_lines(State& state, std::string_view lines, const Limits& limits,
                            PathRules rules);
  std::unique_ptr<State> state_;
};

// encode_body returns the member lines for `digests` (path to digest), in canonical order.
Result<std::string> encode_body(HashType type, const std::map<std::string, Digest>& digests);

// encode_header returns the canonical header that commits to `body` and, where there is one, to
// `index`.
Result<std::string> encode_header(HashType type, const Attributes& attributes,
                                  std::string_view body,
                                  const std::optional<IndexRoot>& index = {});

// encode_manifest returns the whole text.
std::string encode_manifest(const std::vector<Signature>& signatures, std::string_view header,
                            std::string_view body);

}  // namespace signedvfs
