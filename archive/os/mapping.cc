#include "archive/os/mapping.h"

#include <sys/mman.h>

#include <cerrno>
#include <utility>

#include "archive/os/system_error.h"

namespace signedvfs {
namespace {

void unmap(std::byte* memory, std::size_t size) noexcept { ::munmap(memory, size); }

Result<Memory> map(int descriptor, std::size_t size, int protection) {
  if (size == 0) return Memory();
  void* const memory = ::mmap(nullptr, size, protection, MAP_SHARED, descriptor, 0);
  if (memory == MAP_FAILED) return system_failure(errno, "mapping a file");
  return Memory(static_cast<std::byte*>(memory), GiveBack{unmap, size});
}

}  // namespace

Result<Memory> map_for_reading(int descriptor, std::size_t size) {
  return map(descriptor, size, PROT_READ);
}

Result<Buffer> map_for_writing(int descriptor, std::size_t size) {
  SIGNEDVFS_ASSIGN(Memory memory, map(descriptor, size, PROT_READ | PROT_WRITE));
  return Buffer(std::move(memory));
}

}  // namespace signedvfs
