// The beginning of a launcher: the C library's by way of the dynamic linker, or the launcher's own
// first stage in front of both (importer/launcher/first_stage).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "archive/base/status.h"
#include "archive/elf/sections.h"

namespace signedvfs {

// kStartSectionName is the section in which a launcher says where both begin: "SVFSTART", and then
// two distances from the section's own address, little-endian and with a sign, of the first stage
// and of what begins otherwise. A launcher for a machine that has no first stage has no such
// section.
inline constexpr std::string_view kStartSectionName = ".svfs_start";
inline constexpr std::size_t kStartSectionSize = 24;

// LauncherStart is how the ELF file that a program begins with says what is started.
//
// The kernel runs what e_entry says where no program header is PT_INTERP; then it maps nothing but
// the program. A hardened launcher has a type of our own (elf::kOwnInterpreter) in that header's
// place, and its first stage in e_entry.
class LauncherStart {
 public:
  // read finds these places in `launcher`, which begins with the ELF file of `table`. Fails with
  // `kUsage`, in words about "it", where it has no first stage, or begins neither way.
  static Result<LauncherStart> read(std::span<const std::byte> launcher,
                                    const elf::SectionTable& table);

  bool is_hardened() const noexcept { return is_hardened_; }

  // write has `launcher`, of which this was read, begin the one way or the other.
  void write(std::span<std::byte> launcher, bool hardened) const noexcept;

 private:
  std::uint64_t type_at_ = 0;  // p_type of the header that names the dynamic linker
  std::uint64_t usual_entry_ = 0;
  std::uint64_t own_entry_ = 0;
  bool is_hardened_ = false;
};

}  // namespace signedvfs
