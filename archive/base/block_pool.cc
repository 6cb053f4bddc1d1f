#include "archive/base/block_pool.h"

#include <array>
#include <atomic>
#include <bit>

namespace signedvfs {
namespace {

// Blocks of 2 to the 12th to 20th bytes are kept. Sanitizers are to see each buffer's own life.
#ifdef SIGNEDVFS_SANITIZED
constexpr bool kKeep = false;
#else
constexpr bool kKeep = true;
#endif
constexpr unsigned kSmallest = 12;
constexpr unsigned kLargest = 20;
constexpr std::size_t kSlots = 2;

using Slots = std::array<std::atomic<std::byte*>, kSlots>;
std::array<Slots, kLargest - kSmallest + 1> kept;  // null: empty. Never freed: threads outlive it

// slots_for returns where blocks for `size` bytes are kept; null: nowhere.
Slots* slots_for(std::size_t size) noexcept {
  if (!kKeep || size <= (std::size_t{1} << (kSmallest - 1)) ||
      size > (std::size_t{1} << kLargest)) {
    return nullptr;
  }
  const auto power = static_cast<unsigned>(std::bit_width(size - 1));
  return &kept[power < kSmallest ? 0 : power - kSmallest];
}

std::size_t capacity_for(std::size_t size) noexcept {
  return std::bit_ceil(size < (std::size_t{1} << kSmallest) ? std::size_t{1} << kSmallest : size);
}

// return_block keeps the block for the next one where there is room, and frees it otherwise.
void return_block(std::byte* block, std::size_t size) noexcept {
  if (Slots* const slots = slots_for(size)) {
    for (std::atomic<std::byte*>& slot : *slots) {
      std::byte* empty = nullptr;
      if (slot.compare_exchange_strong(empty, block, std::memory_order_release,
                                       std::memory_order_relaxed)) {
        return;
      }
    }
  }
  delete[] block;
}

}  // namespace

Memory take_block(std::size_t size) {
  const GiveBack back{return_block, size};
  Slots* const slots = slots_for(size);
  if (slots == nullptr) return Memory(new std::byte[size], back);
  for (std::atomic<std::byte*>& slot : *slots) {
    if (std::byte* const block = slot.exchange(nullptr, std::memory_order_acquire)) {
      return Memory(block, back);
    }
  }
  return Memory(new std::byte[capacity_for(size)], back);
}

}  // namespace signedvfs
