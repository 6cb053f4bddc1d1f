// A zip archive that is written member by member and compressed by several threads meanwhile.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "archive/base/buffer.h"
#include "archive/base/limits.h"
#include "archive/base/status.h"
#include "archive/members/codec.h"
#include "archive/os/processors.h"

namespace signedvfs {

// ArchiveWriter is an archive under construction, which appears when it is finished; otherwise it
// leaves nothing behind. Any thread may use it. The threads that compress live as long as it does:
// the child of a fork has none of them, and everything fails there with `kUsage`.
class ArchiveWriter {
 public:
  // create starts the archive that will be `path`, and that whoever keeps to `limits` will read.
  // Fails as `AtomicFile::create` does.
  static Result<std::unique_ptr<ArchiveWriter>> create(const std::string& path,
                                                       const Limits& limits = {},
                                                       unsigned threads = processors());
  ArchiveWriter(const ArchiveWriter&) = delete;
  ArchiveWriter& operator=(const ArchiveWriter&) = delete;
  ~ArchiveWriter();

  const std::string& path() const& noexcept { return path_; }

  // add appends a member, packed as `pack_member` does, for readers of the same limits. Members
  // stand in the order of the calls, the first one of a directory behind an entry for that; a
  // bounded number of bytes waits to be packed. Fails with `kBadName`, `kTooLarge`, `kUsage` or
  // `kBadMethod` for the arguments, and with what kept an earlier member from being written.
  Status add(std::string_view name, Buffer content, Method method, int level = 0);

  // finish completes the archive and puts it in place. Fails as `ZipWriter::finish` and `add` do;
  // the archive is then abandoned.
  Status finish();

  // abandon gives the archive up.
  void abandon();

  // is_finished tells whether it is finished or abandoned, or another process's.
  bool is_finished() const;

 private:
  struct State;
  ArchiveWriter(std::string path, const Limits& limits, std::unique_ptr<State> state) noexcept;
  bool is_inherited() const noexcept;
  Status why_not() const;

  const std::string path_;
  const Limits limits_;
  const std::int64_t process_;
  mutable std::mutex mutex_;
  std::unique_ptr<State> state_;
};

}  // namespace signedvfs
