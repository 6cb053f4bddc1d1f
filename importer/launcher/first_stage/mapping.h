// The dynamic linker in the process, as if the kernel had mapped it. Private to first_stage/.
#pragma once

#include <cstddef>
#include <cstdint>

#include "archive/os/raw_system_calls.h"
#include "importer/launcher/first_stage/image.h"
#include "importer/launcher/first_stage/records.h"

#ifdef SIGNEDVFS_RAW_SYSTEM_CALLS

namespace signedvfs::first_stage {

#if defined(__x86_64__)
inline constexpr std::uint16_t kMachine = 62;  // EM_X86_64
#else
inline constexpr std::uint16_t kMachine = 183;  // EM_AARCH64
#endif

inline constexpr Fault kNotMapped = "cannot be mapped";

// Mapped is where it is.
struct Mapped {
  std::uint64_t base = 0;  // what its addresses count from
  std::uint64_t entry = 0;
};

inline int protection_of(const Segment& segment) noexcept {
  return ((segment.flags & elf::kReadable) != 0 ? raw::kReadable : 0) |
         ((segment.flags & elf::kWritable) != 0 ? raw::kWritable : 0) |
         ((segment.flags & elf::kExecutable) != 0 ? raw::kExecutable : 0);
}

// map_at maps exactly there, over what is reserved.
inline bool map_at(std::uint64_t address, std::uint64_t size, int protection, int flags,
                   long descriptor, std::uint64_t offset) noexcept {
  const long got =
      raw::map(address, size, protection, raw::kPrivate | raw::kFixed | flags, descriptor, offset);
  return got == static_cast<long>(address);
}

// reserve finds room for an image, and returns its base; 0 where there is none.
inline std::uint64_t reserve(const Image& image, std::uint64_t page) noexcept {
  const std::uint64_t size = image.end - image.begin;
  const std::uint64_t more = image.alignment - page;  // of which a part is given back
  const long got =
      raw::map(0, size + more, 0, raw::kPrivate | raw::kAnonymous | raw::kNoReserve, -1, 0);
  if (got <= 0) return 0;
  const auto begin = static_cast<std::uint64_t>(got);
  // As aligned as the addresses in the file are.
  const std::uint64_t shift = (image.begin - begin) & (image.alignment - 1);
  if (shift != 0 && !raw::unmap(begin, shift)) return 0;
  if (more != shift && !raw::unmap(begin + shift + size, more - shift)) return 0;
  return begin + shift - image.begin;
}

inline bool map_segment(const Segment& one, std::uint64_t base, std::uint64_t page,
                        long descriptor) noexcept {
  const std::uint64_t begin = base + page_floor(one.address, page);
  const std::uint64_t file_end = base + one.address + one.file_size;
  const std::uint64_t end = page_ceiling(base + one.address + one.memory_size, page);
  std::uint64_t mapped = begin;
  if (one.file_size > 0) {
    mapped = page_ceiling(file_end, page);
    const std::uint64_t before = one.address % page;
    if (!map_at(begin, file_end - begin, protection_of(one), 0, descriptor, one.offset - before)) {
      return false;
    }
    if (one.memory_size > one.file_size) {
      for (std::uint64_t at = file_end; at < mapped; ++at) *pointer_to<char>(at) = 0;
    }
  }
  return mapped >= end || map_at(mapped, end - mapped, protection_of(one), raw::kAnonymous, -1, 0);
}

inline Fault map_file(long descriptor, std::uint64_t page, Mapped& out) noexcept {
  FileHeader header;
  Segment segments[kMostSegments];
  const long size = raw::size_of(descriptor);
  if (size <= 0) return "is no file with content";
  if (!raw::read_at(descriptor, &header, sizeof(header), 0)) return "cannot be read";
  if (const Fault fault = check_header(header, kMachine); fault != nullptr) return fault;
  if (!raw::read_at(descriptor, segments, header.segments * sizeof(Segment), header.segments_at)) {
    return "is cut short";
  }
  Image image;
  if (const Fault fault = check_segments(segments, header.segments, header.entry, page,
                                         static_cast<std::uint64_t>(size), image);
      fault != nullptr) {
    return fault;
  }
  out.base = reserve(image, page);
  if (out.base == 0) return kNotMapped;
  for (const Segment* one = segments; one != segments + header.segments; ++one) {
    if (one->type != elf::kLoad || one->memory_size == 0) continue;
    if (!map_segment(*one, out.base, page, descriptor)) return kNotMapped;
  }
  out.entry = out.base + header.entry;
  return nullptr;
}

// map_linker maps the file at `path`, for a machine with such pages.
inline Fault map_linker(const char* path, std::uint64_t page, Mapped& out) noexcept {
  const long descriptor = raw::open_for_reading(path);
  if (descriptor < 0) return "cannot be opened";
  const Fault fault = map_file(descriptor, page, out);
  raw::close(descriptor);
  return fault;
}

}  // namespace signedvfs::first_stage

#endif
