// Which bytes of a shared object's file come to which address when it is loaded.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "archive/base/status.h"
#include "archive/elf/machine.h"

namespace signedvfs::elf {

// Piece is the part of a PT_LOAD segment that comes from the file.
struct Piece {
  std::uint64_t address = 0;         // where it is loaded, from the object's first address on
  std::span<const std::byte> bytes;  // of the file
};

// Image is a shared object as glibc maps it (elf/dl-load.c, elf/dl-map-segments.h). Borrows the
// file's bytes.
//
// It is made only where every address has one origin: segments ascend and share no page, so none is
// mapped over another one's content.
class Image {
 public:
  // read checks the file header and program headers. Fails with `kBadLibrary`.
  static Result<Image> read(std::span<const std::byte> file, Machine machine);

  // at returns the `size` bytes that are loaded to `address`, all of which come from the file and
  // one segment; nothing (of size 0) where that is not so.
  std::span<const std::byte> at(std::uint64_t address, std::uint64_t size) const noexcept;

  // from returns all bytes from `address` to the end of its segment's file part.
  std::span<const std::byte> from(std::uint64_t address) const noexcept;

  // dynamic is the file part of PT_DYNAMIC: never empty, and in the place that its address says.
  std::span<const std::byte> dynamic() const noexcept { return dynamic_; }

  // loaded_size is how many of the file's first bytes the loader reads or maps.
  std::uint64_t loaded_size() const noexcept { return loaded_size_; }

  // needs_executable_stack is whether loading it makes the stacks of the process executable:
  // PT_GNU_STACK says so, or is missing.
  bool needs_executable_stack() const noexcept { return executable_stack_; }

  // machine_flags is e_flags of the file header, whose meaning each machine has its own.
  std::uint32_t machine_flags() const noexcept { return machine_flags_; }

 private:
  std::vector<Piece> pieces_;
  std::span<const std::byte> dynamic_;
  std::uint64_t loaded_size_ = 0;
  std::uint32_t machine_flags_ = 0;
  bool executable_stack_ = true;
};

// loaded_size_by returns what `Image::loaded_size` would be of a file that begins with `beginning`,
// as far as that says so; nothing checks it.
std::optional<std::uint64_t> loaded_size_by(std::span<const std::byte> beginning, Machine machine);

}  // namespace signedvfs::elf
