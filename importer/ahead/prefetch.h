// Having modules read, decoded and verified on another core before they are imported.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>

#include "importer/ahead/foresight.h"
#include "importer/ahead/read_ahead.h"
#include "importer/modules/lookup.h"
#include "importer/python/object.h"
#include "vfs/signed_vfs.h"

namespace signedvfs {

// Prefetch reads ahead for one archive. What is going to be imported is what its recorded order
// says where it has one, and otherwise what the import statements of each module say before it
// runs. Belongs to one archive in use; may be used from any thread.
class Prefetch {
 public:
  // create returns null where there is only one core.
  static std::shared_ptr<Prefetch> create(std::shared_ptr<const SignedVfs> vfs);

  // take returns the content of `entry` where it has been read. Needs the GIL, and releases it
  // while the member is being read.
  std::optional<VerifiedBytes> take(const std::string& entry);

  // about_to_run is to be told of each module before it is executed: of its code, its name (a str),
  // the path that the name stands for, whether it is a package, and in which order files are looked
  // for. Needs the GIL.
  Status about_to_run(PyObject* code, PyObject* name, const std::string& stem, bool is_package,
                      const SearchOrder& order);

 private:
  Prefetch(std::shared_ptr<const SignedVfs> vfs, std::unique_ptr<ReadAhead> ahead) noexcept;

  bool has_recorded_order() const noexcept { return vfs_->attributes().order.has_value(); }
  void expect_recorded_order();

  std::shared_ptr<const SignedVfs> vfs_;
  std::unique_ptr<ReadAhead> ahead_;
  std::atomic<bool> is_expected_ = false;  // the recorded order is

  // Whether anything may have been read: of programs that import small modules only, nothing is.
  std::shared_ptr<std::atomic<bool>> expects_ = std::make_shared<std::atomic<bool>>(false);
};

}  // namespace signedvfs
