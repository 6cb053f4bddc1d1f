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
#include "vfs/trust.h"

namespace signedvfs {

// ImportState is shared by the path hook of an interpreter and all its finders.
struct ImportState {
  // create asks the interpreter what it needs to know for good. Needs the GIL.
  static Result<std::shared_ptr<ImportState>> create(std::function<Result<Trust>()> trust);

  // trust returns the policy and the limits in force. Called with the GIL; the result holds no
  // Python object.
  std::function<Result<Trust>()> trust;

  ImportSystem system;

  // extension_suffixes are the endings of native modules for exactly this interpreter.
  std::vector<std::string> extension_suffixes;

  // module_suffixes are those and the endings of source and bytecode.
  std::vector<std::string> module_suffixes;

  // hook_used turns true when the path hook is first called.
  std::atomic<bool> hook_used = false;

  Collector collector;
  Registry registry;
  PendingReads pending;
};

// open_archive answers for the archive or signed directory at `absolute`, from what is known or by
// opening it; then with the audit events `open` and `signedvfs.verify`. Needs the GIL, and releases
// it while it opens.
Result<OpenedArchive> open_archive(ImportState& state, const std::string& absolute);

}  // namespace signedvfs
