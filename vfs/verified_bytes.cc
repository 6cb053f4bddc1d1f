#include "vfs/verified_bytes.h"

#include <type_traits>

namespace signedvfs {

static_assert(!std::is_default_constructible_v<VerifiedBytes>);
static_assert(!std::is_constructible_v<VerifiedBytes, Buffer>);
static_assert(!std::is_copy_constructible_v<VerifiedBytes>);

}  // namespace signedvfs
