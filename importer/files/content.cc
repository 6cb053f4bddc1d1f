#include "importer/files/content.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include "archive/base/buffer.h"
#include "archive/os/opened_file.h"
#include "archive/os/sealed_memory.h"
#include "importer/paths/text.h"

namespace signedvfs {
namespace {

// signed_alike tells whether two archives bear the same signatures, and so the same statement.
bool signed_alike(const SignedVfs& one, const SignedVfs& other) {
  const auto same = [](const Signature& left, const Signature& right) {
    return left.fingerprint == right.fingerprint && left.value == right.value;
  };
  return std::equal(one.signatures().begin(), one.signatures().end(), other.signatures().begin(),
                    other.signatures().end(), same);
}

Result<FileDescriptor> copy_of_file(const std::string& path, std::uint64_t max_bytes) {
  SIGNEDVFS_ASSIGN(const OpenedFile file, open_for_reading(path));
  return sealed_copy("signedvfs", file.descriptor.get(), max_bytes, path);
}

}  // namespace

Result<FileDescriptor> open_member(const SignedVfs& vfs, const VirtualEntry& file) {
  SIGNEDVFS_ASSIGN(const VerifiedBytes content, vfs.read(file.name));
  return sealed_memory("signedvfs", content.bytes());
}

Result<FileDescriptor> open_archive_copy(const Mount& mount) {
  const auto opened = mount.opened();
  const std::string& path = mount.absolute();
  SIGNEDVFS_ASSIGN(FileDescriptor copy, copy_of_file(path, opened->trust.limits.archive_bytes));
  const std::string of_copy = path_of_descriptor(copy.get());
  auto vfs = SignedVfs::open(of_copy, opened->trust);
  Status checked = vfs.ok() ? (*vfs)->verify_all() : vfs.status();
  if (!checked.ok()) {
    return std::move(checked).in("the whole file " + in_quotes(path) + " was asked for");
  }
  if (!signed_alike(**vfs, *opened->vfs)) {
    return Status(Errc::kManifestMismatch,
                  in_quotes(path) + " is another archive than the one in use, whose place it took");
  }
  return copy;
}

}  // namespace signedvfs
