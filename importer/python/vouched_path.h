// Files that this thread is about to have loaded, or opened, after they were verified.
#pragma once

#include <string>
#include <string_view>

namespace signedvfs {

// VouchedPath says, as long as it lives and for the thread that has made it, that we ourselves hand
// `path` to Python: whoever watches over what is loaded (importer/guard) lets it pass. To be made
// right before the call, for exactly that path: the call may run code that loads others.
class [[nodiscard]] VouchedPath {
 public:
  explicit VouchedPath(std::string path);
  VouchedPath(const VouchedPath&) = delete;
  VouchedPath& operator=(const VouchedPath&) = delete;
  ~VouchedPath();

  // covers tells whether one lives for `path`.
  static bool covers(std::string_view path) noexcept;

 private:
  std::string path_;
  const VouchedPath* outer_;
};

}  // namespace signedvfs
