#include "importer/finders/finder.h"

#include <optional>
#include <utility>

#include "archive/members/names.h"
#include "archive/os/file_status.h"
#include "importer/modules/listing.h"
#include "importer/python/audit.h"

namespace signedvfs {
namespace {

Status no_such_data(const std::string& key) {
  SIGNEDVFS_ASSIGN(const PyRef name, text_of_utf8(key));
  SIGNEDVFS_ASSIGN(const PyRef arguments, owned(Py_BuildValue("(isO)", 0, "", name.get())));
  PyErr_SetObject(PyExc_OSError, arguments.get());
  return python_error();
}

// check_place refuses a place inside of a signed tree that is named like an archive and that the
// tree does not have as a directory: an archive was there, or belongs there.
Status check_place(const OpenedArchive& opened, const Location& location) {
  if (opened.vfs == nullptr) return {};
  const std::string_view inside =
      std::string_view(location.prefix).substr(0, location.prefix.size() - 1);
  SIGNEDVFS_ASSIGN(const bool is_there, opened.vfs->listing().has_directory(inside));
  if (is_there) return {};
  return {Errc::kUnlistedMember, in_quotes(location.archive) + " has no directory " +
                                     in_quotes(inside) + ", whose name is an archive's"};
}

#if PY_VERSION_HEX < 0x030c0000
// is_brief tells whether reading takes less time than other threads could make use of. importlib
// asks finders under the import lock; up to 3.11 the interpreter frees that at its end while daemon
// threads wait for it, as they do only where we let them run.
Result<bool> has_few_bytes(const OpenedArchive& opened, const std::string& entry) {
  constexpr std::uint64_t kFew = 64 << 10;
  // To ask a directory for a size is to open the file, which takes as long as to read it.
  if (opened.is_directory) return entry.ends_with(".py") || entry.ends_with(".pyc");
  SIGNEDVFS_ASSIGN(const std::uint64_t size, opened.vfs->size_of(entry));
  return size <= kFew;
}

bool is_brief(const OpenedArchive& opened, const std::string& entry) {
  const Result<bool> few = has_few_bytes(opened, entry);
  return few.ok() && *few;
}
#else
bool is_brief(const OpenedArchive& /*opened*/, const std::string& /*entry*/) { return false; }
#endif

}  // namespace

Result<OpenedArchive> Finder::open() const {
  if (!location_.trouble.ok()) return location_.trouble;
  SIGNEDVFS_ASSIGN(OpenedArchive opened, open_archive(*state_, location_.absolute));
  if (is_in_named_place_) SIGNEDVFS_TRY(check_place(opened, location_));
  return opened;
}

Meaning Finder::meaning_of(const std::string& stem) const {
  if (!state_->is_scoped() && !state_->leaves_nothing) return Meaning::kYes;
  if (!location_.trouble.ok()) {
    const bool is_named = has_archive_name(location_.archive);
    return state_->leaves_nothing && !is_named ? Meaning::kNo : Meaning::kYes;
  }
  return without_gil([&] {
    const Registry& registry = state_->registry;
    const std::string& absolute = location_.absolute;
    // Where nothing is, and nothing was, nobody else gets a chance that the rest has not.
    const bool is_missing = status_of_link(absolute).is_missing();
    if (state_->leaves_nothing && is_missing && registry.last_in_use(absolute) == nullptr) {
      return Meaning::kNo;
    }
    const Suspect suspect{absolute, registry.last_in_use(absolute), registry.known_names(absolute)};
    return state_->suspects.meaning_of(suspect, stem, state_->module_suffixes);
  });
}

Status Finder::invalidate_caches() const {
  if (location_.trouble.ok()) {
    state_->registry.look_again(location_.absolute);
    return {};
  }
  const PyRef cache = sys_object("path_importer_cache");
  if (!cache || PyDict_Check(cache.get()) == 0) return {};
  SIGNEDVFS_ASSIGN(const PyRef path, text_of_path(location_.archive));
  if (PyDict_DelItem(cache.get(), path.get()) < 0) PyErr_Clear();  // somebody was faster
  return {};
}

Result<VerifiedBytes> Finder::read(const OpenedArchive& opened, const std::string& entry) const {
  std::optional<VerifiedBytes> ready;
  if (opened.prefetch != nullptr) ready = opened.prefetch->take(entry);
  if (!ready) {
    const auto read = [&] { return opened.vfs->read(entry); };
    SIGNEDVFS_ASSIGN(ready, is_brief(opened, entry) ? read() : without_gil(read));
  }
  SIGNEDVFS_TRY(audit_verify(opened.vfs->path(), entry));
  return *std::move(ready);
}

Result<PyRef> Finder::path_of(std::string_view entry) const {
  // Every module needs two or three of these; nearly all are ASCII, whatever the encodings.
  if (is_ascii(location_.archive) && is_ascii(entry)) {
    return text_of_utf8(std::string(location_.archive).append("/").append(entry));
  }
  SIGNEDVFS_ASSIGN(const PyRef archive, text_of_path(location_.archive));
  SIGNEDVFS_ASSIGN(const PyRef inside, text_of_utf8(entry));
  return owned(PyUnicode_FromFormat("%U/%U", archive.get(), inside.get()));
}

Result<PyRef> Finder::search_path_of(std::string_view entry) const {
  if (location_.archive.starts_with('/') || state_->hook_used) return path_of(entry);
  SIGNEDVFS_ASSIGN(const PyRef archive, text_of_path(location_.absolute));
  SIGNEDVFS_ASSIGN(const PyRef inside, text_of_utf8(entry));
  return owned(PyUnicode_FromFormat("%U/%U", archive.get(), inside.get()));
}

Result<PyRef> Finder::get_data(PyObject* path, std::string& member) const {
  SIGNEDVFS_ASSIGN(std::string key, utf8_of(path));
  // Modules are known by the path as it was given, and packages' directories by the absolute one.
  for (const std::string& spelled : {location_.archive, location_.absolute}) {
    SIGNEDVFS_ASSIGN(const PyRef archive, text_of_path(spelled));
    SIGNEDVFS_ASSIGN(std::string root, utf8_of(archive.get()));
    root += '/';
    if (root.size() == 1 || !key.starts_with(root)) continue;
    key.erase(0, root.size());
    break;
  }

  Result<OpenedArchive> asked = open();
  if (asked.code() == Errc::kNotFound) return no_such_data(key);  // gone, with all its files
  SIGNEDVFS_ASSIGN(const OpenedArchive opened, std::move(asked));
  if (opened.vfs == nullptr) return no_such_data(key);
  SIGNEDVFS_ASSIGN(const bool is_file, opened.vfs->contains(key));
  if (!is_file) {
    bool is_directory = false;
    if (key.size() > 1 && key.back() == '/') {
      SIGNEDVFS_ASSIGN(is_directory,
                       opened.vfs->listing().has_directory(key.substr(0, key.size() - 1)));
    }
    return is_directory ? owned(PyBytes_FromStringAndSize(nullptr, 0)) : no_such_data(key);
  }
  member = key;
  SIGNEDVFS_ASSIGN(const VerifiedBytes content, read(opened, key));
  return owned(PyBytes_FromStringAndSize(reinterpret_cast<const char*>(content.bytes().data()),
                                         static_cast<Py_ssize_t>(content.size())));
}

Result<PyRef> Finder::list_modules(PyObject* name_prefix) const {
  SIGNEDVFS_ASSIGN(PyRef out, owned(PyList_New(0)));
  const Result<OpenedArchive> asked = open();
  // Beside what is refused below given roots others are listed.
  if (!asked.ok() && asked.code() != Errc::kPython && state_->is_scoped()) return out;
  if (!asked.ok()) return asked.status();
  const OpenedArchive& opened = asked.value();
  if (opened.vfs == nullptr) return out;
  SIGNEDVFS_ASSIGN(
      const std::vector<ListedModule> modules,
      signedvfs::list_modules(opened.vfs->listing(), location_.prefix, state_->module_suffixes));
  for (const ListedModule& module : modules) {
    SIGNEDVFS_ASSIGN(const PyRef name, text_of_utf8(module.name));
    SIGNEDVFS_ASSIGN(const PyRef whole, owned(PyNumber_Add(name_prefix, name.get())));
    SIGNEDVFS_ASSIGN(
        const PyRef item,
        owned(Py_BuildValue("(OO)", whole.get(), module.is_package ? Py_True : Py_False)));
    if (PyList_Append(out.get(), item.get()) < 0) return python_error();
  }
  return out;
}

}  // namespace signedvfs
