// The few numbers of ELF that are read here: System V gABI, chapters 4 and 5; Linux Standard Base,
// "Symbol Versioning"; glibc's elf.h, whose names are kept. 64-bit, little-endian objects only.
#pragma once

#include <cstddef>
#include <cstdint>

namespace signedvfs::elf {

inline constexpr std::size_t kHeaderSize = 64;         // Elf64_Ehdr
inline constexpr std::size_t kProgramHeaderSize = 56;  // Elf64_Phdr
inline constexpr std::size_t kSectionHeaderSize = 64;  // Elf64_Shdr
inline constexpr std::size_t kDynamicSize = 16;        // Elf64_Dyn
inline constexpr std::size_t kVerneedSize = 16;        // Elf64_Verneed
inline constexpr std::size_t kVernauxSize = 16;        // Elf64_Vernaux
inline constexpr std::size_t kSymbolSize = 24;         // Elf64_Sym

inline constexpr std::uint32_t kMagic = 0x464c457f;  // "\177ELF"
inline constexpr std::uint8_t kClass32 = 1;
inline constexpr std::uint8_t kClass64 = 2;
inline constexpr std::uint8_t kLittleEndian = 1;
inline constexpr std::uint8_t kBigEndian = 2;
inline constexpr std::uint8_t kVersion = 1;
inline constexpr std::uint8_t kOsSystemV = 0;
inline constexpr std::uint8_t kOsGnu = 3;

// e_type
inline constexpr std::uint16_t kTypeRelocatable = 1;
inline constexpr std::uint16_t kTypeExecutable = 2;
inline constexpr std::uint16_t kTypeShared = 3;
inline constexpr std::uint16_t kTypeCore = 4;

// e_phnum where the true number stands elsewhere
inline constexpr std::uint16_t kManyProgramHeaders = 0xffff;

// p_type
inline constexpr std::uint32_t kLoad = 1;
inline constexpr std::uint32_t kDynamic = 2;
inline constexpr std::uint32_t kInterpreter = 3;
inline constexpr std::uint32_t kNote = 4;
inline constexpr std::uint32_t kProgramHeaders = 6;
inline constexpr std::uint32_t kStack = 0x6474e551;

// kOwnInterpreter is ours, among the types that are left to systems (PT_LOOS to PT_HIOS): what the
// program's own first stage takes for kInterpreter, and no kernel and no linker knows.
inline constexpr std::uint32_t kOwnInterpreter = 0x60535646;

// p_flags
inline constexpr std::uint32_t kExecutable = 1;
inline constexpr std::uint32_t kWritable = 2;
inline constexpr std::uint32_t kReadable = 4;

// e_shnum and e_shstrndx from which on the true number stands elsewhere
inline constexpr std::uint16_t kManySections = 0xff00;

// sh_type
inline constexpr std::uint32_t kSectionUnused = 0;
inline constexpr std::uint32_t kSectionContent = 1;  // SHT_PROGBITS
inline constexpr std::uint32_t kSectionStrings = 3;
inline constexpr std::uint32_t kSectionNoContent = 8;  // SHT_NOBITS

// sh_flags
inline constexpr std::uint64_t kSectionWritable = 1;
inline constexpr std::uint64_t kSectionLoaded = 2;  // SHF_ALLOC
inline constexpr std::uint64_t kSectionExecutable = 4;

// d_tag
inline constexpr std::uint64_t kNull = 0;
inline constexpr std::uint64_t kNeeded = 1;
inline constexpr std::uint64_t kHashTable = 4;
inline constexpr std::uint64_t kStringTable = 5;
inline constexpr std::uint64_t kSymbolTable = 6;
inline constexpr std::uint64_t kStringSize = 10;
inline constexpr std::uint64_t kSymbolEntrySize = 11;
inline constexpr std::uint64_t kSoname = 14;
inline constexpr std::uint64_t kRpath = 15;
inline constexpr std::uint64_t kTextRelocations = 22;
inline constexpr std::uint64_t kRunpath = 29;
inline constexpr std::uint64_t kFlags = 30;
inline constexpr std::uint64_t kDepAudit = 0x6ffffefb;
inline constexpr std::uint64_t kAudit = 0x6ffffefc;
inline constexpr std::uint64_t kFlags1 = 0x6ffffffb;
inline constexpr std::uint64_t kVerneed = 0x6ffffffe;
inline constexpr std::uint64_t kVerneedCount = 0x6fffffff;
inline constexpr std::uint64_t kAuxiliary = 0x7ffffffd;
inline constexpr std::uint64_t kFilter = 0x7fffffff;

// DT_FLAGS, DT_FLAGS_1
inline constexpr std::uint64_t kFlagTextRelocations = 4;
inline constexpr std::uint64_t kFlagNoOpen = 0x40;
inline constexpr std::uint64_t kFlagProgram = 0x08000000;  // DF_1_PIE

// vn_version; vna_flags
inline constexpr std::uint16_t kVerneedVersion = 1;
inline constexpr std::uint16_t kWeak = 2;

}  // namespace signedvfs::elf
