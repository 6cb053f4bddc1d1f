#include "archive/os/loaded_code.h"

#include <dlfcn.h>
#include <link.h>

#ifndef __GLIBC__
#include "archive/os/fork_gate.h"
#endif

namespace signedvfs {

#ifdef __GLIBC__

std::optional<std::string> object_of_code(const void* code) {
  Dl_info info{};
  link_map* map = nullptr;
  if (::dladdr1(code, &info, reinterpret_cast<void**>(&map), RTLD_DL_LINKMAP) == 0 ||
      map == nullptr || map->l_name == nullptr) {
    return std::nullopt;
  }
  return map->l_name;
}

#else

namespace {

// note_program notes the name of the first object, which is the program, and stops there.
int note_program(dl_phdr_info* object, std::size_t, void* name) noexcept {
  *static_cast<const char**>(name) = object->dlpi_name;
  return 1;
}

}  // namespace

// musl calls the program by what it was started as, and hands out one text for each object.
std::optional<std::string> object_of_code(const void* code) {
  Dl_info info{};
  if (::dladdr(code, &info) == 0 || info.dli_fname == nullptr) return std::nullopt;
  const char* program = nullptr;
  const PassingGate gate;  // as wherever the linker's list of objects is gone through
  ::dl_iterate_phdr(note_program, &program);
  return info.dli_fname == program ? "" : info.dli_fname;
}

#endif

std::string directory_of_code(const void* code) {
  std::string name = object_of_code(code).value_or("");
  if (!name.starts_with('/')) return {};
  name.resize(name.rfind('/'));
  return name;
}

void* load_function(const std::string& path, const char* name, std::string& error) {
  void* library = ::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  void* symbol = library != nullptr ? ::dlsym(library, name) : nullptr;
  if (symbol != nullptr) return symbol;
  const char* why = ::dlerror();
  error = why != nullptr ? why : path.c_str();
  if (library != nullptr) ::dlclose(library);
  return nullptr;
}

}  // namespace signedvfs
