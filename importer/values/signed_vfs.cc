#include "importer/values/signed_vfs.h"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "importer/python/audit.h"
#include "importer/python/convert.h"
#include "importer/python/heap_type.h"
#include "importer/python/progress.h"
#include "importer/values/stat.h"
#include "importer/values/values.h"
#include "vfs/detached.h"

namespace signedvfs {
namespace {

// Texts are the elements of any sequence of string_view.
template <class Texts>
Result<PyRef> list_of(const Texts& texts) {
  SIGNEDVFS_ASSIGN(PyRef out, owned(PyList_New(0)));
  for (const std::string_view text : texts) {
    SIGNEDVFS_ASSIGN(const PyRef item, text_of_utf8(text));
    if (PyList_Append(out.get(), item.get()) < 0) return python_error();
  }
  return out;
}

Result<PyRef> boolean(bool value) { return PyRef::borrow(value ? Py_True : Py_False); }

Result<PyRef> read_member(Interpreter& /*home*/, const OpenVfs& self, const std::string& name) {
  SIGNEDVFS_ASSIGN(const VerifiedBytes content, without_gil([&] { return self->read(name); }));
  SIGNEDVFS_TRY(audit_verify(self->path(), name));
  const std::string_view bytes = text_of(content.bytes());
  return owned(PyBytes_FromStringAndSize(bytes.data(), static_cast<Py_ssize_t>(bytes.size())));
}

Result<PyRef> is_file(Interpreter& /*home*/, const OpenVfs& self, const std::string& name) {
  SIGNEDVFS_ASSIGN(const bool found, self.asked([&] { return self->contains(name); }));
  return boolean(found);
}

Result<PyRef> is_directory(Interpreter& /*home*/, const OpenVfs& self, const std::string& name) {
  SIGNEDVFS_ASSIGN(const bool found,
                   self.asked([&] { return self->listing().has_directory(name); }));
  return boolean(found);
}

Result<PyRef> list_directory(Interpreter& /*home*/, const OpenVfs& self, const std::string& name) {
  SIGNEDVFS_ASSIGN(const auto items, self.asked([&] { return self->listing().list(name); }));
  std::vector<std::string_view> names;
  names.reserve(items.size());
  for (const DirectoryItem& item : items) names.push_back(item.name);
  return list_of(names);
}

Result<PyRef> stat_member(Interpreter& home, const OpenVfs& self, const std::string& name) {
  SIGNEDVFS_ASSIGN(const bool found, self.asked([&] { return self->contains(name); }));
  if (!found) {
    return Status(Errc::kNotFound, in_quotes(name) + " is not listed in the manifest")
        .in(self->path());
  }
  SIGNEDVFS_ASSIGN(const std::uint64_t size, self.asked([&] { return self->size_of(name); }));
  return stat_object(home, {self, name, size});
}

// about_member is a method with the parameter `name`, of which `kRequired` tells whether it has to
// be given ('' is the root). Where `kIsNamed`, refusals are about that member; otherwise about the
// archive.
template <Result<PyRef> (*kBody)(Interpreter&, const OpenVfs&, const std::string&), bool kRequired,
          bool kIsNamed>
PyObject* about_member(PyObject* self, const Arguments& given, const char* function) {
  const Parameters<1> signature{function, kRequired ? 1 : 0, {"name"}};
  std::array<PyObject*, 1> in;
  const auto* const vfs = value_in<OpenVfs>(self);
  if (vfs == nullptr || !signature.read(given, in)) return nullptr;
  const Result<std::string> name =
      in[0] == nullptr ? Result<std::string>(std::string()) : utf8_of(in[0], "name");
  if (!name.ok()) return nullptr;
  Interpreter& home = *holder_of<OpenVfs>(self)->home;
  return answer(home, kBody(home, *vfs, *name), Activity::kVerifying,
                kIsNamed ? vfs->subject(*name) : vfs->subject());
}

PyObject* vfs_read(PyObject* self, const Arguments& given) {
  return about_member<&read_member, true, true>(self, given, "read");
}
PyObject* vfs_is_file(PyObject* self, const Arguments& given) {
  return about_member<&is_file, true, false>(self, given, "is_file");
}
PyObject* vfs_is_dir(PyObject* self, const Arguments& given) {
  return about_member<&is_directory, true, false>(self, given, "is_dir");
}
PyObject* vfs_listdir(PyObject* self, const Arguments& given) {
  return about_member<&list_directory, false, false>(self, given, "listdir");
}
PyObject* vfs_stat(PyObject* self, const Arguments& given) {
  return about_member<&stat_member, true, true>(self, given, "stat");
}

PyObject* vfs_verify_all(PyObject* self, const Arguments& given) {
  static constexpr Parameters<1> kSignature{"verify_all", 0, {"progress"}};
  std::array<PyObject*, 1> in;
  const auto* const held = value_in<OpenVfs>(self);
  if (held == nullptr || !kSignature.read(given, in)) return nullptr;
  const OpenVfs& vfs = *held;
  PyObject* const callable = in[0] == nullptr ? Py_None : in[0];
  if (!Progress::check(callable).ok()) return nullptr;
  Progress progress(callable);
  const std::uint64_t total = vfs->listing().size();
  const Status status = progress.run([&] {
    return vfs->verify_all([&](std::uint64_t done) { return progress.step(done, total); });
  });
  if (!status.ok()) {
    return raised(*holder_of<OpenVfs>(self)->home, status, Activity::kVerifying, vfs.subject());
  }
  Py_RETURN_NONE;
}

Result<PyRef> all_members(const OpenVfs& self) {
  SIGNEDVFS_ASSIGN(const auto paths, self.asked([&] { return self->listing().paths(); }));
  return list_of(paths);
}

Result<PyRef> recorded_order(const OpenVfs& self) {
  SIGNEDVFS_ASSIGN(const auto order, without_gil([&] { return self->order(); }));
  return list_of(order);
}

Result<PyRef> unlisted_files(const OpenVfs& self) {
  SIGNEDVFS_ASSIGN(const auto files, without_gil([&] { return self->unlisted(); }));
  return list_of(files);
}

Result<PyRef> vfs_path(const OpenVfs& self) { return text_of_path(self->path()); }
Result<PyRef> vfs_name(const OpenVfs& self) { return optional_text(self->attributes().name); }
Result<PyRef> vfs_serial(const OpenVfs& self) { return optional_number(self->attributes().serial); }
Result<PyRef> vfs_expires(const OpenVfs& self) {
  return optional_number(self->attributes().expires);
}
Result<PyRef> vfs_not_before(const OpenVfs& self) {
  return optional_number(self->attributes().not_before);
}
Result<PyRef> vfs_signers(const OpenVfs& self) { return text_list(self->signers()); }

Result<PyRef> vfs_signatures(const OpenVfs& self) {
  std::vector<std::string_view> fingerprints;
  for (const Signature& one : self->signatures()) fingerprints.push_back(one.fingerprint);
  return list_of(fingerprints);
}

Result<PyRef> vfs_hash_type(const OpenVfs& self) {
  return text_of_utf8(hash_name(self->hash_type()));
}
Result<PyRef> vfs_has_index(const OpenVfs& self) { return boolean(self->has_index()); }

Result<PyRef> vfs_prefix_length(const OpenVfs& self) {
  const std::optional<Prefix>& prefix = self->attributes().prefix;
  return optional_number(prefix ? std::optional(prefix->length) : std::nullopt);
}

Result<PyRef> vfs_bytes_in_front(const OpenVfs& self) {
  return owned(PyLong_FromUnsignedLongLong(self->prefix_bytes()));
}

Result<PyRef> vfs_text(const OpenVfs& self) {
  SIGNEDVFS_ASSIGN(const PyRef path, vfs_path(self));
  return owned(PyUnicode_FromFormat("<signedvfs.SignedVfs %R>", path.get()));
}

// of_vfs is a getter, or the like, for what `kBody` finds.
template <Result<PyRef> (*kBody)(const OpenVfs& vfs)>
PyObject* of_vfs(PyObject* self) {
  const auto* const vfs = value_in<OpenVfs>(self);
  if (vfs == nullptr) return nullptr;
  return answer(*holder_of<OpenVfs>(self)->home, kBody(*vfs), Activity::kVerifying, vfs->subject());
}

PyMethodDef vfs_methods[] = {
    method_of<&vfs_read>(
        "read",
        "read($self, name)\n--\n\n"
        "Return the member's content, after comparing its digest with the signed one.\n\n"
        "Raises IntegrityCheckMissing for a name that the manifest does not list, and\n"
        "IntegrityCheckFailed where the content is not what was signed."),
    method_of<&of_vfs<&all_members>>("list",
                                     "list($self)\n--\n\nReturn the listed names, in byte order."),
    method_of<&vfs_is_file>(
        "is_file",
        "is_file($self, name)\n--\n\nTell whether the manifest lists a file of that name."),
    method_of<&vfs_is_dir>("is_dir",
                           "is_dir($self, name)\n--\n\n"
                           "Tell whether listed files lie below that name; '' is the root."),
    method_of<&vfs_listdir>(
        "listdir",
        "listdir($self, name='')\n--\n\n"
        "Return the names directly below a directory, in byte order; none where it "
        "is no\ndirectory."),
    method_of<&vfs_stat>("stat",
                         "stat($self, name)\n--\n\n"
                         "Return what is said of a member, without reading it.\n\n"
                         "Raises IntegrityCheckMissing for a name that the manifest does not "
                         "list."),
    method_of<&vfs_verify_all>(
        "verify_all",
        "verify_all($self, progress=None)\n--\n\n"
        "Read and verify every member, and what stands in front of the archive.\n\n"
        "Bytes in front that were not signed are refused: a program may be there.\n"
        "`progress` is called with the members done and their number; what it raises ends the\n"
        "work. Raises IntegrityCheckError."),
    method_of<&of_vfs<&recorded_order>>(
        "order",
        "order($self)\n--\n\n"
        "Return the names in the order in which a program was seen to read them.\n\n"
        "`pack` records it on request; otherwise the list is empty. Raises "
        "IntegrityCheckError."),
    method_of<&of_vfs<&unlisted_files>>(
        "unlisted",
        "unlisted($self)\n--\n\n"
        "Return the files below a directory that its manifest does not list.\n\n"
        "They can not be read through this object. For archives there are none."),
    method_of<&not_pickled>("__reduce__", "Raise TypeError: the archive is open here only."),
    {}};

PyGetSetDef vfs_attributes[] = {
    getter_of<&of_vfs<&vfs_path>>("path", "The path that it was opened by."),
    getter_of<&of_vfs<&vfs_name>>("name", "The signed `@name`, or None."),
    getter_of<&of_vfs<&vfs_serial>>("serial", "The signed `@serial`, or None."),
    getter_of<&of_vfs<&vfs_expires>>("expires",
                                     "The signed `@expires` in seconds since 1970, or None."),
    getter_of<&of_vfs<&vfs_not_before>>("not_before",
                                        "The signed `@not-before` in seconds since 1970, or None."),
    getter_of<&of_vfs<&vfs_signers>>("signers",
                                     "The fingerprints of the policy's keys that signed."),
    getter_of<&of_vfs<&vfs_signatures>>("signatures",
                                        "The fingerprints on all signatures, unknown keys "
                                        "included."),
    getter_of<&of_vfs<&vfs_hash_type>>("hash_type", "The hash of the members, such as \"sha256\"."),
    getter_of<&of_vfs<&vfs_has_index>>(
        "has_index", "Whether the archive goes by a signed index, and not by its whole manifest."),
    getter_of<&of_vfs<&vfs_prefix_length>>(
        "prefix_length", "The signed number of bytes in front of an appended archive, or None."),
    getter_of<&of_vfs<&vfs_bytes_in_front>>(
        "bytes_in_front",
        "How many bytes stand in front of the archive in its file, signed or not.\n\n"
        "Where `prefix_length` is None nobody has signed them; then they are never read, and\n"
        "`verify_all` refuses them."),
    {}};

PyMemberDef vfs_members[] = {kWeakMember, {}};

PyType_Slot vfs_slots[] = {
    slot(Py_tp_doc,
         "A signed archive or directory that satisfied a policy when `open` made this.\n\n"
         "Immutable; any thread may use it. What `read` returns has been verified in the memory\n"
         "that it is returned in."),
    slot(Py_tp_new, &not_made),
    slot(Py_tp_repr, &plain<&of_vfs<&vfs_text>>),
    slot(Py_tp_traverse, &traverse_holder<OpenVfs>),
    slot(Py_tp_clear, &clear_holder<OpenVfs>),
    slot(Py_tp_dealloc, &free_holder<OpenVfs>),
    slot(Py_tp_methods, vfs_methods),
    slot(Py_tp_getset, vfs_attributes),
    slot(Py_tp_members, vfs_members),
    {}};

PyType_Spec vfs_spec{"signedvfs.SignedVfs", sizeof(Holder<OpenVfs>), 0,
                     Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC, vfs_slots};

// Detached is the manifest that stands outside of a directory, and the directory's role in it.
struct Detached {
  std::optional<std::string> manifest;
  std::string role{kTreeRole};
};

Result<Detached> detached_of(PyObject* manifest, PyObject* root) {
  Detached out;
  if (manifest != nullptr) {
    SIGNEDVFS_ASSIGN(out.manifest, optional_path_of(manifest));
  }
  if (root == nullptr || root == Py_None) return out;
  SIGNEDVFS_ASSIGN(out.role, utf8_of(root, "root"));
  if (!out.manifest) return Status(Errc::kUsage, "root goes with manifest: give both, or neither");
  return out;
}

Result<PyRef> open_path(Interpreter& home, const std::string& path, PyObject* policy,
                        PyObject* limits, PyObject* manifest, PyObject* root) {
  SIGNEDVFS_ASSIGN(const Detached detached, detached_of(manifest, root));
  SIGNEDVFS_ASSIGN(const Trust trust, trust_of(home, policy, limits));
  SIGNEDVFS_ASSIGN(auto opened, without_gil([&] {
                     return detached.manifest
                                ? open_detached(path, *detached.manifest, trust, detached.role)
                                : SignedVfs::open(path, trust);
                   }));
  SIGNEDVFS_TRY(audit_verify(opened->path(), {}));
  return vfs_object(home, std::move(opened));
}

PyObject* open_vfs(PyObject* module, const Arguments& given) {
  static constexpr Parameters<5> kSignature{
      "open", 1, {"path", "policy", "limits", "manifest", "root"}};
  std::array<PyObject*, 5> in;
  if (!kSignature.read(given, in)) return nullptr;
  const Result<std::string> path = path_of(in[0]);
  if (!path.ok()) return nullptr;
  Interpreter* const alive = living_home(module);
  if (alive == nullptr) return nullptr;
  Interpreter& home = *alive;
  PyObject* const policy = in[1] == nullptr ? Py_None : in[1];
  PyObject* const limits = in[2] == nullptr ? Py_None : in[2];
  return answer(home, open_path(home, *path, policy, limits, in[3], in[4]), Activity::kVerifying,
                {*path, std::nullopt});
}

PyMethodDef vfs_functions[] = {
    method_of<&open_vfs>(
        "open",
        "open($module, /, path, policy=None, limits=None, manifest=None, root=None)\n--\n\n"
        "Open a signed archive or directory and check its manifest.\n\n"
        "`policy` is a TrustPolicy; None means the one that `trust` and `set_policy` made.\n"
        "`limits` is a Limits; None means those that were set with that policy.\n"
        "Members are verified when they are read. Raises IntegrityCheckError.\n\n"
        "`manifest` is the detached manifest of a directory, and `root` the role in which it was\n"
        "signed; None means 'tree'. Where the directory has a manifest of its own, both must hold\n"
        "and list the same."),
    {}};

}  // namespace

Status add_signed_vfs(Interpreter& home) {
  SIGNEDVFS_TRY(add_type(home, vfs_spec, home.types.signed_vfs));
  if (PyModule_AddFunctions(home.module, vfs_functions) < 0) return python_error();
  return {};
}

Result<PyRef> vfs_object(Interpreter& home, std::shared_ptr<const SignedVfs> vfs) {
  return new_object(Interpreter::type(home.types.signed_vfs), &home, OpenVfs{std::move(vfs)});
}

}  // namespace signedvfs
