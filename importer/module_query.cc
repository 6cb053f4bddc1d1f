#include "importer/module_query.h"

#include <string_view>
#include <utility>

#include "importer/code_object.h"
#include "importer/library.h"
#include "importer/module_spec.h"
#include "importer/namespace_guard.h"

namespace signedvfs {

Result<ModuleQuery> ModuleQuery::create(const Finder& finder, PyObject* name) {
  ModuleQuery query(finder, name);
  SIGNEDVFS_TRY(query.name_stem());
  SIGNEDVFS_ASSIGN(query.opened_, finder.open());
  return query;
}

Result<ModuleQuery> ModuleQuery::search(const Finder& finder, PyObject* name) {
  ModuleQuery query(finder, name);
  SIGNEDVFS_TRY(query.name_stem());
  Result<OpenedArchive> opened = finder.open();
  if (opened.ok()) {
    query.opened_ = std::move(opened).value();
    return query;
  }
  if (opened.code() == Errc::kPython) return std::move(opened).status();
  const Meaning meaning = finder.meaning_of(query.stem_);
  if (meaning == Meaning::kNo) return query;
  const Library library = meaning == Meaning::kUnknown ? Library::kInstalled : Library::kOwn;
  Result<PyRef> found = find_in_library(query.system(), name, library);
  if (!found.ok() && PyErr_ExceptionMatches(PyExc_ModuleNotFoundError) != 0) return found.status();
  if (!found.ok()) PyErr_Clear();  // the refusal is what matters
  if (!found.ok() || found->get() == Py_None) return std::move(opened).status();
  query.instead_ = std::move(found).value();
  return query;
}

Status ModuleQuery::name_stem() {
  SIGNEDVFS_ASSIGN(const std::string dotted, utf8_of(name_));
  stem_ = finder_->location().prefix;
  tail_ = stem_.size();
  stem_.append(dotted, dotted.rfind('.') + 1);  // npos + 1 is the beginning
  return {};
}

// look_up finds the module's files.
Status ModuleQuery::look_up() {
  if (opened_.vfs == nullptr || stem_.size() == tail_) return {};
  SIGNEDVFS_ASSIGN(files_,
                   find_module(opened_.vfs->listing(), stem_, search_order(opened_.is_directory),
                               finder_->state().extension_suffixes));
  return {};
}

Result<PyRef> ModuleQuery::spec(PyObject* loader) {
  if (instead_) return std::move(instead_);
  SIGNEDVFS_TRY(look_up());
  if (files_.empty()) return PyRef::borrow(Py_None);
  if (files_.extension) return extension_error(*files_.extension);
  PyRef location;
  if (files_.is_directory || files_.is_package) {
    SIGNEDVFS_ASSIGN(location, finder_->search_path_of(stem_));
  }
  if (files_.is_directory) {
    SIGNEDVFS_TRY(refuse_replacement(system(), finder_->state().finder_type, loader, name_));
    return make_namespace_spec(system(), name_, location.get());
  }

  Result<ModuleContent> loaded = read_code();
  if (!loaded.ok() && loaded.code() != Errc::kNoCode) return std::move(loaded).status();
  // Code that is genuine but of no use here is found all the same; executing it is the error.
  const std::string& entry = loaded.ok() ? loaded->file.entry : files_.code.back().entry;
  SIGNEDVFS_ASSIGN(const PyRef origin, finder_->path_of(entry));
  if (loaded.ok()) {
    finder_->state().pending.put(opened_.vfs, stem_, std::move(loaded).value());
  }
  return make_spec(system(), name_, loader, origin.get(), location.get());
}

std::optional<Location> ModuleQuery::submodules() const {
  if (!files_.is_package && !files_.is_directory) return std::nullopt;
  Location below = finder_->location();
  below.prefix = stem_ + '/';
  return below;
}

Result<PyRef> ModuleQuery::code() {
  SIGNEDVFS_ASSIGN(const ModuleContent loaded, load());
  return code_of(loaded);
}

Result<PyRef> ModuleQuery::code_of(const ModuleContent& loaded) {
  // Functions name the source that people know, also where it is bytecode that runs.
  std::string_view source = loaded.file.entry;
  if (loaded.file.is_bytecode) source.remove_suffix(1);
  SIGNEDVFS_ASSIGN(const PyRef filename, finder_->path_of(source));
  Result<PyRef> code = loaded.file.is_bytecode
                           ? unmarshal_code(system(), loaded.content, filename.get())
                           : compile_source(system(), loaded.content, filename.get());
  if (!code.ok()) return unusable(code.status());
  return code;
}

Status ModuleQuery::execute(PyObject* module) {
  // The content is given back before the module runs, and imports others.
  std::optional<ModuleContent> content;
  SIGNEDVFS_ASSIGN(content, load());
  const bool is_package = content->is_package;
  const Collector::Burst burst(finder_->state().collector, content->content.size());
  SIGNEDVFS_ASSIGN(const PyRef code, code_of(*content));
  content.reset();
  if (opened_.prefetch != nullptr) {
    SIGNEDVFS_TRY(opened_.prefetch->about_to_run(code.get(), name_, stem_, is_package));
  }
  return run_code(system(), code.get(), module);
}

Result<PyRef> ModuleQuery::source() {
  SIGNEDVFS_TRY(require_code());
  for (const ModuleFile& file : files_.code) {
    if (file.is_bytecode) continue;
    member_ = file.entry;
    SIGNEDVFS_ASSIGN(const VerifiedBytes content, finder_->read(opened_, file.entry));
    SIGNEDVFS_ASSIGN(const PyRef filename, finder_->path_of(file.entry));
    return decode_source(content, name_, filename.get());
  }
  return PyRef::borrow(Py_None);
}

Result<PyRef> ModuleQuery::filename() {
  SIGNEDVFS_ASSIGN(ModuleContent loaded, load());
  const std::string entry = loaded.file.entry;
  finder_->state().pending.put(opened_.vfs, stem_, std::move(loaded));
  return finder_->path_of(entry);
}

Result<bool> ModuleQuery::is_package() {
  SIGNEDVFS_TRY(require_code());
  return files_.is_package;
}

// load returns the module's code, from `find_spec`'s reading where that is still there.
Result<ModuleContent> ModuleQuery::load() {
  if (opened_.vfs != nullptr) {
    if (auto pending = finder_->state().pending.take(*opened_.vfs, stem_)) {
      member_ = pending->file.entry;
      return *std::move(pending);
    }
  }
  SIGNEDVFS_TRY(require_code());
  Result<ModuleContent> loaded = read_code();
  if (!loaded.ok()) return unusable(loaded.status());
  return loaded;
}

Result<ModuleContent> ModuleQuery::read_code() {
  Status reason(Errc::kNoCode, "no file holds its code");
  for (const ModuleFile& file : files_.code) {
    member_ = file.entry;
    SIGNEDVFS_ASSIGN(VerifiedBytes content, finder_->read(opened_, file.entry));
    if (file.is_bytecode) {
      Status fits = check_bytecode(system(), content);
      if (fits.code() == Errc::kNoCode) {
        reason = std::move(fits);
        continue;
      }
      SIGNEDVFS_TRY(std::move(fits));
      SIGNEDVFS_ASSIGN(const bool stale, is_stale(content));
      if (stale) continue;
      member_ = file.entry;
    }
    return ModuleContent{file, files_.is_package, std::move(content)};
  }
  return reason;
}

Result<bool> ModuleQuery::is_stale(const VerifiedBytes& pyc) {
  SIGNEDVFS_ASSIGN(const bool check, wants_source_check(system(), pyc));
  if (!check) return false;
  for (const ModuleFile& file : files_.code) {
    if (file.is_bytecode) continue;
    member_ = file.entry;
    SIGNEDVFS_ASSIGN(const VerifiedBytes source, finder_->read(opened_, file.entry));
    SIGNEDVFS_ASSIGN(const bool fits, fits_source(system(), pyc, source));
    return !fits;
  }
  return false;  // without a source there is nothing that it could contradict
}

// require_code looks the module up, and fails where nothing that holds code is listed for it.
Status ModuleQuery::require_code() {
  SIGNEDVFS_TRY(look_up());
  if (!files_.code.empty()) return {};
  if (files_.extension) return extension_error(*files_.extension);
  SIGNEDVFS_ASSIGN(const PyRef path, text_of_path(finder_->location().archive));
  return set_import_error(
      "can't find module " + in_quotes(stem_) + " in " + in_quotes(finder_->location().archive),
      name_, path.get());
}

Status ModuleQuery::unusable(const Status& reason) const {
  if (reason.code() != Errc::kNoCode) return reason;
  SIGNEDVFS_ASSIGN(const PyRef path, text_of_path(finder_->location().archive));
  return set_import_error("module load failed: " + in_quotes(member_) + " in " +
                              in_quotes(finder_->location().archive) +
                              " has no code for this Python (" + reason.what() +
                              "), and no source is listed beside it; rebuild the archive with this "
                              "Python, or keep its sources",
                          name_, path.get(), reason.what());
}

Status ModuleQuery::extension_error(const std::string& extension) const {
  SIGNEDVFS_ASSIGN(const PyRef path, finder_->path_of(extension));
  return set_import_error(
      "extension modules inside archives cannot be loaded yet: " + in_quotes(extension) + " in " +
          in_quotes(finder_->location().archive) + "; install it beside the archive",
      name_, path.get());
}

}  // namespace signedvfs
