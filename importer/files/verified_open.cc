#include "importer/files/verified_open.h"

#include <utility>

#include "importer/files/content.h"
#include "importer/paths/text.h"
#include "importer/python/audit.h"

namespace signedvfs {
namespace {

// What takes less time than other threads could make use of is read with the GIL.
constexpr std::uint64_t kBrief = 64 << 10;

Result<FileDescriptor> opened(Files& files, const Target& target) {
  if (target.kind == Target::Kind::kOwnFile) {
    return without_gil([&] { return open_archive_copy(*target.mount); });
  }
  const auto open = [&] {
    return files.sealed.open(target.opened->vfs, target.entry.name, target.entry.size,
                             [&] { return open_member(*target.opened->vfs, target.entry); });
  };
  return target.entry.size <= kBrief ? open() : without_gil(open);
}

}  // namespace

Status no_update(const Target& target) {
  return Status(Errc::kUnsupported, in_quotes(target.mount->absolute()) +
                                        " is an archive in use, and what would be read from its "
                                        "file by whoever may write to it is not verified")
      .advising("Open it for reading alone, or write another file and rename it.");
}

Result<FileDescriptor> open_verified(Files& files, const Target& target) {
  SIGNEDVFS_ASSIGN(FileDescriptor file, opened(files, target));
  SIGNEDVFS_TRY(audit_verify(target.mount->absolute(), target.entry.name));
  return file;
}

}  // namespace signedvfs
