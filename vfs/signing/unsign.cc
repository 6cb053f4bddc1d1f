// Removing a manifest, and an index, and keeping everything else.
#include <utility>
#include <vector>

#include "archive/opening.h"
#include "archive/os/file_status.h"
#include "archive/os/processors.h"
#include "archive/workers/in_order.h"
#include "vfs/signing/layout.h"
#include "vfs/signing/rebuild.h"
#include "vfs/signing/signer.h"
#include "vfs/signing/source.h"

namespace signedvfs {
namespace {

Status unsign_directory(const std::string& path) {
  const std::string manifest = path + "/" + std::string(kManifestName);
  return remove_file(manifest);
}

// What was written must hold what was read, and nothing else.
Status check_copy(const std::string& path, const Contents& contents, const Limits& limits) {
  SIGNEDVFS_ASSIGN(const auto copy, open_container(path, limits));
  SIGNEDVFS_ASSIGN(const std::vector<std::string> names, copy->names());
  if (names.size() != contents.members.size()) {
    return {Errc::kIo, path + ": other members were read back than were written"};
  }
  const auto bytes_of = [&](std::size_t i) { return copy->size_of(names[i]).value_or(0); };
  const auto digest = [&](std::size_t i) -> Result<Digest> {
    SIGNEDVFS_ASSIGN(const Buffer content, copy->read(names[i]));
    return digest_of(HashType::kSha256, content.bytes());
  };
  const auto compare = [&](std::size_t i, const Digest& found) -> Status {
    const auto written = contents.members.find(names[i]);
    if (written != contents.members.end() && written->second.content == found) return {};
    return {Errc::kIo, path + ": " + in_quotes(names[i]) + " was read back differently"};
  };
  return in_order<Digest>(names.size(), processors(), bytes_of, digest, compare);
}

}  // namespace

Result<std::vector<std::string>> unsign(const std::string& path,
                                        const std::optional<std::string>& output,
                                        const Limits& limits) {
  SIGNEDVFS_ASSIGN(Source opened, open_source(path, limits));
  const auto& source = opened.container;
  if (!source->size_of(kManifestName)) {
    return Status(Errc::kNoManifest, path + ": there is no " + std::string(kManifestName) +
                                         ", so there is nothing to remove");
  }
  if (!source->member_count()) {
    if (output) {
      return Status(Errc::kUsage,
                    path + ": a directory is unsigned where it stands, so give no output");
    }
    SIGNEDVFS_TRY(unsign_directory(path));
    return std::move(opened.vanishing);
  }
  if (!source->is_zip() && !output) {
    return Status(Errc::kUsage, path +
                                    " is no zip archive, and what is written is one: say where to "
                                    "write it (-o out.zip)");
  }

  Rebuild rebuild;
  rebuild.threads = processors();
  rebuild.limits = limits;
  rebuild.directories = opened.has_directories;
  rebuild.members = source.get();
  SIGNEDVFS_ASSIGN(rebuild.names, source->names());
  std::erase_if(rebuild.names, [](const std::string& name) { return is_reserved(name); });
  // What was signed with an order was laid out in it. A file that happens to be called so is kept.
  if (auto layout = layout_of(*source, rebuild.names); layout.ok()) {
    rebuild.names = std::move(layout->names);
  } else if (layout.code() != Errc::kUsage) {
    return std::move(layout).status();
  }
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
  SIGNEDVFS_TRY(rebuild_archive(rebuild));
  return std::move(opened.vanishing);
}

}  // namespace signedvfs
