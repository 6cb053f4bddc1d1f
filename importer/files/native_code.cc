// Native code that is loaded by a path, or by a library's name: the linker gets the path of what
// has been loaded from sealed memory (importer/native).
#include <string>
#include <string_view>
#include <utility>

#include "archive/os/dynamic_linker.h"
#include "importer/files/answering.h"
#include "importer/files/answers.h"
#include "importer/native/extension_module.h"
#include "importer/native/loading.h"
#include "importer/native/system_libraries.h"
#include "importer/python/convert.h"
#include "importer/python/import_system.h"
#include "importer/python/raised.h"
#include "importer/python/vouched_path.h"

namespace signedvfs {
namespace {

constexpr Parameter kLibraryName{0, nullptr};

// Member is a file of an archive in use.
struct Member {
  std::shared_ptr<Mount> mount;
  std::shared_ptr<const Mount::Opened> opened;
  std::string name;
};

Result<std::string> load(const Member& member, int flags) {
  LibrarySource source{member.opened->vfs, member.mount->absolute(),
                       member.opened->trust.policy.native, nullptr,
                       kind_of(member.mount->is_directory(), member.opened->is_own_library)};
  return load_member(source, member.name, flags);
}

// not_loaded raises `error` for a failure that is about the library, and what it stands for else.
PyObject* not_loaded(const Call& call, const Member& member, const Status& status,
                     PyObject* error) {
  if (status.code() != Errc::kBadLibrary) {
    Target target;
    target.mount = member.mount;
    target.entry.name = member.name;
    return refused(call, status, target);
  }
  std::string message = in_quotes(member.name) + " in " + in_quotes(member.mount->absolute()) +
                        " cannot be loaded: " + status.what();
  if (!status.advice().empty()) message += ". " + status.advice();
  PyErr_SetString(error, message.c_str());
  return nullptr;
}

// member_of_target returns the file that a target is, or raises what open(2) would, as `error`.
Result<Member> member_of_target(const Target& target, PyObject* error) {
  if (target.is_inside() && target.entry.kind == EntryKind::kFile) {
    return Member{target.mount, target.opened, target.entry.name};
  }
  const bool is_there = !target.is_inside() || target.entry.is_there();
  PyErr_Format(error, "%R: %s", target.spelled ? target.spelled.get() : Py_None,
               is_there ? "invalid ELF header" : "cannot open shared object file");
  return python_error();
}

// find_named looks for a library that is asked for by its name alone in what is in use. Those that
// the system has are the system's.
Result<std::optional<Member>> find_named(const Files& files, std::string_view name) {
  std::optional<Member> found;
  if (name.empty() || name.find('/') != std::string_view::npos || is_system_library(name)) {
    return found;
  }
  for (const std::shared_ptr<Mount>& mount : files.territory->mounts()) {
    auto opened = mount->opened();
    SIGNEDVFS_ASSIGN(std::optional<std::string> path,
                     opened->libraries->named(opened->vfs->listing(), name));
    if (!path) continue;
    if (found) return std::optional<Member>();  // nobody can tell which
    found = Member{mount, std::move(opened), *std::move(path)};
  }
  return found;
}

// name_given returns the text of the first argument, or nothing where it is none.
Result<std::optional<std::string>> name_given(const Call& call) {
  PyObject* const name = call.at(kLibraryName);
  if (name == nullptr || (PyUnicode_Check(name) == 0 && PyBytes_Check(name) == 0)) {
    return std::optional<std::string>();
  }
  Result<std::string> text = path_of(name);
  if (text.ok()) return std::optional<std::string>(std::move(text).value());
  PyErr_Clear();  // the original says so
  return std::optional<std::string>();
}

// member_given returns what a call is to load, or nothing where that is none of ours.
Result<std::optional<Member>> member_given(Call& call) {
  SIGNEDVFS_ASSIGN(const std::optional<std::string> name, name_given(call));
  if (name && name->find('/') == std::string::npos) {
    SIGNEDVFS_ASSIGN(std::optional<Member> named, find_named(call.files(), *name));
    // A name is no path for the linker: whatever lies in the current directory is not meant.
    return named;
  }
  SIGNEDVFS_ASSIGN(const Target target, call.target_at(kLibraryName));
  if (target.kind == Target::Kind::kElsewhere) return std::optional<Member>();
  SIGNEDVFS_ASSIGN(Member member, member_of_target(target, PyExc_OSError));
  return std::optional<Member>(std::move(member));
}

}  // namespace

PyObject* answer_dlopen(Call& call, const Passing& passing) {
  const Result<std::optional<Member>> member = member_given(call);
  if (!member.ok()) return refused(call, member.status());
  if (!*member) return passing.original(call.given());
  long flags = 0;
  if (!call.number_at({1, nullptr}, 0, flags)) PyErr_Clear();  // the original says so
  const Result<std::string> path = load(**member, static_cast<int>(flags) | kBindNow);
  if (!path.ok()) return not_loaded(call, **member, path.status(), PyExc_OSError);
  Result<PyRef> text = text_of_path(*path);
  if (text.ok() && PyBytes_Check(call.at(kLibraryName)) != 0) {
    text = owned(PyUnicode_EncodeFSDefault(text->get()));
  }
  if (!text.ok()) return nullptr;
  call.put(kLibraryName, std::move(text).value());
  const VouchedPath vouched(*path);
  return passing.original(call.given());
}

PyObject* answer_create_dynamic(Call& call, const Passing& passing) {
  PyObject* const spec = call.at(kLibraryName);
  const PyRef origin =
      spec == nullptr ? PyRef() : PyRef::steal(PyObject_GetAttrString(spec, "origin"));
  if (!origin) {
    if (PyErr_Occurred() != nullptr && !passed_over(PyExc_AttributeError)) return nullptr;
    return passing.original(call.given());
  }
  PyObject* const path = origin.get();
  // What we hand on ourselves the linker knows by its path, and opens no more. Where that path
  // leads by now is another matter: the descriptor that it names was closed, and numbers come back.
  if (is_plainly_elsewhere(call.files(), path, true)) return passing.original(call.given());
  Call asked(call.files(), {&path, 1, nullptr});
  const Result<Target> target = asked.target_at(kLibraryName);
  if (!target.ok()) return refused(call, target.status());
  if (target->kind == Target::Kind::kElsewhere) return passing.original(call.given());
  const Result<Member> member = member_of_target(*target, PyExc_ImportError);
  if (!member.ok()) return nullptr;
  const Result<int> flags = loading_flags();
  if (!flags.ok()) return nullptr;
  const Result<std::string> loaded = load(*member, *flags);
  if (!loaded.ok()) return not_loaded(call, *member, loaded.status(), PyExc_ImportError);
  const Result<ImportSystem> system = ImportSystem::fetch();
  if (!system.ok()) return nullptr;
  return answer_with(call, create_extension(*system, spec, *loaded, path));
}

Result<PyRef> bundled_library(const Files& files, const std::string& name) {
  for (const std::shared_ptr<Mount>& mount : files.territory->mounts()) {
    const auto opened = mount->opened();
    SIGNEDVFS_ASSIGN(const std::optional<std::string> path,
                     opened->libraries->stands_for(opened->vfs->listing(), name));
    if (path) return text_of_path(mount->absolute() + '/' + *path);
  }
  return PyRef::borrow(Py_None);
}

}  // namespace signedvfs
