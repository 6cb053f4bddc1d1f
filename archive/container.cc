#include "archive/container.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <utility>

#include "archive/byte_source.h"
#include "archive/directory_tree.h"
#include "archive/file_descriptor.h"
#include "archive/foreign.h"
#include "archive/format_sniffer.h"
#include "archive/system_error.h"
#include "archive/zip_archive.h"

namespace signedvfs {
namespace {

// Opened is what a path named at one moment; nothing looks at the path again.
struct Opened {
  FileDescriptor fd;
  mode_t mode = 0;
};

Result<Opened> open_file_or_directory(const std::string& path) {
  if (path.find('\0') != std::string::npos) {
    return Status(Errc::kUsage, in_quotes(path) + ": a path cannot have a NUL byte in it");
  }
  Opened opened;
  do {  // O_NONBLOCK: a FIFO without a writer, or a device, must not hang us before fstat(2)
    opened.fd = FileDescriptor(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  } while (!opened.fd && errno == EINTR);
  if (!opened.fd) {
    if (errno == ENXIO || errno == ENODEV) {
      return Status(Errc::kNotRegular, path + ": a socket or a device");
    }
    return system_failure(errno, path);
  }
  struct stat status{};
  if (::fstat(opened.fd.get(), &status) != 0) return system_failure(errno, path);
  opened.mode = status.st_mode;
  return opened;
}

}  // namespace

std::optional<std::size_t> Container::first_missing(
    std::size_t count, const std::function<std::string_view(std::size_t)>& name_at) const {
  for (std::size_t i = 0; i < count; ++i) {
    if (!size_of(name_at(i))) return i;
  }
  return {};
}

Result<StoredMember> Container::read_packed(std::string_view name) const {
  SIGNEDVFS_ASSIGN(Buffer content, read(name));
  StoredMember member;
  member.packed.crc32 = checksum(content.bytes());
  member.packed.size = content.size();
  member.packed.bytes = std::move(content);
  return member;
}

Result<OpenedPath> open_path(const std::string& path, const Limits& limits) {
  SIGNEDVFS_ASSIGN(Opened opened, open_file_or_directory(path));
  OpenedPath out;
  if (S_ISDIR(opened.mode)) {
    SIGNEDVFS_ASSIGN(out.directory, DirectoryTree::over(std::move(opened.fd), path, limits));
    return out;
  }
  SIGNEDVFS_ASSIGN(std::unique_ptr<const ByteSource> source,
                   open_descriptor(opened.fd.release(), path, limits.archive_bytes));
  SIGNEDVFS_ASSIGN(const Sniffed sniffed, sniff(*source));
  switch (sniffed.format) {
    case Format::kZip:
      out.zip = std::move(source);
      return out;
    case Format::kStream:
    case Format::kSevenZip:
      out.foreign = std::move(source);
      out.kind = sniffed.format == Format::kStream ? ForeignKind::kStream : ForeignKind::kSevenZip;
      return out;
    case Format::kOther:
      return Status(Errc::kUnsupported, path + ": " + std::string(sniffed.label) +
                                            " archives are not handled; zip and tar are");
    case Format::kNone:
      break;
  }
  return Status(Errc::kNotAnArchive, path + ": its bytes are those of no known archive format");
}

Result<std::unique_ptr<const Container>> open_container(const std::string& path,
                                                        const Limits& limits) {
  SIGNEDVFS_ASSIGN(OpenedPath opened, open_path(path, limits));
  if (opened.zip != nullptr) return open_sniffed_zip(std::move(opened.zip), path, limits);
  if (opened.foreign != nullptr) {
    return open_foreign(std::move(opened.foreign), opened.kind, path, limits);
  }
  return std::move(opened.directory);
}

Result<bool> resembles_archive(const std::string& path) {
  SIGNEDVFS_ASSIGN(Opened opened, open_file_or_directory(path));
  if (!S_ISREG(opened.mode)) return false;
  SIGNEDVFS_ASSIGN(const std::unique_ptr<const ByteSource> source,
                   open_descriptor(opened.fd.release(), path, UINT64_MAX));
  SIGNEDVFS_ASSIGN(const Sniffed sniffed, sniff(*source));
  return sniffed.format != Format::kNone;
}

}  // namespace signedvfs
