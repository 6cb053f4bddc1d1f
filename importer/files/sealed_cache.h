// Sealed memory of the files that were opened last, so that opening one again costs what it costs
// for a file: making the memory is dearer than reading a small file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <string>

#include "archive/base/memory.h"
#include "archive/base/status.h"
#include "archive/os/file_descriptor.h"
#include "archive/os/lasting_descriptor.h"
#include "vfs/signed_vfs.h"

namespace signedvfs {

// SealedCache keeps some descriptors of memory that nobody can change, so what was verified when it
// was made is verified still. Any thread may use it.
class SealedCache {
 public:
  using Make = std::function<Result<FileDescriptor>()>;

  // open returns a descriptor of its own, at the beginning, of the memory that `make` returned when
  // `name` of `vfs` was last opened, or returns now. `size` is how much it is: what is large is not
  // kept, nor what is empty. Fails as `make` does.
  Result<FileDescriptor> open(const std::shared_ptr<const SignedVfs>& vfs, const std::string& name,
                              std::uint64_t size, const Make& make);

 private:
  struct Kept {
    std::shared_ptr<const SignedVfs> vfs;
    std::string name;
    std::shared_ptr<const LastingDescriptor> memory;

    // Some of that memory, mapped: as long as it is, no other file gets its inode, whatever the
    // program has closed.
    Memory held;
  };

  std::shared_ptr<const LastingDescriptor> find(const SignedVfs* vfs, const std::string& name);
  void keep(Kept one);

  std::list<Kept> kept_;  // with ProcessLock; the last one used first
};

}  // namespace signedvfs
