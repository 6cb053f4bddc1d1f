// Opening what goes by its manifest's lines: the manifest first, everything else only after it.
// Private to vfs/.
#pragma once

#include <memory>
#include <string>

#include "archive/base/byte_source.h"
#include "archive/base/status.h"
#include "archive/foreign/archive.h"
#include "archive/members/container.h"
#include "vfs/manifest/manifest.h"
#include "vfs/trust.h"

namespace signedvfs {

// Listed is a manifest whose signatures satisfied a policy, and what it lists.
struct Listed {
  std::unique_ptr<const Container> container;
  std::shared_ptr<const Manifest> manifest;
  std::string root;  // "role/" of a detached manifest, whose lines below it are meant; else empty
};

// open_listed_zip reads the manifest, which must be the last member of the zip archive `source`,
// and checks it under `trust`; only then it reads the directory, of which no more than the manifest
// can account for. Fails with `kNoManifest` where another member is the last.
Result<Listed> open_listed_zip(std::shared_ptr<const ByteSource> source, const std::string& path,
                               const Trust& trust);

// open_listed_foreign decodes an archive of another format, once, from front to back. Its first
// file must be the manifest; it is checked under `trust` before anything behind it is decoded, an
// unlisted file ends the decoding, and each listed one is compared with its digest as it comes.
Result<Listed> open_listed_foreign(std::unique_ptr<const ByteSource> source, ForeignKind kind,
                                   const std::string& path, const Trust& trust);

// open_listed reads the manifest of a container that is open, at most `manifest_bytes` of it, and
// checks it under `trust`.
Result<Listed> open_listed(std::unique_ptr<const Container> container, const Trust& trust);

}  // namespace signedvfs
