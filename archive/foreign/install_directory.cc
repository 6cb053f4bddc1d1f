#include "archive/foreign/library.h"

namespace signedvfs {

std::string_view foreign_directory() noexcept { return SIGNEDVFS_FOREIGN_DIRECTORY; }

}  // namespace signedvfs
