// Everything that the importer of one interpreter remembers.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "archive/base/status.h"
#include "importer/finders/registry.h"
#include "importer/finders/suspects.h"
#include "importer/modules/pending_reads.h"
#include "importer/python/collector.h"
#include "importer/python/import_system.h"
#include "importer/python/interpreter.h"
#include "vfs/trust.h"

namespace signedvfs {

// Importer is shared by a path hook and all its finders. An interpreter has one for its hook
// over all archives, and one for each set of roots that a hook was made for.
struct Importer {
  using FetchTrust = std::function<Result<Trust>()>;

  // create asks the interpreter what it needs to know for good. `roots` are absolute paths, fixed
  // now; none: whatever is an archive is ours. Needs the GIL.
  // The class of its finders outlives the interpreter's modules.
  static Result<std::shared_ptr<Importer>> create(const Interpreter& home, FetchTrust trust,
                                                  const std::vector<std::string>& roots = {});

  Importer(const Interpreter& home, const std::vector<std::string>& given_roots);

  // is_scoped tells whether only what lies at or below `roots` is ours.
  bool is_scoped() const noexcept { return !roots.empty(); }

  // leaves_nothing says that nobody else is asked for what is not found here (importer/guard):
  // nothing of a library without a signature may stand in for what is refused, and nothing
  // unsigned can replace what is signed.
  bool leaves_nothing = false;

  // trust returns the policy and the limits in force. Called with the GIL; the result holds no
  // Python object.
  FetchTrust trust;

  // roots are fixed; a child process learns once more of its parent's places for them, before it
  // imports anything.
  std::vector<Root> roots;

  PyTypeObject* finder_type = nullptr;
  ImportSystem system;

  // extension_suffixes are the endings of native modules for exactly this interpreter.
  std::vector<std::string> extension_suffixes;

  // module_suffixes are those and the endings of source and bytecode.
  std::vector<std::string> module_suffixes;

  // archive_order and directory_order say in which order files are looked for.
  SearchOrder archive_order;
  SearchOrder directory_order;

  const SearchOrder& search_order(bool is_directory) const noexcept {
    return is_directory ? directory_order : archive_order;
  }

  // hook_used turns true when the path hook is first called.
  std::atomic<bool> hook_used = false;

  Collector collector;
  Registry registry;
  Suspects suspects;
  PendingReads pending;
};

// open_archive answers for the archive or signed directory at `absolute`, from what is known or by
// opening it; then with the audit events `open` and `signedvfs.verify`. Needs the GIL, and releases
// it while it opens.
Result<OpenedArchive> open_archive(Importer& state, const std::string& absolute);

}  // namespace signedvfs
