#include "archive/os/late_symbols.h"

#include <dlfcn.h>
#include <link.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "archive/os/system_error.h"

namespace signedvfs {
namespace {

#if defined(__x86_64__)
constexpr std::uint64_t kWholeAddress = R_X86_64_64;
constexpr std::uint64_t kTableEntry = R_X86_64_GLOB_DAT;
constexpr std::uint64_t kCallEntry = R_X86_64_JUMP_SLOT;
#elif defined(__aarch64__)
constexpr std::uint64_t kWholeAddress = R_AARCH64_ABS64;
constexpr std::uint64_t kTableEntry = R_AARCH64_GLOB_DAT;
constexpr std::uint64_t kCallEntry = R_AARCH64_JUMP_SLOT;
#else
#define SIGNEDVFS_NO_LATE_SYMBOLS  // of other machines the kinds of relocations are not known here
constexpr std::uint64_t kWholeAddress = 0, kTableEntry = 0, kCallEntry = 0;
#endif

// Tables are those of the program, as the dynamic linker has mapped them.
struct Tables {
  ElfW(Addr) base = 0;
  std::span<const ElfW(Phdr)> segments;
  const ElfW(Sym) * symbols = nullptr;
  const char* strings = nullptr;
  std::span<const ElfW(Rela)> data;
  std::span<const ElfW(Rela)> calls;
};

template <class Record>
const Record* record_at(const Tables& tables, ElfW(Addr) address) noexcept {
  // The linker has made some of them addresses, and left others as they are in the file.
  return std::bit_cast<const Record*>(address < tables.base ? tables.base + address : address);
}

// read_tables stops at the first object, which is the program.
int read_tables(dl_phdr_info* object, std::size_t, void* data) noexcept {
  auto& out = *static_cast<Tables*>(data);
  out.base = object->dlpi_addr;
  out.segments = {object->dlpi_phdr, object->dlpi_phnum};
  const auto found = std::find_if(out.segments.begin(), out.segments.end(),
                                  [](const auto& one) { return one.p_type == PT_DYNAMIC; });
  if (found == out.segments.end()) return 1;
  const ElfW(Rela)* data_records = nullptr;
  const ElfW(Rela)* call_records = nullptr;
  std::size_t data_size = 0;
  std::size_t call_size = 0;
  std::size_t without_symbol = 0;
  const auto* at = std::bit_cast<const ElfW(Dyn)*>(out.base + found->p_vaddr);
  for (; at->d_tag != DT_NULL; ++at) {
    const ElfW(Addr) value = at->d_un.d_ptr;
    if (at->d_tag == DT_SYMTAB) out.symbols = record_at<ElfW(Sym)>(out, value);
    if (at->d_tag == DT_STRTAB) out.strings = record_at<char>(out, value);
    if (at->d_tag == DT_RELA) data_records = record_at<ElfW(Rela)>(out, value);
    if (at->d_tag == DT_JMPREL) call_records = record_at<ElfW(Rela)>(out, value);
    if (at->d_tag == DT_RELASZ) data_size = at->d_un.d_val;
    if (at->d_tag == DT_PLTRELSZ) call_size = at->d_un.d_val;
    if (at->d_tag == DT_RELACOUNT) without_symbol = at->d_un.d_val;
  }
  out.data = {data_records, data_size / sizeof(ElfW(Rela))};
  // Those for an address in the program itself come first, and are nearly all of them.
  out.data = out.data.subspan(std::min(without_symbol, out.data.size()));
  out.calls = {call_records, call_size / sizeof(ElfW(Rela))};
  return 1;
}

// Writable has the part of the program that is read-only since it was started writable while it
// lives.
class [[nodiscard]] Writable {
 public:
  explicit Writable(const Tables& tables) noexcept {
    const auto found = std::find_if(tables.segments.begin(), tables.segments.end(),
                                    [](const auto& one) { return one.p_type == PT_GNU_RELRO; });
    if (found == tables.segments.end()) return;
    const auto page = static_cast<ElfW(Addr)>(::sysconf(_SC_PAGESIZE));
    const ElfW(Addr) begin = tables.base + found->p_vaddr;
    // As the linker has protected it: whole pages, the last one only where it is all of it.
    begin_ = begin & ~(page - 1);
    size_ = ((begin + found->p_memsz) & ~(page - 1)) - begin_;
    if (size_ > 0 && ::mprotect(address(), size_, PROT_READ | PROT_WRITE) != 0) error_ = errno;
  }
  Writable(const Writable&) = delete;
  Writable& operator=(const Writable&) = delete;
  ~Writable() { static_cast<void>(close()); }

  int error() const noexcept { return error_; }

  // close makes it read-only again, and returns `errno` where that fails.
  int close() noexcept {
    if (size_ == 0 || error_ != 0) return error_;
    const int failed = ::mprotect(address(), size_, PROT_READ);
    size_ = 0;
    return failed == 0 ? 0 : errno;
  }

 private:
  void* address() const noexcept { return std::bit_cast<void*>(begin_); }

  ElfW(Addr) begin_ = 0;
  std::size_t size_ = 0;
  int error_ = 0;
};

Status bind_records(const Tables& tables, std::span<const ElfW(Rela)> records,
                    const std::vector<std::string_view>& prefixes,
                    const std::vector<LibraryHandle>& libraries) {
  for (const ElfW(Rela) & record : records) {
    const std::uint64_t kind = ELF64_R_TYPE(record.r_info);
    if (kind != kWholeAddress && kind != kTableEntry && kind != kCallEntry) continue;
    const ElfW(Sym) & symbol = tables.symbols[ELF64_R_SYM(record.r_info)];
    if (symbol.st_shndx != SHN_UNDEF) continue;
    const char* const name = tables.strings + symbol.st_name;
    const auto is_late = [&](std::string_view prefix) {
      return std::string_view(name).starts_with(prefix);
    };
    if (std::none_of(prefixes.begin(), prefixes.end(), is_late)) continue;
    void* found = nullptr;
    for (LibraryHandle const library : libraries) {
      found = ::dlsym(library, name);
      if (found != nullptr) break;
    }
    if (found == nullptr) {
      return {Errc::kBadLibrary, std::string("the libraries have no ") + name +
                                     ": they are of another release than the program was made for"};
    }
    auto* const word = std::bit_cast<ElfW(Addr)*>(tables.base + record.r_offset);
    const auto addend = kind == kWholeAddress ? static_cast<ElfW(Addr)>(record.r_addend) : 0;
    *word = std::bit_cast<ElfW(Addr)>(found) + addend;
  }
  return {};
}

}  // namespace

Status bind_late_symbols(const std::vector<std::string_view>& prefixes,
                         const std::vector<LibraryHandle>& libraries) {
#ifdef SIGNEDVFS_NO_LATE_SYMBOLS
  return {Errc::kUnsupported, "on this machine no library can be bound to the running program"};
#endif
  Tables tables;
  ::dl_iterate_phdr(read_tables, &tables);
  if (tables.symbols == nullptr || tables.strings == nullptr) {
    return {Errc::kBadLibrary, "the program has no table of symbols"};
  }
  Writable writable(tables);
  if (writable.error() != 0) return system_failure(writable.error(), "the program's own tables");
  SIGNEDVFS_TRY(bind_records(tables, tables.data, prefixes, libraries));
  SIGNEDVFS_TRY(bind_records(tables, tables.calls, prefixes, libraries));
  if (const int error = writable.close(); error != 0) {
    return system_failure(error, "the program's own tables");
  }
  return {};
}

}  // namespace signedvfs
