// Modules whose code find_spec has read and exec_module is about to use.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "importer/modules/lookup.h"
#include "vfs/signed_vfs.h"

namespace signedvfs {

// ModuleContent is the file that a module's code is in, and its content.
struct ModuleContent {
  ModuleFile file;
  bool is_package = false;
  VerifiedBytes content;
};

// PendingReads keeps what `find_spec` has read to choose a file until the loader asks for it, so
// that a module is looked up, copied, decoded and hashed once per import. Small and bounded: what
// nobody fetches is dropped, and read again should it be wanted after all. Any thread may use it.
class PendingReads {
 public:
  // put keeps what was read for the module `stem` ("pkg/mod") of `vfs`.
  void put(std::shared_ptr<const SignedVfs> vfs, std::string stem, ModuleContent read);

  // take returns it and forgets it.
  std::optional<ModuleContent> take(const SignedVfs& vfs, std::string_view stem);

 private:
  static constexpr std::size_t kMaxReads = 16;
  static constexpr std::size_t kMaxBytes = std::size_t{16} << 20;

  struct Pending {
    std::shared_ptr<const SignedVfs> vfs;
    std::string stem;
    ModuleContent read;
  };

  std::vector<Pending> reads_;  // oldest first
  std::size_t bytes_ = 0;
};

}  // namespace signedvfs
