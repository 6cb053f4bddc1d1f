// Everything that the importer of one interpreter remembers.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "archive/status.h"
#include "importer/collector.h"
#include "importer/import_system.h"
#include "importer/pending_reads.h"
#include "importer/registry.h"
#include "importer/suspects.h"
#include "vfs/trust.h"

namespace signedvfs {

// ImportState is shared by a path hook and all its finders. An interpreter has one for its hook
// over all archives, and one for each set of roots that a hook was made for.
struct ImportState {
  using FetchTrust = std::function<Result<Trust>()>;

  // create asks the interpreter what it needs to know for good. `roots` are absolute paths, fixed
  // now; none: whatever is an archive is ours. Needs the GIL.
  // `finder_type` is the class of the finders, which outlives the interpreter's modules.
  static Result<std::shared_ptr<ImportState>> create(PyTypeObject* finder_type, FetchTrust trust,
                                                     const std::vector<std::string>& roots = {});

  explicit ImportState(const std::vector<std::string>& given_roots);

  // is_scoped tells whether only what lies at or below `roots` is ours.
  bool is_scoped() const noexcept { return !roots.empty(); }

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
Result<OpenedArchive> open_archive(ImportState& state, const std::string& absolute);

}  // namespace signedvfs
