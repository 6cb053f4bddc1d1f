#include "importer/finders/finder_face.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>

#include "importer/doors/side_doors.h"
#include "importer/finders/finder_type.h"
#include "importer/python/errors.h"
#include "importer/python/heap_type.h"

namespace signedvfs {
namespace {

// ListedFile is a row of zipimport's dict of an archive.
struct ListedFile {
  std::string path;  // of a directory: with a "/" at the end
  std::uint64_t size = 0;
};

// rows_of returns what is signed, directories in front of what lies in them.
Result<std::vector<ListedFile>> rows_of(const SignedVfs& vfs) {
  SIGNEDVFS_ASSIGN(const std::vector<std::string_view> paths, vfs.listing().paths());
  std::vector<ListedFile> out;
  out.reserve(paths.size());
  std::unordered_set<std::string_view> seen;
  for (const std::string_view path : paths) {
    for (std::size_t at = path.find('/'); at != std::string_view::npos;
         at = path.find('/', at + 1)) {
      const std::string_view directory = path.substr(0, at + 1);
      if (seen.insert(directory).second) out.push_back({std::string(directory), 0});
    }
    SIGNEDVFS_ASSIGN(const std::uint64_t size, vfs.size_of(path));
    out.push_back({std::string(path), size});
  }
  return out;
}

Status put_row(PyObject* dict, const Finder& finder, const ListedFile& row) {
  constexpr int kNoSuchSize = -1;
  constexpr int kNoDate = (1 << 5) | 1;  // 1980-01-01, which is where dates in archives begin
  SIGNEDVFS_ASSIGN(const PyRef key, text_of_utf8(row.path));
  SIGNEDVFS_ASSIGN(const PyRef path, finder.path_of(row.path));
  SIGNEDVFS_ASSIGN(const PyRef value, owned(Py_BuildValue("(OiiKiiii)", path.get(), 0, kNoSuchSize,
                                                          static_cast<unsigned long long>(row.size),
                                                          0, 0, kNoDate, 0)));
  if (PyDict_SetItem(dict, key.get(), value.get()) < 0) return python_error();
  return {};
}

Result<PyRef> listed(const Finder& finder) {
  SIGNEDVFS_ASSIGN(PyRef out, owned(PyDict_New()));
  SIGNEDVFS_ASSIGN(const OpenedArchive opened, finder.open());
  if (opened.vfs == nullptr) return out;
  SIGNEDVFS_ASSIGN(const std::vector<ListedFile> rows,
                   without_gil([&] { return rows_of(*opened.vfs); }));
  for (const ListedFile& row : rows) SIGNEDVFS_TRY(put_row(out.get(), finder, row));
  return out;
}

}  // namespace

Status add_face(Interpreter& home) {
  const Result<PyRef> standard = loaded_attribute("zipimport", "zipimporter");
  if (!standard.ok()) PyErr_Clear();
  // Without zipimport nobody can ask for its class, and without its class for something else.
  if (!standard.ok() || PyType_Check(standard->get()) == 0) return {};
  SIGNEDVFS_ASSIGN(
      home.types.finder_face,
      owned(PyObject_CallFunction(
          reinterpret_cast<PyObject*>(&PyType_Type), "s(OO){s:s,s:s,s:()}", "zipimporter",
          home.types.finder.get(), standard->get(), "__module__", "signedvfs", "__doc__",
          "What the finders of signedvfs say they are. A call makes one of these.", "__slots__")));
  Py_INCREF(home.types.finder_face.get());
  if (PyModule_AddObject(home.module, "_finder_face", home.types.finder_face.get()) < 0) {
    Py_DECREF(home.types.finder_face.get());
    return python_error();
  }
  return {};
}

PyObject* face_of(PyObject* self) {
  Interpreter& home = *holder_of<Finder>(self)->home;
  PyTypeObject* const type = Py_TYPE(self);
  const bool has_face =
      home.is_alive && home.types.finder_face && type == Interpreter::type(home.types.finder);
  if (!has_face) return PyRef::borrow(reinterpret_cast<PyObject*>(type)).release();
  if (const Status entered = enter_registries_being_made(home); !entered.ok()) {
    return raised(home, entered, Activity::kTool);
  }
  return PyRef::borrow(home.types.finder_face.get()).release();
}

int set_class(PyObject* self, PyObject* type, void* /*closure*/) {
  return at_edge(
      [&] {
        const Interpreter& home = *holder_of<Finder>(self)->home;
        const bool is_face = type != nullptr && type == home.types.finder_face.get();
        auto* const object = reinterpret_cast<PyObject*>(&PyBaseObject_Type);
        const PyRef held = PyRef::steal(PyObject_GetAttrString(object, "__dict__"));
        if (!held) return -1;
        const PyRef name = PyRef::steal(PyUnicode_InternFromString("__class__"));
        if (!name) return -1;
        const PyRef usual = PyRef::steal(PyObject_GetItem(held.get(), name.get()));
        if (!usual) return -1;
        return Py_TYPE(usual.get())
            ->tp_descr_set(usual.get(), self, is_face ? home.types.finder.get() : type);
      },
      -1);
}

PyObject* files_of(PyObject* self) {
  const Finder* const finder = value_in<Finder>(self);
  if (finder == nullptr) return nullptr;
  Subject subject;
  subject.path = finder->location().archive;
  return answer(*holder_of<Finder>(self)->home, listed(*finder), Activity::kVerifying, subject);
}

void add_face_methods(std::vector<PyMethodDef>& methods) {
  methods.push_back(
      method_of<&files_of>("_get_files", "_get_files($self)\n--\n\nReturn `_files`."));
}

}  // namespace signedvfs
