#include "archive/opening.h"

#include <utility>

#include "archive/base/file_mode.h"
#include "archive/directory_tree.h"
#include "archive/format_sniffer.h"
#include "archive/os/file_source.h"
#include "archive/os/opened_file.h"
#include "archive/zip/archive.h"

namespace signedvfs {

Result<OpenedPath> open_path(const std::string& path, const Limits& limits) {
  SIGNEDVFS_ASSIGN(OpenedFile opened, open_for_reading(path));
  OpenedPath out;
  if (type_of(opened.mode) == kDirectoryType) {
    SIGNEDVFS_ASSIGN(out.directory,
                     DirectoryTree::over(std::move(opened.descriptor), path, limits));
    return out;
  }
  SIGNEDVFS_ASSIGN(std::unique_ptr<const ByteSource> source,
                   open_descriptor(std::move(opened.descriptor), path, limits.archive_bytes));
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
  SIGNEDVFS_ASSIGN(OpenedFile opened, open_for_reading(path));
  if (type_of(opened.mode) != kRegularType) return false;
  SIGNEDVFS_ASSIGN(const std::unique_ptr<const ByteSource> source,
                   open_descriptor(std::move(opened.descriptor), path, UINT64_MAX));
  SIGNEDVFS_ASSIGN(const Sniffed sniffed, sniff(*source));
  return sniffed.format != Format::kNone;
}

Result<StatedNames> names_in(const std::string& path, const Limits& limits) {
  SIGNEDVFS_ASSIGN(std::shared_ptr<const ByteSource> source, open_file(path, limits.archive_bytes));
  SIGNEDVFS_ASSIGN(const Sniffed sniffed, sniff(*source));
  StatedNames out;
  out.is_archive = sniffed.format != Format::kNone;
  if (sniffed.format != Format::kZip) return out;
  const auto archive = open_sniffed_zip(std::move(source), path, limits);
  if (!archive.ok()) return out;
  SIGNEDVFS_ASSIGN(out.names, archive.value()->names());
  return out;
}

}  // namespace signedvfs
