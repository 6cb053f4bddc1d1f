// Everything that Python asks about one module of one finder.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "archive/base/status.h"
#include "importer/finders/finder.h"
#include "importer/modules/lookup.h"
#include "importer/modules/pending_reads.h"
#include "importer/python/object.h"

namespace signedvfs {

// ModuleQuery is a question about one module. It is a local variable of whoever asks: it borrows
// the finder and the name, and belongs to one thread. All functions need the GIL. A name that the
// manifest does not have is an ImportError, but for `spec`; content that departs from the manifest
// fails with what is wrong, and nothing else is tried in its place.
class ModuleQuery {
 public:
  // create opens the archive for a question about the last part of the dotted name `name` (a str).
  static Result<ModuleQuery> create(const Finder& finder, PyObject* name);

  // search does the same for whoever looks for a module where it may or may not be. Where the
  // archive was refused, `spec` then returns what may be imported all the same (find_in_library),
  // or None for what the archive cannot have meant; for all else search fails with the refusal.
  static Result<ModuleQuery> search(const Finder& finder, PyObject* name);

  // spec returns the module's spec, with `loader` as its loader, or None.
  Result<PyRef> spec(PyObject* loader);

  // submodules returns where a package's or namespace portion's submodules are; nothing for others.
  // To be asked after `spec`.
  std::optional<Location> submodules() const;

  // create returns the module for `spec` where it is an extension module; empty: it is none, and
  // any module will do.
  Result<PyRef> create(PyObject* spec);

  // preload has the module's native code loaded, and that of everything below it where it is a
  // package, and returns a list of the members. Nothing is imported.
  Result<PyRef> preload();

  // code returns the code object; None: an extension module has none.
  Result<PyRef> code();

  // execute runs the code in the namespace of `module`.
  Status execute(PyObject* module);

  // source returns the text of the module, or None where only bytecode is listed, or native code.
  Result<PyRef> source();

  // filename returns the path of the file that the code comes from.
  Result<PyRef> filename();

  Result<bool> is_package();

  // member is the entry that was read last, for errors.
  const std::string& member() const& noexcept { return member_; }

 private:
  ModuleQuery(const Finder& finder, PyObject* name) noexcept : finder_(&finder), name_(name) {}

  const ImportSystem& system() const noexcept { return finder_->state().system; }
  const SearchOrder& order() const noexcept {
    return finder_->state().search_order(opened_.is_directory);
  }
  Status name_stem();
  Status look_up();
  Result<std::string> load_native(const std::string& entry);
  Result<ModuleContent> read_code();
  Result<ModuleContent> load();
  std::optional<ModuleContent> take_pending();
  Result<PyRef> code_of(const ModuleContent& loaded);
  Result<bool> is_stale(const VerifiedBytes& pyc);
  Status require_module();
  Status unusable(const Status& reason) const;
  Status unloadable(const Status& reason, PyObject* path) const;

  const Finder* finder_;
  PyObject* name_;
  std::string stem_;      // the path inside the archive that the name stands for
  std::size_t tail_ = 0;  // where its last part begins
  OpenedArchive opened_;
  ModuleFiles files_;  // what `look_up` has found
  PyRef instead_;      // the spec of a library's module, where the archive was refused
  std::string member_;
};

}  // namespace signedvfs
