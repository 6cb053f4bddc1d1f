// A hash table from names to positions in a list that its user keeps.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace signedvfs {

// NameTable finds the position of a name in a list of names. It stores no names: `name_at(i)` gives
// the name at position `i` as a string_view, and every match is confirmed by comparing all its
// bytes, so that the hash decides about speed only. The hash is seeded at random for every process:
// nobody can prepare names that collide. Immutable once filled.
class NameTable {
 public:
  NameTable() = default;

  // With room for `count` names; more than 2^31 cannot be held.
  explicit NameTable(std::size_t count);

  // insert adds `name`, which stands at `index`, unless the same name is there already: then it
  // returns the position of that one. Never call it more than `count` times.
  template <class NameAt>
  std::optional<std::uint32_t> insert(std::string_view name, std::uint32_t index,
                                      const NameAt& name_at) {
    const std::uint64_t hash = hash_of(name);
    std::size_t at = hash & mask_;
    for (; slots_[at].next != 0; at = (at + 1) & mask_) {
      const std::uint32_t other = slots_[at].next - 1;
      if (slots_[at].tag == tag_of(hash) && name_at(other) == name) return other;
    }
    slots_[at] = {tag_of(hash), index + 1};
    return {};
  }

  // find returns the position of `name`, or nothing.
  template <class NameAt>
  std::optional<std::uint32_t> find(std::string_view name, const NameAt& name_at) const {
    if (slots_.empty()) return {};
    const std::uint64_t hash = hash_of(name);
    for (std::size_t at = hash & mask_; slots_[at].next != 0; at = (at + 1) & mask_) {
      const std::uint32_t index = slots_[at].next - 1;
      if (slots_[at].tag == tag_of(hash) && name_at(index) == name) return index;
    }
    return {};
  }

 private:
  struct Slot {
    std::uint32_t tag = 0;
    std::uint32_t next = 0;  // position + 1; 0 where the slot is free
  };

  static std::uint64_t hash_of(std::string_view name) noexcept;
  static std::uint32_t tag_of(std::uint64_t hash) noexcept {
    return static_cast<std::uint32_t>(hash >> 32U);
  }

  std::vector<Slot> slots_;  // a power of two, at most two thirds of them used
  std::size_t mask_ = 0;
};

}  // namespace signedvfs
