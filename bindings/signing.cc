#include <cstddef>

#include "bindings/convert.h"
#include "bindings/errors.h"
#include "bindings/registers.h"
#include "importer/python/progress.h"
#include "importer/values/roots.h"
#include "importer/values/values.h"
#include "vfs/signing/sign_detached.h"
#include "vfs/signing/signer.h"

namespace py = pybind11;

namespace signedvfs {
namespace {

std::optional<HashType> hash_of(const Home& home, const py::object& hash) {
  if (hash.is_none()) return std::nullopt;
  const std::string name = taken(utf8_of(hash.ptr(), "hash"));
  const std::optional<HashType> type = hash_type_of(name);
  if (!type || *type == HashType::kLegacySha1 || *type == HashType::kLegacyMd5) {
    throw_status(home,
                 {Errc::kUsage, "nothing is signed with the hash " + in_quotes(name) +
                                    ": expected 'sha256', 'sha384' or 'sha512'"},
                 Activity::kTool);
  }
  return type;
}

std::optional<bool> optional_choice_of(const py::object& choice, const char* what) {
  if (choice.is_none()) return std::nullopt;
  if (PyBool_Check(choice.ptr()) == 0) {
    throw py::type_error(std::string(what) + " must be True, False or None");
  }
  return choice.ptr() == Py_True;
}

std::optional<std::uint64_t> serial_of(const Home& home, const py::object& serial) {
  if (serial.is_none()) return std::nullopt;
  if (PyLong_Check(serial.ptr()) == 0) throw py::type_error("serial must be an int or None");
  return require(home, count_of(serial.ptr(), "serial"), Activity::kTool);
}

std::optional<std::int64_t> time_of(const Home& home, const py::object& time, const char* what) {
  return require(home, optional_seconds_of(time.ptr(), what), Activity::kTool);
}

// Asked is what `sign` and `_sign_roots` have in common, as Python gives it.
struct Asked {
  const py::object& keys;
  const py::object& name;
  const py::object& serial;
  const py::object& expires;
  const py::object& not_before;
  const py::object& hash;
  const py::object& limits;
  const py::object& at;
};

SignRequest request_of(const Home& home, const std::string& path, const Asked& asked) {
  SignRequest request;
  request.path = path;
  request.keys = keys_of<PrivateKey>(asked.keys);
  request.hash_type = hash_of(home, asked.hash);
  if (!asked.name.is_none()) request.attributes.name = taken(utf8_of(asked.name.ptr(), "name"));
  request.attributes.serial = serial_of(home, asked.serial);
  request.attributes.expires = time_of(home, asked.expires, "expires");
  request.attributes.not_before = time_of(home, asked.not_before, "not_before");
  request.at = time_of(home, asked.at, "at");
  request.limits = taken(limits_of(*home, asked.limits.ptr()));
  return request;
}

// signed_with signs by `work`, and tells `callable` how far it has come.
template <class Work>
SignReport signed_with(const Home& home, SignRequest& request, const py::object& callable,
                       const Work& work) {
  if (!Progress::check(callable.ptr()).ok()) throw py::error_already_set();
  Progress progress(callable.ptr());
  request.progress = [&](std::uint64_t done, std::uint64_t total) {
    return progress.step(done, total);
  };
  return require(home, progress.run([&] { return work(request); }), Activity::kTool,
                 {request.path, std::nullopt});
}

// cache_tag_of returns the tag of the running interpreter's bytecode, where it is wanted.
std::optional<std::string> cache_tag_of(const Home& home, bool pycache) {
  if (!pycache) return std::nullopt;
  const py::object tag = py::module_::import("sys").attr("implementation").attr("cache_tag");
  if (tag.is_none()) {
    throw_status(home, {Errc::kUsage, "this interpreter keeps no bytecode in __pycache__"},
                 Activity::kTool);
  }
  return taken(utf8_of(tag.ptr(), "cache_tag"));
}

SignReport sign_path(const Home& home, const py::object& path, const py::object& keys,
                     const py::object& output, const py::object& name, const py::object& serial,
                     const py::object& expires, const py::object& not_before,
                     const py::object& hash, const py::object& limits, const py::object& callable,
                     const py::object& index, bool keep_signatures, const py::object& at,
                     bool compiled_here, const py::object& detached, const py::object& root,
                     bool pycache) {
  SignRequest request = request_of(home, taken(path_of(path.ptr())),
                                   {keys, name, serial, expires, not_before, hash, limits, at});
  request.output = taken(optional_path_of(output.ptr()));
  request.index = optional_choice_of(index, "index");
  request.keep_signatures = keep_signatures;
  request.compiled_here = compiled_here;
  request.cache_tag = cache_tag_of(home, pycache);
  const std::optional<std::string> manifest = taken(optional_path_of(detached.ptr()));
  if (!root.is_none() && !manifest) {
    throw_status(home, {Errc::kUsage, "root goes with detached: give both, or neither"},
                 Activity::kTool);
  }
  const std::string role =
      root.is_none() ? std::string(kTreeRole) : taken(utf8_of(root.ptr(), "root"));
  return signed_with(home, request, callable, [&](const SignRequest& ready) {
    return manifest ? sign_detached(ready, *manifest, {{role, ready.path, {}}}) : sign(ready);
  });
}

SignReport sign_roots(const Home& home, const py::object& manifest, const py::object& roots,
                      const py::object& keys, const py::object& name, const py::object& serial,
                      const py::object& expires, const py::object& not_before,
                      const py::object& hash, const py::object& limits, const py::object& callable,
                      bool keep_signatures, const py::object& at, bool pycache) {
  const std::string path = taken(path_of(manifest.ptr()));
  const std::vector<RootDirectory> asked = require(home, roots_of(roots.ptr()), Activity::kTool);
  SignRequest request =
      request_of(home, path, {keys, name, serial, expires, not_before, hash, limits, at});
  request.keep_signatures = keep_signatures;
  request.cache_tag = cache_tag_of(home, pycache);
  return signed_with(home, request, callable,
                     [&](const SignRequest& ready) { return sign_detached(ready, path, asked); });
}

void check_times(const Home& home, const py::object& expires, const py::object& not_before,
                 const py::object& at) {
  Attributes attributes;
  attributes.expires = time_of(home, expires, "expires");
  attributes.not_before = time_of(home, not_before, "not_before");
  require(home, check_validity(attributes, time_of(home, at, "at")), Activity::kTool);
}

py::object unsign_path(const Home& home, const py::object& path, const py::object& output,
                       const py::object& limits) {
  const std::string name = taken(path_of(path.ptr()));
  const std::optional<std::string> target = taken(optional_path_of(output.ptr()));
  const Limits bounds = taken(limits_of(*home, limits.ptr()));
  return taken(text_list(require(home, without_gil([&] { return unsign(name, target, bounds); }),
                                 Activity::kTool, {name, std::nullopt})));
}

SignReport append_archive(const Home& home, const py::object& archive, const py::object& executable,
                          const py::object& output, const py::object& keys,
                          const py::object& limits, const py::object& at) {
  AppendRequest request;
  request.archive = taken(path_of(archive.ptr()));
  request.executable = taken(path_of(executable.ptr()));
  request.output = taken(path_of(output.ptr()));
  request.keys = keys_of<PrivateKey>(keys);
  request.limits = taken(limits_of(*home, limits.ptr()));
  request.at = time_of(home, at, "at");
  return require(home, without_gil([&] { return append(request); }), Activity::kTool,
                 {request.archive, std::nullopt});
}

// texts is a property that is a list of str.
template <std::vector<std::string> SignReport::* kMember>
py::object texts(const SignReport& self) {
  return taken(text_list(self.*kMember));
}

void register_report(py::module_& module, const Home& home) {
  py::class_<SignReport>(module, "SignReport", py::is_final(), home.ours(),
                         "What signing has done.")
      .def_property_readonly(
          "output", [](const SignReport& self) { return taken(text_of_path(self.output)); },
          "The file or directory that is signed now.")
      .def_readonly("added", &SignReport::added,
                    "Whether others had signed the same, and their signatures were kept.")
      .def_readonly("members", &SignReport::members, "How many members the manifest lists.")
      .def_property_readonly(
          "name", [](const SignReport& self) { return taken(optional_text(self.attributes.name)); },
          "The signed `@name`, or None.")
      .def_property_readonly(
          "serial",
          [](const SignReport& self) { return taken(optional_number(self.attributes.serial)); },
          "The signed `@serial`, or None.")
      .def_property_readonly(
          "not_before",
          [](const SignReport& self) { return taken(optional_number(self.attributes.not_before)); },
          "The signed `@not-before` in seconds since 1970, or None.")
      .def_property_readonly(
          "expires",
          [](const SignReport& self) { return taken(optional_number(self.attributes.expires)); },
          "The signed `@expires` in seconds since 1970, or None.")
      .def_property_readonly(
          "hash_type",
          [](const SignReport& self) { return taken(text_of_utf8(hash_name(self.hash_type))); },
          "The hash of the members, such as \"sha256\".")
      .def_readonly("has_index", &SignReport::has_index, "Whether there is a signed index.")
      .def_property_readonly(
          "prefix_length",
          [](const SignReport& self) -> py::object {
            const std::optional<Prefix>& prefix = self.attributes.prefix;
            return prefix ? py::object(py::int_(prefix->length)) : py::none();
          },
          "The signed number of bytes in front of the archive, or None.")
      .def_property_readonly(
          "recorded",
          [](const SignReport& self) {
            const std::optional<Order>& order = self.attributes.order;
            return order ? order->members : 0;
          },
          "How many members stand in the order in which a program read them.")
      .def_property_readonly(
          "carried_over", &texts<&SignReport::carried_over>,
          "Which of name, serial, not_before and expires come from the manifest that was there.")
      .def_property_readonly("signers", &texts<&SignReport::signers>,
                             "The fingerprints on the result.")
      .def_property_readonly("kept", &texts<&SignReport::kept>,
                             "Those among them that were there before. They were not checked.")
      .def_property_readonly("dropped", &texts<&SignReport::dropped>,
                             "The fingerprints of the other signatures that were there before.")
      .def_property_readonly("left_out", &texts<&SignReport::left_out>,
                             "Members that were not carried over, each with the reason.")
      .def_property_readonly(
          "vanished", &texts<&SignReport::vanished>,
          "What stood in the archive beside its members and does not any more, a text each.")
      .def_property_readonly("warnings", &texts<&SignReport::warnings>,
                             "What a person should know of, a text each.")
      .def("__repr__",
           [](const SignReport& self) {
             return py::str(
                        "signedvfs.SignReport(output={!r}, added={!r}, members={!r}, signers={!r}, "
                        "left_out={!r})")
                 .format(taken(text_of_path(self.output)), self.added, self.members,
                         taken(text_list(self.signers)), taken(text_list(self.left_out)));
           })
      .def("__reduce__", &refuse_reduction);
}

}  // namespace

void register_signing(py::module_& module, const Home& home) {
  register_report(module, home);

  module.def(
      "sign", at_home(home, &sign_path), py::arg("path"), py::arg("keys"),
      py::arg("output") = py::none(), py::arg("name") = py::none(), py::arg("serial") = py::none(),
      py::arg("expires") = py::none(), py::arg("not_before") = py::none(),
      py::arg("hash") = py::none(), py::arg("limits") = py::none(),
      py::arg("progress") = py::none(), py::arg("index") = py::none(),
      py::arg("keep_signatures").noconvert() = false, py::arg("at") = py::none(),
      py::arg("compiled_here").noconvert() = false, py::arg("detached") = py::none(),
      py::arg("root") = py::none(), py::arg("pycache").noconvert() = false,
      "sign(path, keys, output=None, name=None, serial=None, expires=None, not_before=None, "
      "hash=None, limits=None, progress=None, index=None, keep_signatures=False, at=None, "
      "compiled_here=False, detached=None, root=None, pycache=False)\n--\n\n"
      "Sign an archive or a directory, in place or (archives) into `output`.\n\n"
      "An archive is written anew. Comments, data descriptors and the like, which are lost, are "
      "no\n"
      "obstacle, and `vanished` says what there was; what could be read in two ways is refused.\n\n"
      "`keys` is one PrivateKey or several. Attributes that are not given are carried over from "
      "a\n"
      "manifest that one of the keys has signed, and from no other; it has to be this archive's:\n"
      "at least half of what it lists is here, and at least half of what is here is listed. The\n"
      "report says what is signed now.\n\n"
      "Times are seconds since 1970 or aware datetimes. `hash` is 'sha256' (the default), 'sha384' "
      "or\n"
      "'sha512'. The result is verified before it is put in place; on failure nothing has "
      "changed.\n\n"
      "Signatures by other keys are dropped. `keep_signatures=True` signs once more the very "
      "statement\n"
      "that they cover, attributes included, and keeps them; where content, attributes or the "
      "choice\n"
      "of an index would make another one of it, that is a ValueError.\n\n"
      "A result that has expired, or is not valid yet, at the moment `at` (default: now) is a\n"
      "ValueError. Without a name, a serial number keeps older releases away from the archive's "
      "path\n"
      "only; `warnings` say so.\n\n"
      "A .pyc runs instead of the source beside it, whatever it was compiled from. One that is "
      "not\n"
      "known from the manifest there is warned of, unless `compiled_here=True` says that the "
      "caller\n"
      "has compiled all of them itself.\n\n"
      "`index` says whether an archive gets a signed index, with which opening costs the same for\n"
      "any number of members; None leaves that to their number.\n\n"
      "`detached` is where the manifest of a directory is written that is left alone; `root` is\n"
      "the role in which it is signed and has to be opened, None means 'tree'. Links that lead "
      "out\n"
      "of the directory and special files are left out.\n\n"
      "`pycache=True` signs this interpreter's bytecode in a directory's __pycache__ as well, "
      "where\n"
      "it belongs to its source. Importing is faster with it; whatever writes it anew (Python "
      "does,\n"
      "when the source's time changes) makes it another file than the signed one.\n\n"
      "`progress` is called with the steps done and their number; what it raises ends the work.\n"
      "Raises IntegrityCheckError where the content can not be signed, ValueError, OSError.");
  module.def(
      "_sign_roots", at_home(home, &sign_roots), py::arg("manifest"), py::arg("roots"),
      py::arg("keys"), py::arg("name") = py::none(), py::arg("serial") = py::none(),
      py::arg("expires") = py::none(), py::arg("not_before") = py::none(),
      py::arg("hash") = py::none(), py::arg("limits") = py::none(),
      py::arg("progress") = py::none(), py::arg("keep_signatures").noconvert() = false,
      py::arg("at") = py::none(), py::arg("pycache").noconvert() = false,
      "_sign_roots(manifest, roots, keys, name=None, serial=None, expires=None, not_before=None, "
      "hash=None, limits=None, progress=None, keep_signatures=False, at=None, "
      "pycache=False)\n--\n\n"
      "Write a detached manifest of several directories, which are left alone.\n\n"
      "`roots` are those of `open_roots`, the other arguments those of `sign`. Raises likewise.");
  module.def("_check_validity", at_home(home, &check_times), py::arg("expires"),
             py::arg("not_before"), py::arg("at"),
             "_check_validity(expires, not_before, at)\n--\n\n"
             "Raise ValueError where what has these times would not be valid at `at` (default: "
             "now).");
  module.def("unsign", at_home(home, &unsign_path), py::arg("path"), py::arg("output") = py::none(),
             py::arg("limits") = py::none(),
             "unsign(path, output=None, limits=None)\n--\n\n"
             "Remove the manifest and its signatures, and keep all other members.\n\n"
             "Return what an archive had beside them and has not any more, a text each. Raises\n"
             "IntegrityCheckError, ValueError, OSError.");
  module.def(
      "append", at_home(home, &append_archive), py::arg("archive"), py::arg("executable"),
      py::arg("output"), py::arg("keys"), py::arg("limits") = py::none(),
      py::arg("at") = py::none(),
      "append(archive, executable, output, keys, limits=None, at=None)\n--\n\n"
      "Write `executable` followed by the signed `archive` to `output`, signed as one.\n\n"
      "`keys` are keys that have signed the archive. The executable keeps its mode, and its\n"
      "bytes are covered by the signature. An archive that has expired, or is not valid yet, at "
      "the\n"
      "moment `at` (default: now) is a ValueError. Raises IntegrityCheckError, ValueError, "
      "OSError.");
}

}  // namespace signedvfs
