#include "archive/os/loaded_code.h"

#include <dlfcn.h>
#include <link.h>

namespace signedvfs {

std::optional<std::string> object_of_code(const void* code) {
  Dl_info info{};
  link_map* map = nullptr;
  if (::dladdr1(code, &info, reinterpret_cast<void**>(&map), RTLD_DL_LINKMAP) == 0 ||
      map == nullptr || map->l_name == nullptr) {
    return std::nullopt;
  }
  return map->l_name;
}

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
