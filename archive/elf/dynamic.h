// The dynamic section of a shared object, and the strings that it names.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "archive/base/status.h"
#include "archive/elf/format.h"
#include "archive/elf/image.h"

namespace signedvfs::elf {

// Dynamic holds the entries that are read here, up to the DT_NULL where glibc stops
// (elf/get-dynamic-info.h, elf/dl-deps.c). Borrows the file's bytes.
class Dynamic {
 public:
  // read fails with `kBadLibrary` where an entry is there twice of which glibc takes the last, and
  // where the string table is not one piece of the file.
  static Result<Dynamic> read(const Image& image);

  // value returns the value of an entry that may be there once.
  std::optional<std::uint64_t> value(std::uint64_t tag) const noexcept;

  // string returns the text at `offset` of the string table, of at most `most` bytes, printable
  // ASCII; `what` names it in the error.
  Result<std::string> string(std::uint64_t offset, std::size_t most, std::string_view what) const;

  // has_name tells whether the string table has a text that ends with `name`: where it has none, no
  // symbol is named so.
  bool has_name(std::string_view name) const;

  // Several of these may stand in one object, in order.
  struct Repeated {
    std::uint64_t tag = 0;  // kNeeded, kAuxiliary or kFilter
    std::uint64_t value = 0;
  };
  std::span<const Repeated> repeated() const noexcept { return repeated_; }

 private:
  struct Single {
    std::uint64_t tag = 0;
    std::optional<std::uint64_t> value;
  };

  Single* single(std::uint64_t tag) noexcept;

  std::array<Single, 12> singles_{{
      {kStringTable, {}},
      {kStringSize, {}},
      {kSoname, {}},
      {kRpath, {}},
      {kRunpath, {}},
      {kTextRelocations, {}},
      {kFlags, {}},
      {kFlags1, {}},
      {kDepAudit, {}},
      {kAudit, {}},
      {kVerneed, {}},
      {kVerneedCount, {}},
  }};
  std::vector<Repeated> repeated_;
  std::span<const std::byte> strings_;
};

}  // namespace signedvfs::elf
