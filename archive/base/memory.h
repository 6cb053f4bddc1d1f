// Memory that somebody owns, wherever it came from.
#pragma once

#include <cstddef>
#include <memory>

namespace signedvfs {

// GiveBack returns memory to where it came from: a pool, the heap, the system.
struct GiveBack {
  using Function = void (*)(std::byte* memory, std::size_t size) noexcept;

  Function function = nullptr;
  std::size_t size = 0;  // of the memory, in bytes

  void operator()(std::byte* memory) const noexcept { function(memory, size); }
};

// Memory is owned memory of whatever kind; its deleter knows how much it is.
using Memory = std::unique_ptr<std::byte[], GiveBack>;

}  // namespace signedvfs
