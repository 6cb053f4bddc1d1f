// What has the linker load several libraries at the same time. Private to native/.
#pragma once

#include <span>
#include <string>
#include <utility>

#include "archive/base/status.h"
#include "archive/os/file_descriptor.h"
#include "importer/native/library_source.h"
#include "importer/native/plan.h"

namespace signedvfs {

// SealedGathering is a shared object of our own making (archive/elf/gathering.h) that needs some
// libraries by the paths of their memory, and has no content else; in such memory itself.
//
// Libraries that need each other are loaded by it, so that every byte of theirs is as it was
// verified, and none is searched for. That it is there makes no difference to them: it has nothing
// that anybody could find in it. It stays loaded, as all do.
class SealedGathering {
 public:
  // of makes one for libraries that are sealed (PlannedLibrary), of which there is at least one. It
  // is shown as "<archive>/<entry of the first> and <count> more".
  static Result<SealedGathering> of(const LibrarySource& source,
                                    std::span<PlannedLibrary* const> libraries);

  // path is for load_library, and was never used before.
  const std::string& path() const& noexcept { return path_; }

  // leave_open keeps the memory's descriptor open for good, for debuggers.
  void leave_open() noexcept { static_cast<void>(descriptor_.release()); }

 private:
  SealedGathering(FileDescriptor descriptor, std::string path) noexcept
      : descriptor_(std::move(descriptor)), path_(std::move(path)) {}

  FileDescriptor descriptor_;
  std::string path_;
};

}  // namespace signedvfs
