// Files that appear whole or not at all.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "archive/base/status.h"
#include "archive/os/file_descriptor.h"

namespace signedvfs {

// AtomicFile collects bytes in a hidden temporary file beside `path` and puts it in place in one
// step. Destroyed before `commit`, whatever happened, it leaves nothing behind.
class AtomicFile {
 public:
  // create starts a file that will have `mode`, or what the umask allows where none is given. Fails
  // with `kUsage` where `path` names no file, `kNotFound` without its directory, or `kIo`.
  static Result<AtomicFile> create(const std::string& path, std::optional<std::uint32_t> mode = {});
  AtomicFile(AtomicFile&& other) noexcept;
  AtomicFile& operator=(AtomicFile&& other) noexcept;
  ~AtomicFile();

  // write appends `bytes`. Much that is written starts on its way to the disk at once, so that
  // little is left to wait for in the end.
  Status write(std::span<const std::byte> bytes);

  // readable_path returns a path by which this process can open the unfinished file, to check it.
  const std::string& readable_path() const& noexcept { return temporary_; }

  // commit flushes to disk and renames over `path`; with `replace` false it fails with `kUsage`
  // where `path` exists.
  Status commit(bool replace = true) &&;

 private:
  AtomicFile() noexcept = default;

  FileDescriptor fd_;
  std::uint64_t written_ = 0;    // bytes in the file
  std::uint64_t under_way_ = 0;  // how many of them the disk has been asked to take
  std::string path_;
  std::string temporary_;  // empty once the file is in place
};

}  // namespace signedvfs
