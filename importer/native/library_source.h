// Where native code comes from, and what the policy says about it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "vfs/manifest/native_rules.h"
#include "vfs/signed_vfs.h"

namespace signedvfs {

class LibrariesAhead;

// SourceKind says what is in use.
enum class SourceKind : std::uint8_t {
  kArchive,
  kDirectory,

  // A root of the interpreter's own library, by a manifest that was signed for it. What its members
  // need, and nobody else has, is the system's, by whatever names: the signer has vouched for the
  // members, and with them for the names that they have in them (DT_NEEDED).
  kOwnLibrary,
};

// kind_of returns the kind of what is in use.
inline SourceKind kind_of(bool is_directory, bool is_own_library) noexcept {
  if (is_own_library) return SourceKind::kOwnLibrary;
  return is_directory ? SourceKind::kDirectory : SourceKind::kArchive;
}

// LibrarySource is an archive or signed directory in use.
struct LibrarySource {
  std::shared_ptr<const SignedVfs> vfs;
  std::string archive;  // its absolute path, in the file system's bytes
  NativeRules rules;
  std::shared_ptr<LibrariesAhead> ahead;  // null: nothing is made ready before it is asked for
  SourceKind kind = SourceKind::kArchive;
};

}  // namespace signedvfs
