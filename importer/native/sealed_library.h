// Shared objects in memory that nobody can change: all that the dynamic linker is ever given.
#pragma once

#include <cstddef>
#include <string>
#include <utility>

#include "archive/base/status.h"
#include "archive/elf/shared_object.h"
#include "archive/os/lasting_descriptor.h"
#include "importer/native/library_source.h"
#include "vfs/verified_bytes.h"

namespace signedvfs {

// SealedLibrary is made of verified bytes and of nothing else, so whoever has one may load it, as
// long as `is_intact` says so. It can be loaded as long as this lives; what has been loaded stays.
class SealedLibrary {
 public:
  // read has the member `entry` of `source` read into such memory, where it is sealed first and
  // verified then; of what loading does not need, nothing but the digest matters. /proc/PID/maps
  // shows it as "<archive>/<entry>", or the end of that. Where the system forbids such memory, the
  // policy may have a file without a name stand in for it; else it fails with `kBadLibrary`, which
  // says so. It also fails with that where the member is no shared object for this machine.
  static Result<SealedLibrary> read(const LibrarySource& source, const std::string& entry);

  // object is what the library says of itself.
  const SharedObject& object() const& noexcept { return object_; }

  // bytes is how much memory it has.
  std::size_t bytes() const noexcept { return content_.size(); }

  // is_intact tells whether `path` still leads to that memory. The program may have closed its
  // descriptor meanwhile, as daemons close all, and opened any file under the same number.
  bool is_intact() const noexcept { return descriptor_.is_open(); }

  // path is for load_library, and was never used before.
  const std::string& path() const& noexcept { return path_; }

  // leave_open keeps the memory's descriptor open for good: debuggers read symbols by it.
  void leave_open() noexcept { descriptor_.leave_open(); }

  // release gives up the memory's descriptor. The memory stays as long as the library is loaded.
  LastingDescriptor release() && noexcept { return std::move(descriptor_); }

 private:
  SealedLibrary(LastingDescriptor descriptor, VerifiedBytes content, std::string path,
                SharedObject object) noexcept
      : descriptor_(std::move(descriptor)),
        content_(std::move(content)),
        path_(std::move(path)),
        object_(std::move(object)) {}

  LastingDescriptor descriptor_;
  VerifiedBytes content_;  // that memory, mapped: while it is, no other file gets its inode
  std::string path_;
  SharedObject object_;
};

}  // namespace signedvfs
