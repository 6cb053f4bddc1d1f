// Signing a directory where it stands.
#pragma once

#include "archive/base/status.h"
#include "archive/members/container.h"
#include "vfs/signing/signer.h"

namespace signedvfs {

// sign_directory does `sign` for the directory `source`: it writes nothing but the manifest.
Result<SignReport> sign_directory(const SignRequest& request, const Container& source);

}  // namespace signedvfs
