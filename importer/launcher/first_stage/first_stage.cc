// What the kernel starts in place of a dynamic linker: it takes out of the environment what would
// have the linker load or choose code, and then does what the kernel does for PT_INTERP.
//
// It runs before this program is relocated, and without a C library: it may use no table of
// pointers, no thread-local variable and no function of another file. check_object.py looks at what
// the compiler has made of it.
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC optimize("no-tree-loop-distribute-patterns")  // loops stay, and become no memset
#endif
#include "importer/launcher/first_stage/first_stage.h"

#include <cstddef>
#include <cstdint>

#include "archive/elf/format.h"
#include "archive/os/raw_system_calls.h"
#include "importer/launcher/first_stage/mapping.h"
#include "importer/launcher/first_stage/records.h"
#include "importer/launcher/first_stage/start_stack.h"

namespace {

// Set before the linker runs, which makes it read-only with what is relocated (RELRO); volatile,
// since no compiler sees who sets it.
[[gnu::section(".data.rel.ro.signedvfs_first_stage")]] volatile unsigned char came_through = 0;

}  // namespace

namespace signedvfs {

bool came_through_first_stage() noexcept { return came_through != 0; }

}  // namespace signedvfs

#ifdef SIGNEDVFS_RAW_SYSTEM_CALLS

// Where the program is and begins, for whoever hardens it (launcher_hardening.h): distances from
// the section's beginning, little-endian. And the entry point, which hands on what the kernel has
// left, the stack pointer and the register that is zero then (System V psABI, "Process
// Initialization"), and leaves to the linker the same.
#if defined(__x86_64__)
#define SIGNEDVFS_ENTRY          \
  "endbr64\n"                    \
  "xorl %ebp, %ebp\n"            \
  "movq %rsp, %rbx\n"            \
  "movq %rsp, %rdi\n"            \
  "movq %rdx, %rsi\n"            \
  "andq $-16, %rsp\n"            \
  "call signedvfs_first_stage\n" \
  "movq %rbx, %rsp\n"            \
  "xorl %ebx, %ebx\n"            \
  "xorl %edx, %edx\n"            \
  "jmpq *%rax\n"
#define SIGNEDVFS_NO_CALLER ".cfi_undefined rip\n"
#else
#define SIGNEDVFS_ENTRY        \
  "hint #34\n" /* bti c */     \
  "mov x29, #0\n"              \
  "mov x30, #0\n"              \
  "mov x19, sp\n"              \
  "mov x1, x0\n"               \
  "mov x0, sp\n"               \
  "bl signedvfs_first_stage\n" \
  "mov sp, x19\n"              \
  "mov x16, x0\n"              \
  "mov x19, #0\n"              \
  "mov x30, #0\n"              \
  "mov x0, #0\n"               \
  "br x16\n"
#define SIGNEDVFS_NO_CALLER ".cfi_undefined x30\n"
#endif

asm(".pushsection .svfs_start, \"a\", %progbits\n"
    ".balign 16\n"
    ".hidden signedvfs_start_section\n"
    ".globl signedvfs_start_section\n"
    "signedvfs_start_section:\n"
    ".Lsignedvfs_start:\n"
    ".ascii \"SVFSTART\"\n"
    ".quad signedvfs_hardened_start - .Lsignedvfs_start\n"
    ".quad _start - .Lsignedvfs_start\n"
    ".popsection\n"
    ".pushsection .text.signedvfs_hardened_start, \"ax\", %progbits\n"
    ".balign 16\n"
    ".hidden signedvfs_hardened_start\n"
    ".globl signedvfs_hardened_start\n"
    ".type signedvfs_hardened_start, %function\n"
    "signedvfs_hardened_start:\n"
    ".cfi_startproc\n" SIGNEDVFS_NO_CALLER SIGNEDVFS_ENTRY
    ".cfi_endproc\n"
    ".size signedvfs_hardened_start, . - signedvfs_hardened_start\n"
    ".popsection\n");

#undef SIGNEDVFS_ENTRY
#undef SIGNEDVFS_NO_CALLER

// Where the program begins if no first stage does: the C library's.
extern "C" [[gnu::visibility("hidden")]] void _start();

