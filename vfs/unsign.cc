// Removing a manifest, and an index, and keeping everything else.
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "archive/system_error.h"
#include "vfs/rebuild.h"
#include "vfs/signer.h"

namespace signedvfs {
namespace {

Status unsign_directory(const std::string& path) {
  const std::string manifest = path + "/" + std::string(kManifestName);
  if (::unlink(manifest.c_str()) != 0) return system_failure(errno, manifest);
  return {};
}

// What was written must hold what was read, and nothing else.
Status check_copy(const std::string& path, const Contents& contents, const Limits& limits) {
  SIGNEDVFS_ASSIGN(const auto copy, open_container(path, limits));
  SIGNEDVFS_ASSIGN(const std::vector<std::string> names, copy->names());
  if (names.size() != contents.members.size()) {
    return {Errc::kIo, path + ": other members were read back than were written"};
  }
  for (const auto& [name, written] : contents.members) {
    SIGNEDVFS_ASSIGN(const Buffer content, copy->read(name));
    SIGNEDVFS_ASSIGN(const Digest digest, digest_of(written.content.type(), content.bytes()));
    if (digest != written.content) {
      return {Errc::kIo, path + ": " + in_quotes(name) + " was read back differently"};
    }
  }
  return {};
}

}  // namespace

Status unsign(const std::string& path, const std::optional<std::string>& output,
              const Limits& limits) {
  SIGNEDVFS_ASSIGN(const auto source, open_container(path, limits));
  if (!source->size_of(kManifestName)) {
    return {Errc::kNoManifest, path + ": there is no " + std::string(kManifestName) +
                                   ", so there is nothing to remove"};
  }
  if (!source->member_count()) {
    if (!output) return unsign_directory(path);
    return {Errc::kUsage, path + ": a directory is unsigned where it stands, so give no output"};
  }
  if (!source->is_zip() && !output) {
    return {Errc::kUsage, path +
                              " is no zip archive, and what is written is one: say where to write "
                              "it (-o out.zip)"};
  }

  Rebuild rebuild;
  rebuild.members = source.get();
  SIGNEDVFS_ASSIGN(rebuild.names, source->names());
  std::erase_if(rebuild.names, [](const std::string& name) { return is_reserved(name); });
  if (source->prefix_bytes() > 0) {
    rebuild.prefix = [&](const Sink& sink) { return source->read_prefix(sink); };
  }
  if (output) {
    rebuild.output = *output;
  } else {
    SIGNEDVFS_ASSIGN(rebuild.output, resolved(path));
  }
  SIGNEDVFS_ASSIGN(rebuild.mode, permissions_of(path));
  rebuild.check = [&](const std::string& written, const Contents& contents) {
    return check_copy(written, contents, limits);
  };
  return rebuild_archive(rebuild);
}

}  // namespace signedvfs
