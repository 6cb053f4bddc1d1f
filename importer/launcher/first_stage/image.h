// The dynamic linker's file, as the kernel would map it (fs/binfmt_elf.c, load_elf_interp): whether
// it can be, and which addresses it takes. Private to first_stage/; makes no system call.
#pragma once

#include <cstddef>
#include <cstdint>

#include "importer/launcher/first_stage/records.h"

namespace signedvfs::first_stage {

// Each check_ function returns what is wrong, or null.
using Fault = const char*;

// Image is where the segments of a file lie, from address 0 on.
struct Image {
  std::uint64_t begin = 0;  // a page's
  std::uint64_t end = 0;    // a page's
  std::uint64_t alignment = 0;
};

inline constexpr std::uint64_t kMostMemory = std::uint64_t{1} << 30;  // linkers take 256 KiB
inline constexpr std::uint64_t kMostAlignment = std::uint64_t{1} << 26;

inline std::uint64_t page_floor(std::uint64_t address, std::uint64_t page) noexcept {
  return address & ~(page - 1);
}

inline std::uint64_t page_ceiling(std::uint64_t address, std::uint64_t page) noexcept {
  return page_floor(address + page - 1, page);
}

inline bool is_power_of_two(std::uint64_t number) noexcept {
  return number != 0 && (number & (number - 1)) == 0;
}

inline Fault check_header(const FileHeader& header, std::uint16_t machine) noexcept {
  if (header.magic != elf::kMagic || header.file_class != elf::kClass64 ||
      header.byte_order != elf::kLittleEndian || header.ident_version != elf::kVersion ||
      header.version != elf::kVersion) {
    return "is no ELF file of this kind of machine";
  }
  if (header.machine != machine) return "is for another machine";
  if (header.type != elf::kTypeShared) return "is no shared object";
  if (header.segment_size != sizeof(Segment) || header.segments == 0 ||
      header.segments > kMostSegments) {
    return "has program headers that cannot be read";
  }
  return nullptr;
}

// check_segment looks at one that is loaded; `from` is the first address that it may take.
inline Fault check_segment(const Segment& one, std::uint64_t from, std::uint64_t page,
                           std::uint64_t file_size) noexcept {
  if (one.file_size > one.memory_size || one.memory_size > kMostMemory ||
      one.address > kMostMemory) {
    return "has a segment that is too large";
  }
  if (one.offset > file_size || one.file_size > file_size - one.offset) return "is cut short";
  if (page_floor(one.address, page) < from || one.address % page != one.offset % page ||
      (one.alignment > 1 && !is_power_of_two(one.alignment)) || one.alignment > kMostAlignment) {
    return "has segments that cannot be mapped";
  }
  if (one.memory_size > one.file_size && (one.flags & elf::kWritable) == 0) {
    return "has a read-only segment that is not all in the file";
  }
  return nullptr;
}

// check_segments finds out where the file's segments lie, and that `entry` is code in one of them.
inline Fault check_segments(const Segment* segments, std::size_t count, std::uint64_t entry,
                            std::uint64_t page, std::uint64_t file_size, Image& image) noexcept {
  bool has_entry = false;
  image.alignment = page;
  for (const Segment* one = segments; one != segments + count; ++one) {
    if (one->type != elf::kLoad || one->memory_size == 0) continue;
    if (const Fault fault = check_segment(*one, image.end, page, file_size); fault != nullptr) {
      return fault;
    }
    if (image.end == 0) image.begin = page_floor(one->address, page);
    image.end = page_ceiling(one->address + one->memory_size, page);
    if (one->alignment > image.alignment) image.alignment = one->alignment;
    if ((one->flags & elf::kExecutable) != 0 && entry >= one->address &&
        entry - one->address < one->file_size) {
      has_entry = true;
    }
  }
  return has_entry ? nullptr : "does not begin in its code";
}

}  // namespace signedvfs::first_stage