namespace signedvfs::first_stage {
namespace {

constexpr int kRefusedStatus = 126;  // importer/launcher/refusing.h

raw::Part part_of(const char* text) noexcept { return {text, length_of(text)}; }

// refuse ends the process with one line, which the texts make together.
[[noreturn]] void refuse(const StartStack& stack, const char* what, const char* name = "",
                         const char* quote = "", const char* fault = "",
                         const char* advice = "") noexcept {
  const raw::Part parts[] = {part_of(stack.program == nullptr ? "application" : stack.program),
                             part_of(": refused: "),
                             part_of(what),
                             part_of(name),
                             part_of(quote),
                             part_of(fault),
                             part_of(advice),
                             part_of("\n")};
  raw::write_error(parts, sizeof(parts) / sizeof(parts[0]));
  raw::end(kRefusedStatus);
}

// Own is this program, as the kernel has mapped it.
struct Own {
  const Segment* segments = nullptr;
  std::size_t count = 0;
  std::uint64_t page = 0;
  std::uint64_t base = 0;
  const Segment* linker = nullptr;  // the one that names the dynamic linker
};

std::uint64_t value_of(const StartStack& stack, std::uint64_t type) noexcept {
  const Fact* const fact = find(stack.facts, type);
  if (fact == nullptr) refuse(stack, "the kernel does not say how it has started the program");
  return fact->value;
}

Own find_own(const StartStack& stack) noexcept {
  Own own;
  own.segments = pointer_to<const Segment>(value_of(stack, kSegmentsFact));
  own.count = value_of(stack, kCountFact);
  own.page = value_of(stack, kPageFact);
  if (own.segments == nullptr || value_of(stack, kSegmentFact) != sizeof(Segment) ||
      own.count > kMostSegments || !is_power_of_two(own.page)) {
    refuse(stack, "the kernel says of the program what cannot be");
  }
  const Segment* table = nullptr;
  for (const Segment* one = own.segments; one != own.segments + own.count; ++one) {
    if (one->type == elf::kProgramHeaders) table = one;
    if (one->type == elf::kOwnInterpreter) own.linker = one;
  }
  if (table == nullptr || own.linker == nullptr) {
    refuse(stack, "the program's own headers do not name its dynamic linker. Build it anew.");
  }
  own.base = reinterpret_cast<std::uint64_t>(own.segments) - table->address;
  return own;
}

// is_loaded tells whether `size` bytes of the program's file are in memory from there on.
bool is_loaded(const Own& own, std::uint64_t address, std::uint64_t size) noexcept {
  for (const Segment* one = own.segments; one != own.segments + own.count; ++one) {
    if (one->type == elf::kLoad && address >= one->address && size <= one->file_size &&
        address - one->address <= one->file_size - size) {
      return true;
    }
  }
  return false;
}

const char* linker_path(const StartStack& stack, const Own& own) noexcept {
  const std::uint64_t size = own.linker->file_size;
  const auto* const path = pointer_to<const char>(own.base + own.linker->address);
  if (size < 2 || !is_loaded(own, own.linker->address, size) || path[0] != '/' ||
      path[size - 1] != '\0') {
    refuse(stack,
           "the program does not name its dynamic linker by an absolute path. Build it anew.");
  }
  return path;
}

// copy_segments returns read-only program headers for the dynamic linker, which name it as usual.
// Those of the program stay as they are in its file, since debuggers compare both. The linker finds
// the program by the distance of its headers from where they say that they are.
const Segment* copy_segments(const StartStack& stack, const Own& own) noexcept {
  const std::uint64_t size = page_ceiling(own.count * sizeof(Segment), own.page);
  const long got =
      raw::map(0, size, raw::kReadable | raw::kWritable, raw::kPrivate | raw::kAnonymous, -1, 0);
  if (got <= 0) refuse(stack, "there is no memory");
  const auto at = static_cast<std::uint64_t>(got);
  auto* to = pointer_to<Segment>(at);
  for (const Segment* from = own.segments; from != own.segments + own.count; ++from, ++to) {
    *to = *from;
    if (from == own.linker) to->type = elf::kInterpreter;
    if (from->type == elf::kProgramHeaders) to->address = at - own.base;
  }
  if (!raw::protect(at, size, raw::kReadable)) refuse(stack, "its memory cannot be made read-only");
  return pointer_to<const Segment>(at);
}

}  // namespace
}  // namespace signedvfs::first_stage

// signedvfs_first_stage returns where the linker begins, for a process that the kernel has started
// with the stack at `words`. `left` is zero then, and the address of a function where a dynamic
// linker has started the program.
extern "C" [[gnu::visibility("hidden"), gnu::used]] std::uint64_t signedvfs_first_stage(
    std::uintptr_t* words, std::uint64_t left) noexcept {
  using namespace signedvfs;
  using namespace signedvfs::first_stage;
  StartStack stack = read_start_stack(words);
  if (stack.facts == nullptr) refuse(stack, "it was started with arguments that have no end");
  if (left != 0) {
    refuse(stack,
           "a dynamic linker was told to start it, and whatever else. Start the file itself.");
  }
  if (value_of(stack, kPrivilegedFact) != 0) {
    refuse(stack,
           "the program has more rights than whoever starts it (set-user-ID, set-group-ID or file "
           "capabilities). Take them off the file, and start it by a program that was made for "
           "that.");
  }
  scrub(stack);
  const Own own = find_own(stack);
  const char* const path = linker_path(stack, own);
  Fact* const base = find(stack.facts, kBaseFact);
  Fact* const entry = find(stack.facts, kEntryFact);
  Fact* const segments = find(stack.facts, kSegmentsFact);
  if (base == nullptr || entry == nullptr || segments == nullptr) {
    refuse(stack, "the kernel does not say how it has started the program");
  }
  Mapped linker;
  if (const Fault fault = map_linker(path, own.page, linker); fault != nullptr) {
    refuse(stack, "the dynamic linker '", path, "' ", fault,
           ". Install the C library's package that has it.");
  }
  segments->value = reinterpret_cast<std::uint64_t>(copy_segments(stack, own));
  base->value = linker.base;
  entry->value = reinterpret_cast<std::uint64_t>(&_start);
  came_through = 1;
  return linker.entry;
}

#endif
