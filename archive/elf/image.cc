#include "archive/elf/image.h"

#include <algorithm>
#include <bit>
#include <optional>
#include <string>

#include "archive/base/byte_cursor.h"
#include "archive/elf/bad_library.h"
#include "archive/elf/format.h"

namespace signedvfs::elf {
namespace {

constexpr std::uint16_t kMostProgramHeaders = 256;
constexpr std::uint64_t kSmallestPage = 0x1000;
// No address space of a process reaches beyond this, so that sums of two addresses do not overflow.
constexpr std::uint64_t kHighest = std::uint64_t{1} << 56U;

Status another_machine(const std::string& is, Machine machine) {
  return bad_library("it is built for " + is + ", and not for " + machine_name(machine))
      .advising("Pack it for the machine that shall run it.");
}

// ProgramHeader is an Elf64_Phdr.
struct ProgramHeader {
  std::uint32_t type = 0;
  std::uint32_t flags = 0;
  std::uint64_t offset = 0;
  std::uint64_t address = 0;
  std::uint64_t file_size = 0;
  std::uint64_t memory_size = 0;
  std::uint64_t align = 0;
};

ProgramHeader read_program_header(std::span<const std::byte> record) {
  ByteCursor cursor(record);
  ProgramHeader header;
  header.type = cursor.u32();
  header.flags = cursor.u32();
  header.offset = cursor.u64();
  header.address = cursor.u64();
  cursor.take(8);  // p_paddr means nothing to a process
  header.file_size = cursor.u64();
  header.memory_size = cursor.u64();
  header.align = cursor.u64();
  return header;
}

// FileHeader is what is used of an Elf64_Ehdr.
struct FileHeader {
  std::uint64_t program_headers = 0;  // offset in the file
  std::uint32_t flags = 0;
  std::uint16_t count = 0;
};

// check_kind refuses what is another machine's or system's. `ident` is e_ident.
Status check_kind(std::span<const std::byte> ident, Machine type_of, Machine machine) {
  const auto byte = [&](std::size_t at) { return std::to_integer<std::uint8_t>(ident[at]); };
  const std::uint8_t width = byte(4);
  const std::uint8_t order = byte(5);
  if ((width != kClass32 && width != kClass64) || (order != kLittleEndian && order != kBigEndian)) {
    return bad_library("its ELF header has no class or byte order that is known");
  }
  if (machine == kNoMachine) {
    return bad_library("shared objects of this machine's kind are not read");
  }
  if (width != kClass64) return another_machine("a 32-bit machine", machine);
  if (order != kLittleEndian) return another_machine("a big-endian machine", machine);
  if (byte(6) != kVersion) return bad_library("its ELF header has another version than 1");
  if (byte(7) != kOsSystemV && byte(7) != kOsGnu) {
    return bad_library("it is built for another operating system than Linux");
  }
  // glibc refuses these, too: they may mean something one day.
  if (std::ranges::any_of(ident.subspan(9), [](std::byte one) { return one != std::byte{0}; })) {
    return bad_library("the unused bytes of its ELF header are not zero");
  }
  if (type_of != machine) return another_machine(machine_name(type_of), machine);
  return {};
}

Result<FileHeader> read_file_header(std::span<const std::byte> file, Machine machine) {
  if (ByteCursor(file).u32() != kMagic) return bad_library("it is no ELF file");
  ByteCursor cursor(file);
  const std::span<const std::byte> ident = cursor.take(16);
  const std::uint16_t type = cursor.u16();
  const Machine built_for = cursor.u16();
  const std::uint32_t version = cursor.u32();
  cursor.take(8);  // e_entry
  FileHeader header;
  header.program_headers = cursor.u64();
  cursor.take(8);  // e_shoff: the loader does not read sections
  header.flags = cursor.u32();
  cursor.take(2);  // e_ehsize
  const std::uint16_t size = cursor.u16();
  header.count = cursor.u16();
  cursor.take(6);  // e_shentsize, e_shnum, e_shstrndx
  if (!cursor.ok()) return bad_library("the file ends in its ELF header");

  SIGNEDVFS_TRY(check_kind(ident, built_for, machine));
  if (type != kTypeShared) {
    const bool known = type >= kTypeRelocatable && type <= kTypeCore;
    return bad_library(!known ? "it is no shared object"
                       : type == kTypeRelocatable
                           ? "it is an object file that has not been linked, no shared object"
                       : type == kTypeExecutable ? "it is a program, no shared object"
                                                 : "it is a core dump, no shared object");
  }
  if (version != kVersion) return bad_library("its ELF header has another version than 1");
  if (size != kProgramHeaderSize) {
    return bad_library("its program headers have another size than 56 bytes");
  }
  if (header.count == kManyProgramHeaders || header.count > kMostProgramHeaders) {
    return bad_library("it has more than " + std::to_string(kMostProgramHeaders) +
                       " program headers");
  }
  if (header.count == 0) return bad_library("it has no program headers");
  if (header.program_headers > file.size() ||
      header.count * kProgramHeaderSize > file.size() - header.program_headers) {
    return bad_library("its program headers lie outside the file");
  }
  return header;
}

// check_range refuses a segment whose bytes are not all in the file.
Status check_range(const ProgramHeader& header, std::uint64_t file_size, std::string_view kind) {
  if (header.file_size > file_size || header.offset > file_size - header.file_size) {
    return bad_library("a " + std::string(kind) +
                       " segment lies outside the file: it is cut short");
  }
  if (header.file_size > header.memory_size) {
    return bad_library("a " + std::string(kind) +
                       " segment has more bytes in the file than in memory");
  }
  if (header.address > kHighest || header.memory_size > kHighest) {
    return bad_library("a " + std::string(kind) + " segment has an address that no process has");
  }
  return {};
}

std::uint64_t page_of(std::uint64_t address, std::uint64_t page) { return address & ~(page - 1); }

// check_segments refuses PT_LOAD segments of which glibc would map one over another.
Status check_segments(std::span<const ProgramHeader> loads, Machine machine) {
  if (loads.empty()) return bad_library("it has no segment to load");
  // glibc refuses alignments below the kernel's page, so no page is larger than the smallest.
  std::uint64_t page = largest_page(machine);
  for (const ProgramHeader& load : loads) {
    if (!std::has_single_bit(load.align) || load.align < kSmallestPage) {
      return bad_library("a PT_LOAD segment is not aligned to pages");
    }
    if (((load.address - load.offset) & (load.align - 1)) != 0) {
      return bad_library(
          "a PT_LOAD segment's address and its place in the file do not fit together");
    }
    page = std::min(page, load.align);
  }
  std::uint64_t end = 0;
  for (const ProgramHeader& load : loads) {
    if (load.memory_size == 0) return bad_library("a PT_LOAD segment is empty");
    if (page_of(load.address, page) < end) {
      return bad_library("its PT_LOAD segments overlap, share a page, or do not ascend");
    }
    end = page_of(load.address + load.memory_size + page - 1, page);
  }
  return {};
}

}  // namespace

Result<Image> Image::read(std::span<const std::byte> file, Machine machine) {
  SIGNEDVFS_ASSIGN(const FileHeader header, read_file_header(file, machine));
  Image image;
  image.machine_flags_ = header.flags;
  std::vector<ProgramHeader> loads;
  std::optional<ProgramHeader> dynamic;
  bool stack_said = false;
  bool stack = false;
  const std::uint64_t table_size = header.count * kProgramHeaderSize;
  const std::span<const std::byte> table = file.subspan(header.program_headers, table_size);
  // glibc reads the headers, and notes with the ABI, from the file and not from memory.
  image.loaded_size_ = header.program_headers + table_size;
  for (std::size_t i = 0; i < header.count; ++i) {
    const auto one = read_program_header(table.subspan(i * kProgramHeaderSize, kProgramHeaderSize));
    switch (one.type) {
      case kLoad:
        SIGNEDVFS_TRY(check_range(one, file.size(), "PT_LOAD"));
        loads.push_back(one);
        break;
      case kDynamic:
        if (dynamic.has_value()) return bad_library("it has two PT_DYNAMIC segments");
        SIGNEDVFS_TRY(check_range(one, file.size(), "PT_DYNAMIC"));
        dynamic = one;
        break;
      case kNote:
        SIGNEDVFS_TRY(check_range(one, file.size(), "PT_NOTE"));
        break;
      case kStack:
        stack_said = true;
        stack = stack || (one.flags & kExecutable) != 0;
        break;
      default:
        continue;
    }
    if (one.type != kStack) {
      image.loaded_size_ = std::max(image.loaded_size_, one.offset + one.file_size);
    }
  }
  image.executable_stack_ = stack || !stack_said;
  SIGNEDVFS_TRY(check_segments(loads, machine));
  for (const ProgramHeader& load : loads) {
    image.pieces_.push_back({load.address, file.subspan(load.offset, load.file_size)});
  }
  if (!dynamic.has_value()) {
    return bad_library("it has no PT_DYNAMIC segment: it is linked statically");
  }
  image.dynamic_ = image.at(dynamic->address, dynamic->file_size);
  if (image.dynamic_.empty()) {
    return bad_library("its PT_DYNAMIC segment is empty, or not inside one PT_LOAD segment");
  }
  if (image.dynamic_.data() != file.data() + dynamic->offset) {
    return bad_library("its PT_DYNAMIC segment has an offset that contradicts its address");
  }
  return image;
}

std::optional<std::uint64_t> loaded_size_by(std::span<const std::byte> beginning, Machine machine) {
  const Result<FileHeader> header = read_file_header(beginning, machine);
  if (!header.ok()) return std::nullopt;
  std::uint64_t out = header->program_headers + header->count * kProgramHeaderSize;
  for (std::size_t i = 0; i < header->count; ++i) {
    const auto one = read_program_header(
        beginning.subspan(header->program_headers + i * kProgramHeaderSize, kProgramHeaderSize));
    if (one.type != kLoad && one.type != kDynamic && one.type != kNote) continue;
    if (one.file_size > kHighest || one.offset > kHighest) return std::nullopt;
    out = std::max(out, one.offset + one.file_size);
  }
  return out;
}

std::span<const std::byte> Image::from(std::uint64_t address) const noexcept {
  for (const Piece& piece : pieces_) {
    if (address >= piece.address && address - piece.address < piece.bytes.size()) {
      return piece.bytes.subspan(address - piece.address);
    }
  }
  return {};
}

std::span<const std::byte> Image::at(std::uint64_t address, std::uint64_t size) const noexcept {
  const std::span<const std::byte> found = from(address);
  return size > found.size() ? std::span<const std::byte>() : found.first(size);
}

}  // namespace signedvfs::elf
