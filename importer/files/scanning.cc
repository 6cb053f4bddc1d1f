#include "importer/files/scanning.h"

#include <atomic>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "importer/python/errors.h"
#include "importer/python/heap_type.h"

namespace signedvfs {
namespace {

// Item is the value of what stands for an os.DirEntry.
struct Item {
  std::shared_ptr<Mount> mount;
  VirtualEntry entry;
  PyRef name, path;  // str, or both bytes
};

// Counter is an atomic number that moves with its owner, before others know of that.
struct Counter : std::atomic<std::size_t> {
  Counter() noexcept : std::atomic<std::size_t>(0) {}
  Counter(Counter&& other) noexcept : std::atomic<std::size_t>(other.load()) {}
  using std::atomic<std::size_t>::operator=;
};

// Scan is that of the iterator.
struct Scan {
  std::shared_ptr<Mount> mount;
  std::shared_ptr<const Mount::Opened> opened;  // the names are borrowed from there
  std::string directory;
  std::vector<DirectoryItem> items;
  Counter next;
  PyRef spelled;  // in front of the names; null: a descriptor was given
  bool in_bytes = false;
};

Files& files_of(PyObject* self) { return *holder_of<Item>(self)->home->files; }

bool is_directory(const Item& item) noexcept { return item.entry.kind == EntryKind::kDirectory; }

PyObject* item_is_dir(PyObject* self, const Arguments& /*follow_symlinks*/) {
  const auto* const item = value_in<Item>(self);
  return item == nullptr ? nullptr : PyBool_FromLong(is_directory(*item) ? 1 : 0);
}

PyObject* item_is_file(PyObject* self, const Arguments& /*follow_symlinks*/) {
  const auto* const item = value_in<Item>(self);
  return item == nullptr ? nullptr : PyBool_FromLong(is_directory(*item) ? 0 : 1);
}

PyObject* item_is_other(PyObject* self) {
  return value_in<Item>(self) == nullptr ? nullptr : PyBool_FromLong(0);
}

PyObject* item_stat(PyObject* self, const Arguments& /*follow_symlinks*/) {
  const auto* const item = value_in<Item>(self);
  if (item == nullptr) return nullptr;
  Files& files = files_of(self);
  VirtualEntry entry = item->entry;
  if (!is_directory(*item)) {
    const auto size = item->mount->opened()->vfs->size_of(entry.name);
    if (!size.ok()) return raised(files.home, size.status(), Activity::kVerifying);
    entry.size = *size;
  }
  return answer(files.home, files.stat->make(item->mount, entry), Activity::kVerifying);
}

PyObject* item_inode(PyObject* self) {
  const auto* const item = value_in<Item>(self);
  if (item == nullptr) return nullptr;
  return PyLong_FromUnsignedLongLong(inode_of(*item->mount, item->entry.name));
}

PyObject* item_name(PyObject* self) {
  const auto* const item = value_in<Item>(self);
  return item == nullptr ? nullptr : PyRef::borrow(item->name.get()).release();
}

PyObject* item_path(PyObject* self) {
  const auto* const item = value_in<Item>(self);
  return item == nullptr ? nullptr : PyRef::borrow(item->path.get()).release();
}

// isinstance(item, os.DirEntry) is true: it asks for `__class__` where the type says no.
PyObject* item_class(PyObject* self) {
  if (value_in<Item>(self) == nullptr) return nullptr;
  return PyRef::borrow(files_of(self).dir_entry.get()).release();
}

PyObject* item_text(PyObject* self) {
  const auto* const item = value_in<Item>(self);
  return item == nullptr ? nullptr : PyUnicode_FromFormat("<DirEntry %R>", item->name.get());
}

PyMethodDef item_methods[] = {
    method_of<&item_is_dir>("is_dir",
                            "is_dir($self, /, *, follow_symlinks=True)\n--\n\n"
                            "Return True if the entry is a directory."),
    method_of<&item_is_file>("is_file",
                             "is_file($self, /, *, follow_symlinks=True)\n--\n\n"
                             "Return True if the entry is a file."),
    method_of<&item_is_other>("is_symlink",
                              "is_symlink($self)\n--\n\nReturn False: archives have no links."),
#if PY_VERSION_HEX >= 0x030c0000
    method_of<&item_is_other>("is_junction", "is_junction($self)\n--\n\nReturn False."),
#endif
    method_of<&item_stat>("stat",
                          "stat($self, /, *, follow_symlinks=True)\n--\n\n"
                          "Return the os.stat_result of the entry."),
    method_of<&item_inode>("inode", "inode($self)\n--\n\nReturn the number that st_ino has."),
    method_of<&item_path>("__fspath__", "__fspath__($self)\n--\n\nReturn the path."),
    method_of<&not_pickled>("__reduce__", "Raise TypeError, as os.DirEntry does."),
    {}};

PyGetSetDef item_attributes[] = {
    getter_of<&item_name>("name", "The entry's name in its directory."),
    getter_of<&item_path>("path", "The directory's path as it was given, and the name."),
    getter_of<&item_class>("__class__", "os.DirEntry"),
    {}};

PyMemberDef item_members[] = {kWeakMember, {}};

PyType_Slot item_slots[] = {slot(Py_tp_doc, "What os.scandir gives for one entry of a directory."),
                            slot(Py_tp_new, &not_made),
                            slot(Py_tp_repr, &plain<&item_text>),
                            slot(Py_tp_traverse, &traverse_holder<Item>),
                            slot(Py_tp_clear, &clear_holder<Item>),
                            slot(Py_tp_dealloc, &free_holder<Item>),
                            slot(Py_tp_methods, item_methods),
                            slot(Py_tp_getset, item_attributes),
                            slot(Py_tp_members, item_members),
                            {}};

PyType_Spec item_spec{"signedvfs.DirEntry", sizeof(Holder<Item>), 0,
                      Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC, item_slots};

// path_in returns `directory` + "/" + `name` as os.scandir joins them.
Result<PyRef> path_in(const Scan& scan, PyObject* name) {
  if (!scan.spelled) return PyRef::borrow(name);
  if (scan.in_bytes) {
    PyObject* joined = PyRef::borrow(scan.spelled.get()).release();
    const Py_ssize_t size = PyBytes_GET_SIZE(joined);
    if (size > 0 && PyBytes_AS_STRING(joined)[size - 1] != '/') {
      PyBytes_ConcatAndDel(&joined, PyBytes_FromString("/"));
    }
    PyBytes_Concat(&joined, name);
    return owned(joined);
  }
  const Py_ssize_t size = PyUnicode_GET_LENGTH(scan.spelled.get());
  const bool ends = size > 0 && PyUnicode_ReadChar(scan.spelled.get(), size - 1) == '/';
  return owned(PyUnicode_FromFormat(ends ? "%U%U" : "%U/%U", scan.spelled.get(), name));
}

Result<PyRef> scanned_item(Interpreter& home, const Scan& scan, const DirectoryItem& found) {
  Item item;
  item.mount = scan.mount;
  item.entry.kind = found.is_directory ? EntryKind::kDirectory : EntryKind::kFile;
  item.entry.name = scan.directory;
  if (!scan.directory.empty()) item.entry.name += '/';
  item.entry.name += found.name;
  SIGNEDVFS_ASSIGN(item.name, text_of_utf8(found.name));
  if (scan.in_bytes) {
    SIGNEDVFS_ASSIGN(item.name, owned(PyUnicode_EncodeFSDefault(item.name.get())));
  }
  SIGNEDVFS_ASSIGN(item.path, path_in(scan, item.name.get()));
  return new_object(Interpreter::type(home.files->entry_type), &home, std::move(item));
}

PyObject* scan_next(PyObject* self) {
  auto* const scan = value_in<Scan>(self);
  if (scan == nullptr) return nullptr;
  const std::size_t at = scan->next.fetch_add(1);
  if (at >= scan->items.size()) return scan->next.store(scan->items.size()), nullptr;
  Interpreter& home = *holder_of<Scan>(self)->home;
  return answer(home, scanned_item(home, *scan, scan->items[at]), Activity::kVerifying);
}

PyObject* scan_self(PyObject* self) {
  return value_in<Scan>(self) == nullptr ? nullptr : PyRef::borrow(self).release();
}

PyObject* scan_close(PyObject* self) {
  auto* const scan = value_in<Scan>(self);
  if (scan == nullptr) return nullptr;
  scan->next = scan->items.size();
  Py_RETURN_NONE;
}

PyObject* scan_exit(PyObject* self, const Arguments& /*exception*/) { return scan_close(self); }

PyMethodDef scan_methods[] = {
    method_of<&scan_close>("close", "close($self)\n--\n\nGive nothing any more."),
    method_of<&scan_self>("__enter__", "__enter__($self)\n--\n\nReturn the iterator."),
    method_of<&scan_exit>("__exit__", "__exit__($self, /, *exception)\n--\n\nClose it."),
    method_of<&not_pickled>("__reduce__", "Raise TypeError, as for os.scandir."),
    {}};

PyMemberDef scan_members[] = {kWeakMember, {}};

PyType_Slot scan_slots[] = {
    slot(Py_tp_doc, "What os.scandir returns for a directory in an archive."),
    slot(Py_tp_new, &not_made),
    slot(Py_tp_iter, &plain<&scan_self>),
    slot(Py_tp_iternext, &plain<&scan_next>),
    slot(Py_tp_traverse, &traverse_holder<Scan>),
    slot(Py_tp_clear, &clear_holder<Scan>),
    slot(Py_tp_dealloc, &free_holder<Scan>),
    slot(Py_tp_methods, scan_methods),
    slot(Py_tp_members, scan_members),
    {}};

PyType_Spec scan_spec{"signedvfs.ScandirIterator", sizeof(Holder<Scan>), 0,
                      Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC, scan_slots};

}  // namespace

Result<PyRef> scan(Files& files, Target directory) {
  Scan scan;
  SIGNEDVFS_ASSIGN(scan.items, directory.opened->vfs->listing().list(directory.entry.name));
  scan.mount = std::move(directory.mount);
  scan.opened = std::move(directory.opened);
  scan.directory = std::move(directory.entry.name);
  scan.spelled = std::move(directory.spelled);
  scan.in_bytes = directory.in_bytes;
  return new_object(Interpreter::type(files.scan_type), &files.home, std::move(scan));
}

Status make_scanning(Files& files) {
  SIGNEDVFS_ASSIGN(files.dir_entry, loaded_attribute("posix", "DirEntry"));
  SIGNEDVFS_ASSIGN(files.entry_type, new_type(files.home, item_spec));
  SIGNEDVFS_ASSIGN(files.scan_type, new_type(files.home, scan_spec));
  return {};
}

}  // namespace signedvfs
