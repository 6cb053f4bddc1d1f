#include "importer/finders/query.h"

#include <algorithm>
#include <string_view>
#include <utility>
#include <vector>

#include "importer/finders/namespace_guard.h"
#include "importer/modules/code_object.h"
#include "importer/modules/spec.h"
#include "importer/native/extension_module.h"
#include "importer/native/loading.h"
#include "importer/paths/library.h"
#include "importer/python/convert.h"

namespace signedvfs {
namespace {

// is_extension_name tells whether a member is an extension module for this interpreter: its name up
// to the first dot is a module's, and the rest one of `suffixes`.
bool is_extension_name(std::string_view path, const std::vector<std::string>& suffixes) {
  const std::string_view name = path.substr(path.rfind('/') + 1);
  const std::size_t dot = name.find('.');
  return dot != std::string_view::npos && dot != 0 &&
         std::find(suffixes.begin(), suffixes.end(), name.substr(dot)) != suffixes.end();
}

}  // namespace

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
  if (finder.state().leaves_nothing) return std::move(opened).status();
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
  SIGNEDVFS_ASSIGN(files_, find_module(opened_.vfs->listing(), stem_, order(),
                                       finder_->state().extension_suffixes));
  return {};
}

Result<PyRef> ModuleQuery::spec(PyObject* loader) {
  if (instead_) return std::move(instead_);
  SIGNEDVFS_TRY(look_up());
  if (files_.empty()) return PyRef::borrow(Py_None);
  PyRef location;
  if (files_.is_directory || files_.is_package) {
    SIGNEDVFS_ASSIGN(location, finder_->search_path_of(stem_));
  }
  if (files_.is_directory) {
    if (!finder_->state().leaves_nothing) {
      SIGNEDVFS_TRY(refuse_replacement(system(), finder_->state().finder_type, loader, name_));
    }
    return make_namespace_spec(system(), name_, location.get());
  }

  if (files_.extension) {
    SIGNEDVFS_ASSIGN(const PyRef file, finder_->path_of(*files_.extension));
    return make_spec(system(), name_, loader, file.get(), location.get());
  }

  Result<ModuleContent> loaded = read_code();
  if (!loaded.ok() && loaded.code() != Errc::kNoCode) return std::move(loaded).status();
  // Code that is genuine but of no use here is found all the same; executing it is the error.
  const std::string& entry = loaded.ok() ? loaded->file.shown() : files_.code.back().shown();
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

// load_native has the member `entry` loaded, and returns the path that it is loaded under.
Result<std::string> ModuleQuery::load_native(const std::string& entry) {
  member_ = entry;
  SIGNEDVFS_ASSIGN(const int flags, loading_flags());
  SIGNEDVFS_ASSIGN(Trust trust, finder_->state().trust());
  const LibrarySource source{opened_.vfs, finder_->location().absolute,
                             std::move(trust.policy.native), opened_.prefetch,
                             kind_of(opened_.is_directory, opened_.is_own_library)};
  Result<std::string> loaded = load_member(source, entry, flags);
  if (loaded.code() != Errc::kBadLibrary) return loaded;
  SIGNEDVFS_ASSIGN(const PyRef origin, finder_->path_of(entry));
  return unloadable(loaded.status(), origin.get());
}

Result<PyRef> ModuleQuery::create(PyObject* spec) {
  SIGNEDVFS_TRY(look_up());
  if (!files_.extension) return PyRef();
  SIGNEDVFS_ASSIGN(const std::string loaded, load_native(*files_.extension));
  SIGNEDVFS_ASSIGN(const PyRef origin, finder_->path_of(*files_.extension));
  return create_extension(system(), spec, loaded, origin.get());
}

Result<PyRef> ModuleQuery::preload() {
  SIGNEDVFS_TRY(look_up());
  std::vector<std::string> entries;
  if (files_.extension) entries.push_back(*files_.extension);
  if (opened_.vfs != nullptr && (files_.is_package || files_.is_directory)) {
    const std::vector<std::string>& suffixes = finder_->state().extension_suffixes;
    const PathKey below(stem_, "/");
    const Listing& listing = opened_.vfs->listing();
    SIGNEDVFS_ASSIGN(Listing::Place place, listing.first_not_before(below));
    for (; !place.at_end && below.begins(place.path);) {
      if (is_extension_name(place.path, suffixes)) entries.emplace_back(place.path);
      SIGNEDVFS_ASSIGN(place, listing.after(place));
    }
  }
  for (const std::string& entry : entries) {
    if (const Result<std::string> loaded = load_native(entry); !loaded.ok()) {
      return loaded.status();
    }
  }
  return text_list(entries);
}

Result<PyRef> ModuleQuery::code() {
  if (const auto ready = take_pending()) return code_of(*ready);
  SIGNEDVFS_TRY(require_module());
  if (files_.extension) return PyRef::borrow(Py_None);
  SIGNEDVFS_ASSIGN(const ModuleContent loaded, load());
  return code_of(loaded);
}

Result<PyRef> ModuleQuery::code_of(const ModuleContent& loaded) {
  // Functions name the source that people know, also where it is bytecode that runs.
  std::string_view source = loaded.file.shown();
  if (source.ends_with(".pyc")) source.remove_suffix(1);
  SIGNEDVFS_ASSIGN(const PyRef filename, finder_->path_of(source));
  Result<PyRef> code = loaded.file.is_bytecode
                           ? unmarshal_code(system(), loaded.content, filename.get())
                           : compile_source(system(), loaded.content, name_, filename.get());
  if (!code.ok()) return unusable(code.status());
  return code;
}

Status ModuleQuery::execute(PyObject* module) {
  // The content is given back before the module runs, and imports others.
  std::optional<ModuleContent> content = take_pending();
  if (!content) {
    SIGNEDVFS_TRY(require_module());
    if (files_.extension) return execute_extension(system(), module);
    SIGNEDVFS_ASSIGN(content, load());
  }
  const bool is_package = content->is_package;
  const Collector::Burst burst(finder_->state().collector, content->content.size());
  SIGNEDVFS_ASSIGN(const PyRef code, code_of(*content));
  content.reset();
  if (opened_.prefetch != nullptr) {
    SIGNEDVFS_TRY(opened_.prefetch->about_to_run(code.get(), name_, stem_, is_package, order(),
                                                 finder_->state().extension_suffixes));
  }
  return run_code(system(), code.get(), module);
}

Result<PyRef> ModuleQuery::source() {
  SIGNEDVFS_TRY(require_module());
  if (files_.extension) return PyRef::borrow(Py_None);
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
  std::optional<ModuleContent> loaded = take_pending();
  if (!loaded) {
    SIGNEDVFS_TRY(require_module());
    if (files_.extension) return finder_->path_of(*files_.extension);
    SIGNEDVFS_ASSIGN(loaded, load());
  }
  const std::string entry = loaded->file.shown();
  finder_->state().pending.put(opened_.vfs, stem_, *std::move(loaded));
  return finder_->path_of(entry);
}

Result<bool> ModuleQuery::is_package() {
  SIGNEDVFS_TRY(require_module());
  return files_.is_package;
}

// take_pending returns what find_spec has read, where that is still there.
std::optional<ModuleContent> ModuleQuery::take_pending() {
  if (opened_.vfs == nullptr) return std::nullopt;
  std::optional<ModuleContent> pending = finder_->state().pending.take(*opened_.vfs, stem_);
  if (pending) member_ = pending->file.entry;
  return pending;
}

// load reads the module's code.
Result<ModuleContent> ModuleQuery::load() {
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

// require_module looks the module up, and fails where nothing that holds code is listed for it.
Status ModuleQuery::require_module() {
  SIGNEDVFS_TRY(look_up());
  if (files_.extension || !files_.code.empty()) return {};
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

Status ModuleQuery::unloadable(const Status& reason, PyObject* path) const {
  std::string message = "cannot load " + in_quotes(member_) + " from " +
                        in_quotes(finder_->location().archive) + ": " + reason.what();
  if (!reason.advice().empty()) message += ". " + reason.advice();
  return set_import_error(message, name_, path);
}

}  // namespace signedvfs
