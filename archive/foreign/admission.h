// Who decides, while an archive is being decoded, whether the decoding goes on.
#pragma once

#include <cstdint>
#include <string_view>

#include "archive/base/buffer.h"
#include "archive/base/status.h"

namespace signedvfs {

// Admission is asked about each entry of an archive that has to be decoded from front to back. The
// first file is the ticket: until `complete` has said yes to it, nothing behind it is decoded.
// Whatever fails ends the decoding at once. What stands between files is bounded by whoever
// decodes; what files there may be, and of what size, is for those who admit to say: the archive's
// ratio does not matter any more. For one archive, from one thread.
class Admission {
 public:
  virtual ~Admission() = default;

  // begin is asked before any memory is taken for the file `name` of `size` bytes, as declared.
  virtual Status begin(std::string_view name, std::uint64_t size) = 0;

  // directory is asked about the directory `name`, without a slash behind it.
  virtual Status directory(std::string_view name) = 0;

  // complete is given the whole content of the file that `begin` was asked about last. It may take
  // that away: the archive then has an empty file of the name, and memory for one copy is enough.
  virtual Status complete(std::string_view name, Buffer& content) = 0;
};

}  // namespace signedvfs
