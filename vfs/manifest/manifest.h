// The manifest: which members an archive has, and who says so.
//
// Text, lines ending in a single LF:
//
//   <fingerprint> <base64 signature>     one line per signature, not covered by any of them
//                                        one empty line
//   sha256                               the header: hash type, then `@` lines in byte order ...
//   @index <digest of the root> <size>   (archives that carry an index)
//   @members <digest of the member lines> <their number>
//   @roots <role> ...                    (detached manifests: see vfs/detached.h)
//   <digest> <path>                      ... and one line per member, to the end
//
// A signature covers `signed_message`: a domain separation string and the SHA-256 of the header.
// The header commits to the member lines, so checking happens in the order signature, header,
// member lines; nothing is parsed before it has been checked.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "archive/base/buffer.h"
#include "archive/base/limits.h"
#include "archive/base/status.h"
#include "vfs/crypto/digest.h"
#include "vfs/manifest/policy.h"
#include "vfs/manifest/values.h"

namespace signedvfs {

struct SignedHeader;

// Manifest is a manifest whose signatures satisfied a policy. Immutable.
class Manifest {
 public:
  // check reads `text`: finds the signatures, checks them under `policy`, and only then parses the
  // header, checks attributes against `policy`, checks and parses the member lines. Fails with the
  // code of the first thing that is wrong. Owns `text` from then on.
  static Result<Manifest> check(Buffer text, const TrustPolicy& policy, const Limits& limits,
                                PathRules rules = PathRules::kApply);

  // complete returns the manifest of a `header` that was checked before, with the member lines
  // `lines`, which must be those that it commits to. Fails with the code of what is wrong.
  static Result<Manifest> complete(const SignedHeader& header, Buffer lines, const Limits& limits);

  Manifest(Manifest&&) noexcept;
  Manifest& operator=(Manifest&&) noexcept;
  ~Manifest();

  const SignedHeader& signed_header() const& noexcept;
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

  // text returns the whole manifest: the signatures, the header, and the member lines.
  std::string text() const;

 private:
  struct State;
  explicit Manifest(std::unique_ptr<State> state) noexcept;
  static Status check_lines(State& state, std::string_view lines, const Limits& limits,
                            PathRules rules);
  std::unique_ptr<State> state_;
};

}  // namespace signedvfs
