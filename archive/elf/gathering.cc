#include "archive/elf/gathering.h"

#include <string_view>
#include <vector>

#include "archive/elf/format.h"

namespace signedvfs {
namespace {

// No machine has larger pages (`largest_page`).
constexpr std::uint64_t kAlign = 0x10000;
constexpr std::uint64_t kWord = 8;
constexpr std::uint64_t kHeaders = 3;
constexpr std::uint64_t kHashWords = 4;

// What the file has, one behind the other. Addresses are offsets in the file.
constexpr std::uint64_t kSymbolsAt = elf::kHeaderSize + kHeaders * elf::kProgramHeaderSize;
constexpr std::uint64_t kHashAt = kSymbolsAt + elf::kSymbolSize;
constexpr std::uint64_t kStringsAt = kHashAt + kHashWords * 4;

// segment is an Elf64_Phdr.
void segment(ByteBuilder& file, std::uint32_t type, std::uint64_t at, std::uint64_t size,
             std::uint64_t align) {
  // glibc writes addresses into the dynamic section (elf/get-dynamic-info.h).
  file.u32(type).u32(elf::kReadable | elf::kWritable);
  file.u64(at).u64(at).u64(at).u64(size).u64(size).u64(align);
}

}  // namespace

ByteBuilder gathering_object(std::span<const std::string> needed, Machine machine,
                             std::uint32_t machine_flags, const std::string& name) {
  std::string strings(1, '\0');
  ByteBuilder dynamic;
  const auto entry = [&](std::uint64_t tag, const std::string& text) {
    dynamic.u64(tag).u64(strings.size());
    strings.append(text).push_back('\0');
  };
  for (const std::string& other : needed) entry(elf::kNeeded, other);
  if (!name.empty()) entry(elf::kSoname, name);
  while ((kStringsAt + strings.size()) % kWord != 0) strings.push_back('\0');
  dynamic.u64(elf::kHashTable).u64(kHashAt);
  dynamic.u64(elf::kStringTable).u64(kStringsAt);
  dynamic.u64(elf::kSymbolTable).u64(kSymbolsAt);
  dynamic.u64(elf::kStringSize).u64(strings.size());
  dynamic.u64(elf::kSymbolEntrySize).u64(elf::kSymbolSize);
  dynamic.u64(elf::kNull).u64(0);
  const std::uint64_t dynamic_at = kStringsAt + strings.size();
  const std::uint64_t size = dynamic_at + dynamic.size();

  ByteBuilder file;
  file.u32(elf::kMagic).text(std::string_view("\2\1\1\0\0\0\0\0\0\0\0\0", 12));
  file.u16(elf::kTypeShared).u16(machine).u32(elf::kVersion);
  file.u64(0).u64(elf::kHeaderSize).u64(0);  // no entry, no sections
  file.u32(machine_flags).u16(elf::kHeaderSize);
  file.u16(elf::kProgramHeaderSize).u16(kHeaders).u16(0).u16(0).u16(0);
  segment(file, elf::kLoad, 0, size, kAlign);
  segment(file, elf::kDynamic, dynamic_at, dynamic.size(), kWord);
  segment(file, elf::kStack, 0, 0, 0);
  // The first symbol is none. The hash table has one chain, which ends there.
  file.u64(0).u64(0).u64(0);
  file.u32(1).u32(1).u32(0).u32(0);
  file.text(strings).text(text_of(dynamic.bytes()));
  return file;
}

}  // namespace signedvfs
