// A key that is trusted, and what for.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "archive/base/status.h"
#include "vfs/crypto/public_key.h"
#include "vfs/manifest/values.h"

namespace signedvfs {

// KeyScope says which statements a key's signature counts for. The default is all of them.
struct KeyScope {
  // names are the `@name`s; nothing: any, and none at all.
  std::optional<std::set<std::string>> names;

  // min_serial and max_serial bound the `@serial`. With either of them a statement without a serial
  // is outside: whoever holds a key that was retired at 41 must not get round that by leaving the
  // number out.
  std::optional<std::uint64_t> min_serial;
  std::optional<std::uint64_t> max_serial;

  // not_after is the last moment, in seconds since 1970-01-01T00:00:00Z, at which the signature
  // counts (as in RFC 5280 section 4.1.2.5), whenever it was made: nothing else tells when that
  // was.
  std::optional<std::int64_t> not_after;

  friend bool operator==(const KeyScope&, const KeyScope&) = default;

  // validate fails with `kUsage` where nothing could be inside.
  Status validate() const;

  // misses says which bound a statement with these attributes is outside of at the moment `now`,
  // for people; nothing where it is inside of all.
  std::optional<std::string> misses(const Attributes& attributes, std::int64_t now) const;
};

// TrustedKey is a key with its scope. A key alone is trusted for everything.
struct TrustedKey {
  // NOLINTNEXTLINE(google-explicit-constructor): a key alone has the scope of all
  TrustedKey(PublicKey trusted, KeyScope within = {})
      : key(std::move(trusted)), scope(std::move(within)) {}

  PublicKey key;
  KeyScope scope;

  friend bool operator==(const TrustedKey&, const TrustedKey&) = default;
};

}  // namespace signedvfs
