#include "archive/os/dynamic_linker.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <link.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <string_view>

#include "archive/os/file_descriptor.h"
#include "archive/os/fork_gate.h"
#include "archive/os/merged_libraries.h"
#include "archive/os/system_error.h"

namespace signedvfs {
namespace {

#ifdef __GLIBC__
constexpr bool kGoesByNames = true;
#else
constexpr bool kGoesByNames = false;
#endif

// steps returns a number as a path that leads nowhere: another one for each number, and never one
// that ends like another with a digit in front.
std::string steps(std::uint64_t number) {
  std::string out;
  for (; number != 0; number >>= 1U) out += (number & 1U) != 0 ? "./" : "/";
  return out;
}

bool leads_to(const std::string& path, const struct stat& wanted) {
  struct stat found{};
  return ::stat(path.c_str(), &found) == 0 && found.st_dev == wanted.st_dev &&
         found.st_ino == wanted.st_ino;
}

std::string linker_error(const std::string& path) {
  const char* const why = ::dlerror();
  return why != nullptr ? why : path + ": not loaded";
}

link_map* map_of(LibraryHandle library) noexcept {
  link_map* map = nullptr;
  return ::dlinfo(library, RTLD_DI_LINKMAP, static_cast<void*>(&map)) == 0 ? map : nullptr;
}

// Wanted is the name that is looked for among the objects of the process.
struct Wanted {
  const char* name;
  bool found = false;
};

// soname_of returns the name that an object has given itself (elf(5), DT_SONAME), or null.
const char* soname_of(const dl_phdr_info& object) noexcept {
  const auto* const begin = object.dlpi_phdr;
  const auto* const end = begin + object.dlpi_phnum;
  const auto* const segment =
      std::find_if(begin, end, [](const auto& one) { return one.p_type == PT_DYNAMIC; });
  if (segment == end) return nullptr;
  const ElfW(Addr) base = object.dlpi_addr;
  std::optional<ElfW(Addr)> strings;
  std::optional<ElfW(Addr)> name;
  const auto* at = std::bit_cast<const ElfW(Dyn)*>(base + segment->p_vaddr);
  for (; at->d_tag != DT_NULL; ++at) {
    if (at->d_tag == DT_STRTAB) strings = at->d_un.d_ptr;
    if (at->d_tag == DT_SONAME) name = at->d_un.d_val;
  }
  if (!strings || !name) return nullptr;
  // The linker has made it an address, but for the kernel's own object.
  if (*strings < base) *strings += base;
  return std::bit_cast<const char*>(*strings + *name);
}

// Known is the object that is asked about, and the name.
struct Known {
  const link_map* map;
  const char* name;
  bool is_so = false;
};

int is_so_called(dl_phdr_info* object, std::size_t, void* data) noexcept {
  auto& known = *static_cast<Known*>(data);
  // The linker hands out the very text that its own list has, and objects have different ones.
  if (object->dlpi_name != known.map->l_name || object->dlpi_addr != known.map->l_addr) return 0;
  const char* const soname = soname_of(*object);
  known.is_so = soname != nullptr && std::strcmp(soname, known.name) == 0;
  return 1;
}

int is_wanted(dl_phdr_info* object, std::size_t, void* data) noexcept {
  auto& wanted = *static_cast<Wanted*>(data);
  const char* const path = object->dlpi_name == nullptr ? "" : object->dlpi_name;
  const char* const slash = std::strrchr(path, '/');
  const char* const soname = soname_of(*object);
  wanted.found = std::strcmp(path, wanted.name) == 0 ||
                 (slash != nullptr && std::strcmp(slash + 1, wanted.name) == 0) ||
                 (soname != nullptr && std::strcmp(soname, wanted.name) == 0);
  return wanted.found ? 1 : 0;
}

// may_be_loaded tells whether an object of the process has that name. The linker would open files
// in all its directories before it says that none has.
bool may_be_loaded(const char* name) noexcept {
  Wanted wanted{name};
  // The linker has a lock for its list of objects that glibc does not open in a child. (Its other
  // one glibc does, and a constructor that forks has it: nobody may wait for that inside.)
  const PassingGate gate;
  ::dl_iterate_phdr(is_wanted, &wanted);
  return wanted.found;
}

// is_kept_as tells whether musl, which has just taken `library` for `name`, is going to do that
// again without a look into any directory. It compares with the last part of the path that a search
// has led to, once one has; that a search did lead there is what the caller has seen.
bool is_kept_as(LibraryHandle library, const std::string& name) noexcept {
  if (library == nullptr) return false;
  if (is_linker_itself(name)) return true;
  const link_map* const map = map_of(library);
  if (map == nullptr || map->l_name == nullptr) return false;
  const char* const slash = std::strrchr(map->l_name, '/');
  return slash != nullptr && slash + 1 == name;
}

// text_of_file returns what a file of /proc holds, whose size nobody knows before.
std::optional<std::string> text_of_file(const char* path) {
  const FileDescriptor file(::open(path, O_RDONLY | O_CLOEXEC));
  if (!file) return std::nullopt;
  std::string out;
  std::array<char, 4096> piece;
  for (;;) {
    const ssize_t size = ::read(file.get(), piece.data(), piece.size());
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return std::nullopt;
    if (size == 0) return out;
    out.append(piece.data(), static_cast<std::size_t>(size));
  }
}

// text_of_environ returns what is in `environ`, as a file of /proc would have it.
std::string text_of_environ() {
  std::string out;
  for (const char* const* one = ::environ; one != nullptr && *one != nullptr; ++one) {
    out.append(*one, std::strlen(*one) + 1);
  }
  return out;
}

// start_text borrows what the process was started with, which the first call finds out. It never
// changes, and the children of fork have their parent's. Never destroyed.
const std::optional<std::string>& start_text(bool by_environ = false) {
  static const auto* const all =
      new std::optional<std::string>(by_environ ? std::optional<std::string>(text_of_environ())
                                                : text_of_file("/proc/self/environ"));
  return *all;
}

}  // namespace

const bool kLinkerGoesByNames = kGoesByNames;
const int kBindNow = RTLD_NOW;
const int kBindNowLocally = RTLD_NOW | RTLD_LOCAL;
const int kBindNowGlobally = RTLD_NOW | RTLD_GLOBAL;

Result<std::string> path_for_linker(int descriptor) {
  static constinit std::atomic<std::uint64_t> count = 0;
  struct stat wanted{};
  if (::fstat(descriptor, &wanted) != 0) return system_failure(errno, "a library's memory");
  const std::string process = "/proc/" + std::to_string(::getpid());
  const std::string task = std::string(process).append("/task").append(process, sizeof "/proc" - 1);
  const std::string number = std::to_string(descriptor);
  // The last is for a /proc that knows this process by another number.
  for (const std::string& place : {task, process, std::string("/proc/self")}) {
    const std::string directory = place + "/fd/";
    if (!leads_to(directory + number, wanted)) continue;
    return std::string(directory)
        .append(steps(count.fetch_add(1, std::memory_order_relaxed) + 1))
        .append(number);
  }
  return Status(Errc::kUnsupported,
                process +
                    "/fd does not lead to this process's files: /proc is not mounted, or is "
                    "that of another namespace, or this process may not look into it");
}

Result<LibraryHandle> load_library(const std::string& path, int flags) {
  LibraryHandle const library = ::dlopen(path.c_str(), flags);
  if (library == nullptr) return Status(Errc::kNotFound, linker_error(path));
  return library;
}

LibraryHandle loaded_library(const std::string& name) noexcept {
  if (!is_linker_itself(name) && !may_be_loaded(name.c_str())) return nullptr;
  LibraryHandle const library = ::dlopen(name.c_str(), RTLD_LAZY | RTLD_NOLOAD);
  // The reference that this added: the object stays all the same.
  if (library != nullptr) ::dlclose(library);
  return kGoesByNames || is_kept_as(library, name) ? library : nullptr;
}

bool is_known_as(LibraryHandle library, const std::string& name) noexcept {
  if constexpr (!kGoesByNames) return library != nullptr && loaded_library(name) == library;
  const link_map* const map = map_of(library);
  if (map == nullptr || map->l_name == nullptr) return false;
  if (map->l_name == name) return true;
  Known known{map, name.c_str()};
  const PassingGate gate;
  ::dl_iterate_phdr(is_so_called, &known);
  return known.is_so;
}

bool has_symbol(LibraryHandle library, const char* name) noexcept {
  return ::dlsym(library, name) != nullptr;
}

std::string library_name(LibraryHandle library) {
  const link_map* const map = map_of(library);
  return map == nullptr || map->l_name == nullptr ? std::string() : map->l_name;
}

void give_library_name(LibraryHandle library, const std::string& name) {
  // musl would not look at it, and takes names of libraries that it has found apart at their "/".
  if constexpr (!kGoesByNames) return;
  link_map* const map = map_of(library);
  char* const copy = ::strdup(name.c_str());
  // The one that was there stays, too: the linker gives no sign of when it has read it.
  if (map != nullptr && copy != nullptr) map->l_name = copy;
}

std::vector<std::string> system_library_directories() {
  std::vector<std::string> out;
  Dl_info info{};
  if (::dladdr(reinterpret_cast<void*>(&::getpid), &info) != 0 && info.dli_fname != nullptr) {
    const std::string_view path = info.dli_fname;
    if (path.starts_with('/')) out.emplace_back(path.substr(0, path.rfind('/')));
  }
  for (const char* const directory : {"/lib64", "/usr/lib64", "/lib", "/usr/lib"}) {
    if (std::find(out.begin(), out.end(), directory) == out.end()) out.emplace_back(directory);
  }
  return out;
}

bool may_hold_libraries(const std::string& directory) {
  constexpr long kProcess = 0x9fa0;  // PROC_SUPER_MAGIC of statfs(2)
  struct statfs status{};
  // What is not there would be made in the nearest directory that is.
  for (std::string place = directory; !place.empty();) {
    if (::statfs(place.c_str(), &status) == 0) return static_cast<long>(status.f_type) != kProcess;
    if (errno != ENOENT && errno != ENOTDIR) return true;
    place.resize(place.find_last_not_of('/') + 1);
    place.resize(place.rfind('/') + 1);
  }
  return true;
}

std::vector<std::string> start_environment(const std::string& name) {
  const std::optional<std::string>& all = start_text();
  std::vector<std::string> out;
  if (!all) {
    const char* const now = std::getenv(name.c_str());
    if (now != nullptr && *now != '\0') out.emplace_back(now);
    return out;
  }
  const std::string wanted = name + '=';
  for (std::string_view rest = *all; !rest.empty();) {
    const std::size_t end = std::min(rest.find('\0'), rest.size());
    const std::string_view one = rest.substr(0, end);
    if (one.starts_with(wanted) && one.size() > wanted.size()) {
      out.emplace_back(one.substr(wanted.size()));
    }
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return out;
}

void take_start_environment() { static_cast<void>(start_text(true)); }

}  // namespace signedvfs
