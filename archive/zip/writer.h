// Writing zip archives canonically: the same members give the same bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "archive/base/limits.h"
#include "archive/base/status.h"
#include "archive/members/codec.h"

namespace signedvfs {

// Sink receives an archive's bytes in order.
using Sink = std::function<Status(std::span<const std::byte>)>;

// ZipWriter writes members in the order they are given: no extra fields but canonical zip64, no
// comments, 1980-01-01 as every time, mode 0644, and 0755 for directories. `begin` is the number of
// bytes already in the file: offsets count from the start of the file. What it writes under
// `limits`, ZipDirectory reads under the same.
class ZipWriter {
 public:
  ZipWriter(Sink sink, std::uint64_t begin, const Limits& limits = {});
  ZipWriter(ZipWriter&&) noexcept;
  ~ZipWriter();

  // add passes one member to the sink. Fails with `kBadName` or `kTooLarge`, with `kUsage` where
  // `member` is inconsistent, or as the sink does, which is final.
  Status add(std::string_view name, const Packed& member);

  // add_directory writes a directory entry for `name` (without a slash behind it), below which some
  // member stands: readers such as zipimport before Python 3.14 know no other directories. Fails
  // like `add`.
  Status add_directory(std::string_view name);

  // position returns the offset in the file of the next byte: right after `add`, the end of that
  // member's stored bytes.
  std::uint64_t position() const noexcept;

  // finish writes the central directory. Without it there is no archive. Fails with
  // `kDuplicateName` or `kFileAndDirectory` where names conflict, with `kBadRecord` where there is
  // no member below a directory, with `kTooLarge`, or as the sink does.
  Status finish() &&;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// DirectoryHeaders are the two headers of a directory entry, as ZipWriter writes them.
struct DirectoryHeaders {
  std::string local;
  std::string central;
};

// directory_headers returns those of the directory `name`, without a slash behind it, whose local
// header stands at `offset` by the archive's own account.
DirectoryHeaders directory_headers(std::string_view name, std::uint64_t offset);

}  // namespace signedvfs
