// Owned memory for member content.
#pragma once

#include <cassert>
#include <cstddef>
#include <span>
#include <string_view>
#include <utility>

#include "archive/base/block_pool.h"
#include "archive/base/memory.h"

namespace signedvfs {

// Buffer is an owned, movable byte string, on the heap or in a mapping. Its storage starts
// uninitialised: content is about to be copied or decoded into it, and clearing it first would cost
// as much as the copy.
class Buffer {
 public:
  Buffer() noexcept = default;

  // Buffer of `size` bytes takes them from the pool.
  explicit Buffer(std::size_t size) : data_(take_block(size)), size_(size) {}

  // Buffer over `memory` owns it, all of it: nobody else may write to it meanwhile.
  explicit Buffer(Memory memory) noexcept
      : data_(std::move(memory)), size_(data_.get_deleter().size) {}

  Buffer(Buffer&& other) noexcept
      : data_(std::move(other.data_)),
        begin_(std::exchange(other.begin_, 0)),
        size_(std::exchange(other.size_, 0)) {}
  Buffer& operator=(Buffer&& other) noexcept {
    data_ = std::move(other.data_);
    begin_ = std::exchange(other.begin_, 0);
    size_ = std::exchange(other.size_, 0);
    return *this;
  }

  std::size_t size() const noexcept { return size_; }

  // bytes borrows the content from this buffer.
  std::span<std::byte> bytes() & noexcept { return {data_.get() + begin_, size_}; }
  std::span<const std::byte> bytes() const& noexcept { return {data_.get() + begin_, size_}; }
  std::span<const std::byte> bytes() && = delete;

  // drop_front takes the first `count` bytes, which must be there, off the content in place.
  void drop_front(std::size_t count) noexcept {
    assert(count <= size_);
    begin_ += count;
    size_ -= count;
  }

 private:
  Memory data_;
  std::size_t begin_ = 0;
  std::size_t size_ = 0;
};

// text_of borrows `bytes` as characters.
inline std::string_view text_of(std::span<const std::byte> bytes) noexcept {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// bytes_of borrows `text` as bytes.
inline std::span<const std::byte> bytes_of(std::string_view text) noexcept {
  return {reinterpret_cast<const std::byte*>(text.data()), text.size()};
}

}  // namespace signedvfs
