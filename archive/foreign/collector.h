// What a decoder of another format finds, and the decision on what an archive may have.
#pragma once

#include <cstddef>
#include <cstdint>
#include <exception>
#include <span>
#include <string>
#include <vector>

#include "archive/base/buffer.h"
#include "archive/base/byte_source.h"
#include "archive/base/limits.h"
#include "archive/base/status.h"
#include "archive/foreign/admission.h"
#include "archive/foreign/interface.h"
#include "archive/members/size_check.h"

namespace signedvfs {

// ForeignMember is one decoded file.
struct ForeignMember {
  std::string name;
  Buffer content;
};

// ForeignCollector runs a decoder over a file and keeps the members that come out. It believes the
// decoder no more than the file: every limit, name, type and size is checked here, and what
// `admission` (null: nobody) has not admitted is not decoded. Borrows its arguments; for one run,
// from one thread.
class ForeignCollector {
 public:
  ForeignCollector(const ByteSource& source, const Limits& limits,
                   Admission* admission = nullptr) noexcept
      : source_(source),
        limits_(limits),
        admission_(admission),
        is_admitted_(admission == nullptr),
        sizes_(limits) {}

  // collect returns the members in byte order of their names, or the first thing that is wrong.
  // `directory` is how many bytes the archive says that its own directory takes (7z).
  Result<std::vector<ForeignMember>> collect(SignedvfsForeignDecode& decode, bool seven_zip,
                                             std::uint64_t directory = 0) &&;

 private:
  Status decode_all(SignedvfsForeignDecode& decode, bool seven_zip);
  Status add(const SignedvfsForeignEntry& entry);
  Status add_directory(std::string_view name);
  Status add_file(std::string_view name, const SignedvfsForeignEntry& entry);
  Status append(std::span<const std::byte> bytes);
  Status count_read(std::uint64_t bytes);
  Status check_decoded(std::uint64_t total) const;
  Status check_around(std::uint64_t bytes) const;
  Status finish_member();

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
  Admission* admission_;
  bool is_admitted_;  // the first file is, or nobody asks
  SizeCheck sizes_;
  std::vector<ForeignMember> members_;
  std::vector<std::string> directories_;
  std::span<std::byte> rest_;  // of the last member's content, not decoded yet
  std::uint64_t entries_ = 0;
  std::uint64_t directory_ = 0;
  std::uint64_t read_ = 0;  // bytes of the file that the decoder has asked for
  bool is_open_ = false;    // the last member is not complete yet
  Status failure_;
  std::exception_ptr exception_;
};

}  // namespace signedvfs
