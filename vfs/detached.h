// Manifests that stand outside of the directories whose files they list: for trees that are
// read-only or somebody else's, such as the interpreter's own library.
//
// A detached manifest speaks of one or more roots. Each has a role ("stdlib"), and the signed
// attribute `@roots` names them all; a member's path begins with the role of its root
// ("stdlib/os.py"). Where the roots are, whoever opens them says: so a manifest moves with the
// interpreter that it was made for. What it commits to keeps it from being used for another tree:
//
//   - A root is given in the role that was signed: the manifest of plugins is none of the library.
//   - It counts outside of trees only, and a manifest without `@roots` counts inside only.
//   - Files that differ from what is listed, or are not there, are refused when they are read;
//   files
//     that are not listed do not exist. Of another tree only what is the same can be used.
//   - A directory that has a manifest of its own must satisfy the same policy by that one, and both
//     must list the same files with the same digests.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "archive/base/buffer.h"
#include "archive/base/status.h"
#include "archive/directory_tree.h"
#include "vfs/signed_vfs.h"
#include "vfs/trust.h"

namespace signedvfs {

// kTreeRole is the role of a directory that stands for itself.
inline constexpr std::string_view kTreeRole = "tree";

// RootDirectory is a directory, in the role in which a detached manifest speaks of it.
struct RootDirectory {
  std::string role;
  std::string directory;

  // apart are directories below it, by their paths in it, that are none of its: nobody looks for
  // members there. It matters for signing and for `SignedVfs::unlisted` only.
  std::vector<std::string> apart;
};

// RootedVfs is a root as it was opened. Members are named by their paths in `directory`.
struct RootedVfs {
  std::string role;
  std::shared_ptr<const SignedVfs> vfs;
};

// open_roots reads the detached manifest `manifest` once, checks it under `trust`, and opens
// `roots` by it, in their order. The manifest may speak of more roots than those. Symbolic links
// that lead to files inside of a root are followed, others are refused. Fails with `kNoManifest`
// where there is no such file, `kWrongRoot` where it does not speak of a root, `kManifestMismatch`
// where a directory's own manifest lists anything else, `kUsage` for a role that is given twice,
// and with what is wrong with a manifest or directory otherwise. Any root that is refused refuses
// them all.
Result<std::vector<RootedVfs>> open_roots(const std::string& manifest,
                                          const std::vector<RootDirectory>& roots,
                                          const Trust& trust);

// open_roots_by does the same with the manifest's text; `manifest` is for messages.
Result<std::vector<RootedVfs>> open_roots_by(Buffer text, const std::string& manifest,
                                             const std::vector<RootDirectory>& roots,
                                             const Trust& trust);

// open_detached opens one directory by a detached manifest. Fails likewise.
Result<std::shared_ptr<const SignedVfs>> open_detached(const std::string& directory,
                                                       const std::string& manifest,
                                                       const Trust& trust,
                                                       std::string_view role = kTreeRole);

// tree_rules returns what belongs to `root`.
TreeRules tree_rules(const RootDirectory& root);

}  // namespace signedvfs
