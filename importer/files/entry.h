// What a path below a mount names, as the kernel would find it in a read-only file system.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "archive/base/status.h"
#include "importer/files/territory.h"
#include "vfs/signed_vfs.h"

namespace signedvfs {

enum class EntryKind : std::uint8_t {
  kFile,
  kDirectory,
  kOwnFile,  // the archive's file itself: what is said of that is for the disk to say
  kMissing,  // `error` tells in which way
  kOutside,  // ".." leads out of the mount, to `name`, an absolute path
};

// VirtualEntry is one of these. `name` is the member's or directory's path in UTF-8, "" for the
// top.
struct VirtualEntry {
  EntryKind kind = EntryKind::kMissing;
  std::string name;
  int error = 0;            // an `errno` value: ENOENT, ENOTDIR, ENAMETOOLONG
  bool has_parent = false;  // `kMissing`: the directory that it would be in is there
  std::uint64_t size = 0;

  bool is_there() const noexcept {
    return kind == EntryKind::kFile || kind == EntryKind::kDirectory;
  }
};

// look_up resolves `rest`, the components below `mount` in UTF-8. Directories are those that signed
// files imply; there are no links, so ".." is the directory above. Fails only where the listing
// does.
Result<VirtualEntry> look_up(const Mount& mount, const SignedVfs& vfs, std::string_view rest);

// inode_of returns a number for an entry: the same each time, different for each, and of a size
// that no file system of a disk gives out.
std::uint64_t inode_of(const Mount& mount, std::string_view name) noexcept;

}  // namespace signedvfs
