// Verified content behind real descriptors.
#pragma once

#include "archive/base/status.h"
#include "archive/os/file_descriptor.h"
#include "importer/files/entry.h"
#include "importer/files/territory.h"

namespace signedvfs {

// open_member returns a descriptor, at the beginning of sealed memory that holds what
// `SignedVfs::read` returned for a file: one check of the very bytes. It fails as
// that does, and as `sealed_memory` does.
Result<FileDescriptor> open_member(const SignedVfs& vfs, const VirtualEntry& file);

// open_archive_copy returns one of sealed memory that holds the archive's whole file. The copy is
// checked as `SignedVfs::verify_all` checks, so every byte of it is accounted for, and bears the
// very signatures of the archive in use: whoever looks for members by other means, such as zipfile,
// finds what is signed, or nothing. Each call copies and checks anew, and is for the few programs
// that do so.
Result<FileDescriptor> open_archive_copy(const Mount& mount);

}  // namespace signedvfs
