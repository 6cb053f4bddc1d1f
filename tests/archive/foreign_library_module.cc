// A shared object with the core in it, as the Python module is.
#include "archive/opening.h"

extern "C" __attribute__((visibility("default"))) int open_container_in_module(const char* path) {
  return static_cast<int>(signedvfs::open_container(path, {}).code());
}
