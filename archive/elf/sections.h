// The sections of an ELF file: what a linker's names stand for in it (System V gABI, chapter 4).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "archive/base/status.h"

namespace signedvfs::elf {

// Section is what is used of an Elf64_Shdr. It lies inside the file, unless its type is
// kSectionNoContent.
struct Section {
  std::uint64_t offset = 0;   // in the file, in bytes
  std::uint64_t size = 0;     // in bytes
  std::uint64_t flags = 0;    // sh_flags
  std::uint32_t type = 0;     // sh_type
  std::uint64_t address = 0;  // where it is loaded

  friend bool operator==(const Section&, const Section&) = default;
};

// SectionTable is the table of a 64-bit, little-endian program or shared object for any machine.
// Borrows the file's bytes, of which there may be more than the ELF file has.
//
// No loader reads this table. It is for files that the caller has made or is about to describe, and
// says nothing about what a file by somebody else does when it runs.
class SectionTable {
 public:
  // read fails with `kBadLibrary`, whose text says "it" of the file, where this is no such file,
  // has more sections than the header can say, or has a section outside the file. A file from which
  // the table was removed has no sections.
  static Result<SectionTable> read(std::span<const std::byte> file);

  // find returns the one section of that name. Fails with `kNotFound` where there is none, and with
  // `kBadLibrary` where there are several, or a name lies outside the table of names.
  Result<Section> find(std::string_view name) const;

  // end is where the file ends by what its headers say: behind its last section, segment and table.
  std::uint64_t end() const noexcept { return end_; }

 private:
  std::span<const std::byte> headers_;
  std::span<const std::byte> names_;
  std::uint64_t end_ = 0;
};

// find_section reads the table of `file` and finds that section. Fails as both do.
Result<Section> find_section(std::span<const std::byte> file, std::string_view name);

}  // namespace signedvfs::elf
