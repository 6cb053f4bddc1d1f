// Signing a directory where it stands.
#pragma once

#include <cstdint>

#include "archive/base/status.h"
#include "archive/members/container.h"
#include "vfs/signing/signer.h"

namespace signedvfs {

// Ending is how far signing goes.
enum class Ending : std::uint8_t {
  kSigned,   // to a signed result that is in place
  kDrawnUp,  // to the text that is to be signed; nothing is written
};

// sign_directory does `sign`, or `draw_up`, for the directory `source`: it writes nothing but the
// manifest.
Result<SignReport> sign_directory(const SignRequest& request, const Container& source,
                                  Ending ending);

}  // namespace signedvfs
