// In which order libraries are loaded that need others. Private to native/.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace signedvfs {

// Wants are the numbers of what one thing wants. What it needs comes before it, or together with it
// where that needs it, too; what it wishes for comes before it unless that would need it first.
struct Wants {
  std::vector<std::size_t> needs;
  std::vector<std::size_t> wishes;
};

// groups_in_order returns the numbers of all `things`, each once. Things that need each other,
// directly or not, are one group, and any other is a group of its own. Each group comes after what
// its members need. Those of one group are in the order in which a linker would come to them that
// begins with the one that is needed first: breadth-first.
std::vector<std::vector<std::size_t>> groups_in_order(std::span<const Wants> things);

}  // namespace signedvfs
