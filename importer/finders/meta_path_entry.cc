#include "importer/finders/meta_path_entry.h"

#include <array>
#include <utility>

#include "importer/doors/side_doors.h"
#include "importer/finders/importers.h"
#include "importer/finders/path_finder.h"
#include "importer/python/errors.h"
#include "importer/python/heap_type.h"

namespace signedvfs {
namespace {

// MetaPathEntry sees every import come. What it finds itself is what the path hook's finders find,
// only sooner. All that it knows is its interpreter's.
struct MetaPathEntry {};

Result<PyRef> find_early(Interpreter& home, PyObject* self, PyObject* name, PyObject* path,
                         PyObject* target) {
  SIGNEDVFS_TRY(close_new_side_doors(home));
  SIGNEDVFS_ASSIGN(PyRef spec, find_on_path(home, self, name, path));
  return watch_import(self, name, path, target, std::move(spec));
}

PyObject* find_spec_in_use(PyObject* self, const Arguments& given) {
  static constexpr Parameters<3> kParameters{"find_spec", 1, {"fullname", "path", "target"}};
  std::array<PyObject*, 3> arguments;
  if (!kParameters.read(given, arguments)) return nullptr;
  if (value_in<MetaPathEntry>(self) == nullptr) return nullptr;
  Interpreter& home = *holder_of<MetaPathEntry>(self)->home;
  const auto given_or_none = [&](std::size_t i) {
    return arguments[i] == nullptr ? Py_None : arguments[i];
  };
  return answer(home, find_early(home, self, arguments[0], given_or_none(1), given_or_none(2)),
                Activity::kVerifying);
}

PyObject* show_entry(PyObject* /*self*/) {
  return PyUnicode_FromString("<signedvfs in sys.meta_path>");
}

}  // namespace

Status add_meta_path_entry(Interpreter& home) {
  static std::array methods{
      method_of<&find_spec_in_use>(
          "find_spec",
          "find_spec($self, fullname, path=None, target=None)\n--\n\n"
          "Return the spec of a module of ours, or None where others have to be asked."),
      method_of<&not_pickled>("__reduce__", nullptr), PyMethodDef{}};
  static std::array members{kWeakMember, PyMemberDef{}};
  static std::array slots{
      slot(Py_tp_doc,
           "Finds early what the path hook's finders would find, and sees modules of the "
           "standard\nlibrary come whose functions would go past them."),
      slot(Py_tp_new, &not_made),
      slot(Py_tp_dealloc, &free_holder<MetaPathEntry>),
      slot(Py_tp_traverse, &traverse_holder<MetaPathEntry>),
      slot(Py_tp_clear, &clear_holder<MetaPathEntry>),
      slot(Py_tp_repr, &plain<&show_entry>),
      slot(Py_tp_methods, methods.data()),
      slot(Py_tp_members, members.data()),
      PyType_Slot{}};
  static PyType_Spec spec{"signedvfs._core._MetaPathEntry", sizeof(Holder<MetaPathEntry>), 0,
                          Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC, slots.data()};
  SIGNEDVFS_TRY(add_type(home, spec, home.types.meta_path_entry));
  SIGNEDVFS_ASSIGN(
      home.importers->meta_path_entry,
      new_object(Interpreter::type(home.types.meta_path_entry), &home, MetaPathEntry()));
  return {};
}

Status enter_meta_path(Interpreter& home) {
  // Programs that rearrange sys.meta_path may drop what they do not know. Where others stand in
  // front of ours it stays behind them: they may be taken out by their position, and nothing that
  // has to be verified, or watched, depends on it.
  const PyRef finders = sys_object("meta_path");
  if (!finders || PyList_Check(finders.get()) == 0) return {};
  PyObject* const entry = home.importers->meta_path_entry.get();
  for (Py_ssize_t i = 0;; ++i) {
    const PyRef finder = item_at(finders.get(), i);
    if (!finder) break;
    if (finder.get() == entry) return {};
  }
  if (PyList_Insert(finders.get(), 0, entry) < 0) return python_error();
  return {};
}

}  // namespace signedvfs
