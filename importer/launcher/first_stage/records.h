// What the first stage reads where it lies: headers of ELF files, and the kernel's vector of facts.
// Private to first_stage/, and free of everything that a C library would have to be there for.
#pragma once

#include <cstddef>
#include <cstdint>

#include "archive/elf/format.h"

namespace signedvfs::first_stage {

// FileHeader is an Elf64_Ehdr.
struct FileHeader {
  std::uint32_t magic;
  std::uint8_t file_class;
  std::uint8_t byte_order;
  std::uint8_t ident_version;
  std::uint8_t rest_of_ident[9];
  std::uint16_t type;
  std::uint16_t machine;
  std::uint32_t version;
  std::uint64_t entry;
  std::uint64_t segments_at;
  std::uint64_t sections_at;
  std::uint32_t flags;
  std::uint16_t size;
  std::uint16_t segment_size;
  std::uint16_t segments;
  std::uint16_t section_size;
  std::uint16_t sections;
  std::uint16_t names;
};
static_assert(sizeof(FileHeader) == elf::kHeaderSize);

// Segment is an Elf64_Phdr.
struct Segment {
  std::uint32_t type;
  std::uint32_t flags;
  std::uint64_t offset;
  std::uint64_t address;
  std::uint64_t physical_address;
  std::uint64_t file_size;
  std::uint64_t memory_size;
  std::uint64_t alignment;
};
static_assert(sizeof(Segment) == elf::kProgramHeaderSize);

// kMostSegments is how many a file may have that is read here; linkers make about ten.
inline constexpr std::size_t kMostSegments = 64;

// Fact is an Elf64_auxv_t (getauxval(3)).
struct Fact {
  std::uint64_t type;
  std::uint64_t value;
};

// Types of facts, by the kernel's include/uapi/linux/auxvec.h.
inline constexpr std::uint64_t kLastFact = 0;         // AT_NULL
inline constexpr std::uint64_t kSegmentsFact = 3;     // AT_PHDR
inline constexpr std::uint64_t kSegmentFact = 4;      // AT_PHENT
inline constexpr std::uint64_t kCountFact = 5;        // AT_PHNUM
inline constexpr std::uint64_t kPageFact = 6;         // AT_PAGESZ
inline constexpr std::uint64_t kBaseFact = 7;         // AT_BASE
inline constexpr std::uint64_t kEntryFact = 9;        // AT_ENTRY
inline constexpr std::uint64_t kPrivilegedFact = 23;  // AT_SECURE

// pointer_to returns what lies at an address of this process.
template <typename T>
T* pointer_to(std::uint64_t address) noexcept {
  // NOLINTNEXTLINE(performance-no-int-to-ptr): the kernel gives numbers, and no pointer to begin at
  return reinterpret_cast<T*>(address);
}

}  // namespace signedvfs::first_stage
