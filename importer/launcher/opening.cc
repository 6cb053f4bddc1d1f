#include "importer/launcher/opening.h"

#include <utility>

#include "importer/launcher/memory_shortage.h"
#include "importer/launcher/python_library.h"
#include "vfs/crypto/settling.h"

namespace signedvfs {
namespace {

Result<Launch> open_application(OwnExecutable own) {
  SIGNEDVFS_TRY(settle_private_openssl());
  SIGNEDVFS_ASSIGN(Launch launch, open_launch(std::move(own)));
  SIGNEDVFS_TRY(load_python(launch));
  throw_without_memory();
  return launch;
}

}  // namespace

void Opening::begin() noexcept {
  static_cast<void>(thread_.start([this] { opened_.emplace(open_application(std::move(own_))); }));
}

const Result<Launch>& Opening::wait() {
  thread_.join();
  if (!opened_) opened_.emplace(open_application(std::move(own_)));
  return *opened_;
}

}  // namespace signedvfs
