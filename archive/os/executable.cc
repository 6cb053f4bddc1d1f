#include "archive/os/executable.h"

#include <link.h>
#include <sys/auxv.h>

#include <algorithm>
#include <bit>
#include <cstddef>
#include <optional>
#include <utility>

#include "archive/os/file_status.h"
#include "archive/os/fork_gate.h"

namespace signedvfs {
namespace {

#ifdef __GLIBC__
constexpr bool kNamesNoProgram = true;
constexpr bool kInheritsAll = false;
#else
constexpr bool kNamesNoProgram = false;
constexpr bool kInheritsAll = true;  // musl has a DT_RUNPATH searched for everybody, too
#endif

// read_program reads what the first object says, which is the program, and stops there.
int read_program(dl_phdr_info* object, std::size_t, void* data) noexcept {
  auto& out = *static_cast<std::pair<const char*, bool>*>(data);
  // It alone has no name. Of another namespace (dlmopen(3)) the first one is not the program. musl
  // has one namespace, and calls the program by what it was started as.
  if (kNamesNoProgram && (object->dlpi_name == nullptr || *object->dlpi_name != '\0')) return 1;
  const auto* const begin = object->dlpi_phdr;
  const auto* const end = begin + object->dlpi_phnum;
  const auto* const segment =
      std::find_if(begin, end, [](const auto& one) { return one.p_type == PT_DYNAMIC; });
  if (segment == end) return 1;
  std::optional<ElfW(Addr)> strings;
  std::optional<ElfW(Addr)> runpath;
  std::optional<ElfW(Addr)> rpath;
  bool needs_any = false;
  const auto* at = std::bit_cast<const ElfW(Dyn)*>(object->dlpi_addr + segment->p_vaddr);
  for (; at->d_tag != DT_NULL; ++at) {
    if (at->d_tag == DT_STRTAB) strings = at->d_un.d_ptr;
    if (at->d_tag == DT_RUNPATH) runpath = at->d_un.d_val;
    if (at->d_tag == DT_RPATH) rpath = at->d_un.d_val;
    if (at->d_tag == DT_NEEDED) needs_any = true;
  }
  const auto& paths = runpath ? runpath : rpath;
  if (!needs_any || !strings || !paths) return 1;
  // The linker has made it an address, unless the segment cannot be written to.
  if (*strings < object->dlpi_addr) *strings += object->dlpi_addr;
  out = {std::bit_cast<const char*>(*strings + *paths), !runpath || kInheritsAll};
  return 1;
}

// origin_of_program returns the directory of the file that runs, if it still stands at its path.
std::string origin_of_program() {
  const std::string running = "/proc/self/exe";
  int error = 0;
  std::string path = link_target(running, error);
  if (error != 0 || !path.starts_with('/')) return {};
  if (!status_of(running).is_same_file(status_of(path))) return {};
  path.resize(std::max<std::size_t>(path.rfind('/'), 1));
  return path;
}

ExecutableSearch read_search() {
  if (::getauxval(AT_SECURE) != 0) return {};
  std::pair<const char*, bool> found{nullptr, false};
  {
    const PassingGate gate;  // as wherever the linker's list of objects is gone through
    ::dl_iterate_phdr(read_program, &found);
  }
  if (found.first == nullptr) return {};
  return {found.first, found.second, origin_of_program()};
}

}  // namespace

const ExecutableSearch& executable_search() {
  static const auto* const search = new ExecutableSearch(read_search());  // never destroyed
  return *search;
}

}  // namespace signedvfs
