#include "vfs/signing/source.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "archive/lenient/archive.h"
#include "archive/opening.h"
#include "archive/zip/archive.h"
#include "vfs/manifest/manifest.h"

namespace signedvfs {

Result<Source> open_source(const std::string& path, const Limits& limits) {
  SIGNEDVFS_ASSIGN(OpenedPath opened, open_path(path, limits));
  Source out;
  if (opened.zip != nullptr) {
    constexpr std::array<std::string_view, 2> kRewritten{kManifestName, kIndexName};
    auto zip = open_lenient_zip(std::move(opened.zip), path, limits, kRewritten);
    if (zip.code() == Errc::kNotAnArchive) return why_no_zip(zip.status(), path);
    if (!zip.ok()) return std::move(zip).status();
    const std::vector<std::string>& repeated = zip->repeated;
    out.has_several_manifests =
        std::find(repeated.begin(), repeated.end(), kManifestName) != repeated.end();
    out.container = std::move(zip->container);
    out.has_directories = zip->has_directories;
    out.vanishing = std::move(zip->vanishing);
  } else if (opened.foreign != nullptr) {
    SIGNEDVFS_ASSIGN(out.container,
                     open_foreign(std::move(opened.foreign), opened.kind, path, limits));
  } else {
    out.container = std::move(opened.directory);
  }
  return out;
}

}  // namespace signedvfs
