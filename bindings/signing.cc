#include <cstddef>

#include "bindings/convert.h"
#include "bindings/errors.h"
#include "bindings/limits.h"
#include "bindings/progress.h"
#include "bindings/registers.h"
#include "importer/python.h"
#include "vfs/signer.h"

namespace py = pybind11;

namespace signedvfs {
namespace {

std::optional<HashType> hash_of(const py::object& hash) {
  if (hash.is_none()) return std::nullopt;
  const std::string name = utf8_of(hash, "hash");
  const std::optional<HashType> type = hash_type_of(name);
  if (!type || *type == HashType::kLegacySha1 || *type == HashType::kLegacyMd5) {
    throw py::value_error("nothing is signed with the hash " + in_quotes(name) +
                          ": expected 'sha256', 'sha384' or 'sha512'");
  }
  return type;
}

std::optional<bool> choice_of(const py::object& choice, const char* what) {
  if (choice.is_none()) return std::nullopt;
  if (PyBool_Check(choice.ptr()) == 0) {
    throw py::type_error(std::string(what) + " must be True, False or None");
  }
  return choice.ptr() == Py_True;
}

std::optional<std::uint64_t> serial_of(const py::object& serial) {
  if (serial.is_none()) return std::nullopt;
  if (PyLong_Check(serial.ptr()) == 0) throw py::type_error("serial must be an int or None");
  const unsigned long long value = PyLong_AsUnsignedLongLong(serial.ptr());
  if (PyErr_Occurred() != nullptr) throw py::error_already_set();
  return value;
}

SignReport sign_path(const py::object& path, const py::object& keys, const py::object& output,
                     const py::object& name, const py::object& serial, const py::object& expires,
                     const py::object& not_before, const py::object& hash, const py::object& limits,
                     const py::object& callable, const py::object& index, bool keep_signatures,
                     const py::object& at, bool compiled_here) {
  SignRequest request;
  request.path = path_of(path);
  request.keys = keys_of<PrivateKey>(keys);
  request.output = optional_path_of(output);
  request.hash_type = hash_of(hash);
  if (!name.is_none()) request.attributes.name = utf8_of(name, "name");
  request.attributes.serial = serial_of(serial);
  request.attributes.expires = optional_seconds_of(expires, "expires");
  request.attributes.not_before = optional_seconds_of(not_before, "not_before");
  request.index = choice_of(index, "index");
  request.keep_signatures = keep_signatures;
  request.at = optional_seconds_of(at, "at");
  request.compiled_here = compiled_here;
  request.limits = limits_of(limits);
  Progress progress(callable);
  request.progress = [&](std::uint64_t done, std::uint64_t total) {
    return progress.step(done, total);
  };
  return require(progress.run([&] { return sign(request); }), Activity::kTool,
                 {request.path, std::nullopt});
}

void check_times(const py::object& expires, const py::object& not_before, const py::object& at) {
  Attributes attributes;
  attributes.expires = optional_seconds_of(expires, "expires");
  attributes.not_before = optional_seconds_of(not_before, "not_before");
  require(check_validity(attributes, optional_seconds_of(at, "at")), Activity::kTool, {});
}

void unsign_path(const py::object& path, const py::object& output, const py::object& limits) {
  const std::string name = path_of(path);
  const std::optional<std::string> target = optional_path_of(output);
  const Limits bounds = limits_of(limits);
  require(without_gil([&] { return unsign(name, target, bounds); }), Activity::kTool,
          {name, std::nullopt});
}

SignReport append_archive(const py::object& archive, const py::object& executable,
                          const py::object& output, const py::object& keys,
                          const py::object& limits, const py::object& at) {
  AppendRequest request;
  request.archive = path_of(archive);
  request.executable = path_of(executable);
  request.output = path_of(output);
  request.keys = keys_of<PrivateKey>(keys);
  request.limits = limits_of(limits);
  request.at = optional_seconds_of(at, "at");
  return require(without_gil([&] { return append(request); }), Activity::kTool,
                 {request.archive, std::nullopt});
}

void register_report(py::module_& module) {
  py::class_<SignReport>(module, "SignReport", py::is_final(), "What signing has done.")
      .def_property_readonly(
          "output", [](const SignReport& self) { return path_object(self.output); },
          "The file or directory that is signed now.")
      .def_readonly("added", &SignReport::added,
                    "Whether others had signed the same, and their signatures were kept.")
      .def_readonly("members", &SignReport::members, "How many members the manifest lists.")
      .def_property_readonly(
          "name",
          [](const SignReport& self) -> py::object {
            const std::optional<std::string>& name = self.attributes.name;
            return name ? py::object(text_object(*name)) : py::none();
          },
          "The signed `@name`, or None.")
      .def_property_readonly(
          "serial", [](const SignReport& self) { return optional_object(self.attributes.serial); },
          "The signed `@serial`, or None.")
      .def_property_readonly(
          "not_before",
          [](const SignReport& self) { return optional_object(self.attributes.not_before); },
          "The signed `@not-before` in seconds since 1970, or None.")
      .def_property_readonly(
          "expires",
          [](const SignReport& self) { return optional_object(self.attributes.expires); },
          "The signed `@expires` in seconds since 1970, or None.")
      .def_property_readonly(
          "hash_type",
          [](const SignReport& self) { return text_object(hash_name(self.hash_type)); },
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
          "carried_over", [](const SignReport& self) { return text_list(self.carried_over); },
          "Which of name, serial, not_before and expires come from the manifest that was there.")
      .def_property_readonly(
          "signers", [](const SignReport& self) { return text_list(self.signers); },
          "The fingerprints on the result.")
      .def_property_readonly(
          "kept", [](const SignReport& self) { return text_list(self.kept); },
          "Those among them that were there before. They were not checked.")
      .def_property_readonly(
          "dropped", [](const SignReport& self) { return text_list(self.dropped); },
          "The fingerprints of the other signatures that were there before.")
      .def_property_readonly(
          "left_out", [](const SignReport& self) { return text_list(self.left_out); },
          "Members that were not carried over, each with the reason.")
      .def_property_readonly(
          "warnings", [](const SignReport& self) { return text_list(self.warnings); },
          "What a person should know of, a text each.")
      .def("__repr__", [](const SignReport& self) {
        return py::str(
                   "signedvfs.SignReport(output={!r}, added={!r}, members={!r}, signers={!r}, "
                   "left_out={!r})")
            .format(path_object(self.output), self.added, self.members, text_list(self.signers),
                    text_list(self.left_out));
      });
}

}  // namespace

void register_signing(py::module_& module) {
  register_report(module);

  module.def(
      "sign", &sign_path, py::arg("path"), py::arg("keys"), py::arg("output") = py::none(),
      py::arg("name") = py::none(), py::arg("serial") = py::none(), py::arg("expires") = py::none(),
      py::arg("not_before") = py::none(), py::arg("hash") = py::none(),
      py::arg("limits") = py::none(), py::arg("progress") = py::none(),
      py::arg("index") = py::none(), py::arg("keep_signatures").noconvert() = false,
      py::arg("at") = py::none(), py::arg("compiled_here").noconvert() = false,
      "sign(path, keys, output=None, name=None, serial=None, expires=None, not_before=None, "
      "hash=None, limits=None, progress=None, index=None, keep_signatures=False, at=None, "
      "compiled_here=False)\n--\n\n"
      "Sign an archive or a directory, in place or (archives) into `output`.\n\n"
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
      "`progress` is called with the steps done and their number; what it raises ends the work.\n"
      "Raises IntegrityCheckError where the content can not be signed, ValueError, OSError.");
  module.def("_check_validity", &check_times, py::arg("expires"), py::arg("not_before"),
             py::arg("at"),
             "_check_validity(expires, not_before, at)\n--\n\n"
             "Raise ValueError where what has these times would not be valid at `at` (default: "
             "now).");
  module.def("unsign", &unsign_path, py::arg("path"), py::arg("output") = py::none(),
             py::arg("limits") = py::none(),
             "unsign(path, output=None, limits=None)\n--\n\n"
             "Remove the manifest and its signatures, and keep everything else.\n\n"
             "Raises IntegrityCheckError, ValueError, OSError.");
  module.def(
      "append", &append_archive, py::arg("archive"), py::arg("executable"), py::arg("output"),
      py::arg("keys"), py::arg("limits") = py::none(), py::arg("at") = py::none(),
      "append(archive, executable, output, keys, limits=None, at=None)\n--\n\n"
      "Write `executable` followed by the signed `archive` to `output`, signed as one.\n\n"
      "`keys` are keys that have signed the archive. The executable keeps its mode, and its\n"
      "bytes are covered by the signature. An archive that has expired, or is not valid yet, at "
      "the\n"
      "moment `at` (default: now) is a ValueError. Raises IntegrityCheckError, ValueError, "
      "OSError.");
}

}  // namespace signedvfs
