// The directories that members lie in, each once.
#pragma once

#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

namespace signedvfs {

// NewParents is asked about one member after the other.
class NewParents {
 public:
  // of returns the directories that `name` lies in and no name before it did, outermost first,
  // without a slash behind them. They borrow from `name`.
  std::vector<std::string_view> of(std::string_view name) {
    std::vector<std::string_view> out;
    const std::size_t last = name.rfind('/');
    // Names that follow each other mostly share their parents.
    if (last == std::string_view::npos || name.substr(0, last) == latest_) return out;
    for (std::size_t at = name.find('/'); at != std::string_view::npos;
         at = name.find('/', at + 1)) {
      const std::string_view directory = name.substr(0, at);
      if (seen_.emplace(directory).second) out.push_back(directory);
    }
    latest_ = name.substr(0, last);
    return out;
  }

 private:
  std::unordered_set<std::string> seen_;
  std::string latest_;
};

}  // namespace signedvfs
