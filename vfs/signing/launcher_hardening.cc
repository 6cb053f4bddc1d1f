#include "vfs/signing/launcher_hardening.h"

#include <optional>
#include <string>

#include "archive/base/byte_cursor.h"
#include "archive/elf/format.h"

namespace signedvfs {
namespace {

constexpr std::string_view kMagic = "SVFSTART";
constexpr std::size_t kEntryAt = 24;  // e_entry

Status no_start(const std::string& why) { return {Errc::kUsage, why}; }

// Header is what is used of an Elf64_Ehdr, which SectionTable has checked.
struct Header {
  std::uint64_t entry = 0;
  std::uint64_t segments_at = 0;
  std::uint16_t segments = 0;
};

Header read_header(std::span<const std::byte> file) {
  ByteCursor cursor(file);
  Header header;
  cursor.take(kEntryAt);
  header.entry = cursor.u64();
  header.segments_at = cursor.u64();
  cursor.take(16);  // e_shoff, e_flags, e_ehsize, e_phentsize
  header.segments = cursor.u16();
  return header;
}

std::uint32_t type_at(std::span<const std::byte> file, std::uint64_t at) {
  return ByteCursor(file.subspan(at)).u32();
}

// linker_header returns where the one program header is that names the dynamic linker.
std::optional<std::uint64_t> linker_header(std::span<const std::byte> file, const Header& header) {
  std::optional<std::uint64_t> found;
  for (std::size_t i = 0; i < header.segments; ++i) {
    const std::uint64_t at = header.segments_at + i * elf::kProgramHeaderSize;
    const std::uint32_t type = type_at(file, at);
    if (type != elf::kInterpreter && type != elf::kOwnInterpreter) continue;
    if (found) return std::nullopt;
    found = at;
  }
  return found;
}

void put(std::span<std::byte> bytes, std::uint64_t at, std::uint64_t number, std::size_t width) {
  for (std::size_t i = 0; i < width; ++i) {
    bytes[at + i] = static_cast<std::byte>(number >> (8 * i) & 0xff);
  }
}

}  // namespace

Result<LauncherStart> LauncherStart::read(std::span<const std::byte> launcher,
                                          const elf::SectionTable& table) {
  const Result<elf::Section> found = table.find(kStartSectionName);
  if (!found.ok()) return no_start("it has no first stage: " + found.status().what());
  if (found->type != elf::kSectionContent || found->size != kStartSectionSize) {
    return no_start("its section " + in_quotes(kStartSectionName) + " is not as it has to be");
  }
  ByteCursor cursor(launcher.subspan(found->offset, found->size));
  if (cursor.text(kMagic.size()) != kMagic) {
    return no_start("its section " + in_quotes(kStartSectionName) + " does not begin as it has to");
  }
  LauncherStart out;
  out.own_entry_ = found->address + cursor.u64();
  out.usual_entry_ = found->address + cursor.u64();

  const Header header = read_header(launcher);
  const auto linker = linker_header(launcher, header);
  if (!linker) return no_start("it does not name one dynamic linker in its program headers");
  out.type_at_ = *linker;
  out.is_hardened_ = type_at(launcher, *linker) == elf::kOwnInterpreter;
  if (header.entry != (out.is_hardened_ ? out.own_entry_ : out.usual_entry_)) {
    return no_start("it begins where it should not by its program headers");
  }
  return out;
}

void LauncherStart::write(std::span<std::byte> launcher, bool hardened) const noexcept {
  put(launcher, type_at_, hardened ? elf::kOwnInterpreter : elf::kInterpreter,
      sizeof(std::uint32_t));
  put(launcher, kEntryAt, hardened ? own_entry_ : usual_entry_, sizeof(std::uint64_t));
}

}  // namespace signedvfs
