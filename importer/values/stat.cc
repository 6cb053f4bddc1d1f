#include "importer/values/stat.h"

#include <string_view>
#include <utility>

#include "importer/python/heap_type.h"

namespace signedvfs {
namespace {

Result<PyRef> stat_name(const Stat& self) { return text_of_utf8(self.name); }

Result<PyRef> stat_size(const Stat& self) { return owned(PyLong_FromUnsignedLongLong(self.size)); }

Result<PyRef> stat_digest(const Stat& self) {
  SIGNEDVFS_ASSIGN(const Entry* const entry,
                   self.vfs.asked([&] { return self.vfs->entry(self.name); }));
  if (entry == nullptr) {  // what the index lists, the manifest lists: the signer saw to that
    return Status(Errc::kManifestMismatch,
                  in_quotes(self.name) + " is in the index, but not in the manifest")
        .in(self.vfs->path());
  }
  return text_of_utf8(entry->hex());
}

Result<PyRef> stat_text(const Stat& self) {
  SIGNEDVFS_ASSIGN(const PyRef name, stat_name(self));
  SIGNEDVFS_ASSIGN(const PyRef digest, stat_digest(self));
  return owned(PyUnicode_FromFormat("signedvfs.Stat(name=%R, size=%llu, digest=%R)", name.get(),
                                    static_cast<unsigned long long>(self.size), digest.get()));
}

template <Result<PyRef> (*kBody)(const Stat& stat)>
PyObject* of_stat(PyObject* self) {
  const auto* const stat = value_in<Stat>(self);
  if (stat == nullptr) return nullptr;
  return answer(*holder_of<Stat>(self)->home, kBody(*stat), Activity::kVerifying,
                stat->vfs.subject(stat->name));
}

PyMethodDef stat_methods[] = {
    method_of<&not_pickled>("__reduce__", "Raise TypeError: the archive is open here only."), {}};

PyGetSetDef stat_attributes[] = {
    getter_of<&of_stat<&stat_name>>("name", "The member's path."),
    getter_of<&of_stat<&stat_size>>(
        "size",
        "The decoded size in bytes: signed where there is an index, and otherwise what "
        "the\ncontainer declares. `read` checks it; this does not."),
    getter_of<&of_stat<&stat_digest>>("digest",
                                      "The signed digest of the content, in hexadecimal."),
    {}};

PyMemberDef stat_members[] = {kWeakMember, {}};

PyType_Slot stat_slots[] = {slot(Py_tp_doc, "What a signed archive says of one member."),
                            slot(Py_tp_new, &not_made),
                            slot(Py_tp_repr, &plain<&of_stat<&stat_text>>),
                            slot(Py_tp_traverse, &traverse_holder<Stat>),
                            slot(Py_tp_clear, &clear_holder<Stat>),
                            slot(Py_tp_dealloc, &free_holder<Stat>),
                            slot(Py_tp_methods, stat_methods),
                            slot(Py_tp_getset, stat_attributes),
                            slot(Py_tp_members, stat_members),
                            {}};

PyType_Spec stat_spec{"signedvfs.Stat", sizeof(Holder<Stat>), 0,
                      Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC, stat_slots};

}  // namespace

Status add_stat(Interpreter& home) { return add_type(home, stat_spec, home.types.stat); }

Result<PyRef> stat_object(Interpreter& home, Stat stat) {
  return new_object(Interpreter::type(home.types.stat), &home, std::move(stat));
}

}  // namespace signedvfs
