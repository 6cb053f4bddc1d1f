#include "archive/os/loaded_code.h"

#include <dlfcn.h>
#include <link.h>

#include <string_view>

namespace signedvfs {

std::string directory_of_code(const void* code) {
  Dl_info info{};
  link_map* map = nullptr;
  if (::dladdr1(code, &info, reinterpret_cast<void**>(&map), RTLD_DL_LINKMAP) == 0 ||
      map == nullptr || map->l_name == nullptr) {
    return {};
  }
  const std::string_view name = map->l_name;  // "" for the executable
  if (!name.starts_with('/')) return {};
  return std::string(name.substr(0, name.rfind('/')));
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
