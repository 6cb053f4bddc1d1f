// What a decoder of another format finds, and the decision on what an archive may have.
#pragma once

#include <cstddef>
#include <cstdint>
#include <exception>
#include <span>
#include <string>
#include <vector>

#include "archive/buffer.h"
#include "archive/byte_source.h"
#include "archive/foreign/interface.h"
#include "archive/limits.h"
#include "archive/status.h"

namespace signedvfs {

// ForeignMember is one decoded file.
struct ForeignMember {
  std::string name;
  Buffer content;
};

// ForeignCollector runs a decoder over a file and keeps the members that come out. It believes the
// decoder no more than the file: every limit, name, type and size is checked here. Borrows its
// arguments; for one run, from one thread.
class ForeignCollector {
 public:
  ForeignCollector(const ByteSource& source, const Limits& limits) noexcept
      : source_(source), limits_(limits) {}

  // collect returns the members in byte order of their names, or the first thing that is wrong.
  Result<std::vector<ForeignMember>> collect(SignedvfsForeignDecode& decode, bool seven_zip) &&;

 private:
  Status decode_all(SignedvfsForeignDecode& decode, bool seven_zip);
  Status add(const SignedvfsForeignEntry& entry);
  Status add_directory(std::string_view name);
  Status add_file(std::string_view name, const SignedvfsForeignEntry& entry);
  Status append(std::span<const std::byte> bytes);
  Status check_decoded(std::uint64_t total) const;
  Status finish_member() const;

  // guarded runs one callback's work. An exception (memory is all that can fail) must not cross
  // libarchive, which is C; it goes on behind the decoder.
  template <class Work>
  int guarded(const Work& work) noexcept {
    if (exception_ || !failure_.ok()) return 1;
    try {
      failure_ = work();
    } catch (...) {
      exception_ = std::current_exception();
      return 1;
    }
    return failure_.ok() ? 0 : 1;
  }
  static ForeignCollector& self(void* context) noexcept {
    return *static_cast<ForeignCollector*>(context);
  }

  const ByteSource& source_;
  const Limits& limits_;
  std::vector<ForeignMember> members_;
  std::vector<std::string> directories_;
  std::span<std::byte> rest_;  // of the last member's content, not decoded yet
  std::uint64_t entries_ = 0;
  std::uint64_t total_ = 0;  // sizes of all members
  Status failure_;
  std::exception_ptr exception_;
};

}  // namespace signedvfs
