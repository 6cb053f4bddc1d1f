#include "archive/os/system_error.h"

#include <cerrno>
#include <system_error>

namespace signedvfs {

Status system_failure(int error, const std::string& what) {
  const bool absent = error == ENOENT || error == ENOTDIR;
  return {absent ? Errc::kNotFound : Errc::kIo,
          what + ": " + std::generic_category().message(error)};
}

}  // namespace signedvfs
