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

HashType hash_of(const py::object& hash) {
  const std::string name = utf8_of(hash, "hash");
  const std::optional<HashType> type = hash_type_of(name);
  if (!type || *type == HashType::kLegacySha1 || *type == HashType::kLegacyMd5) {
    throw py::value_error("nothing is signed with the hash " + in_quotes(name) +
                          ": expected 'sha256', 'sha384' or 'sha512'");
  }
  return *type;
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
                     const py::object& callable, const py::object& index) {
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
  request.limits = limits_of(limits);
  Progress progress(callable);
  request.progress = [&](std::uint64_t done, std::uint64_t total) {
    return progress.step(done, total);
  };
  return require(progress.run([&] { return sign(request); }), Activity::kTool,
                 {request.path, std::nullopt});
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
                          const py::object& limits) {
  AppendRequest request;
  request.archive = path_of(archive);
  request.executable = path_of(executable);
  request.output = path_of(output);
  request.keys = keys_of<PrivateKey>(keys);
  request.limits = limits_of(limits);
  return require(without_gil([&] { return append(request); }), Activity::kTool,
                 {request.archive, std::nullopt});
}

void register_report(py::module_& module) {
  py::class_<SignReport>(module, "SignReport", py::is_final(), "What signing has done.")
      .def_property_readonly(
          "output", [](const SignReport& self) { return path_object(self.output); },
          "The file or directory that is signed now.")
      .def_readonly("added", &SignReport::added,
                    "Whether a signature was added to a manifest whose content was unchanged.")
      .def_readonly("members", &SignReport::members, "How many members the manifest lists.")
      .def_property_readonly(
          "signers", [](const SignReport& self) { return text_list(self.signers); },
          "The fingerprints on the result.")
      .def_property_readonly(
          "left_out", [](const SignReport& self) { return text_list(self.left_out); },
          "Members that were not carried over, each with the reason.")
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
      py::arg("not_before") = py::none(), py::arg("hash") = "sha256",
      py::arg("limits") = py::none(), py::arg("progress") = py::none(),
      py::arg("index") = py::none(),
      "sign(path, keys, output=None, name=None, serial=None, expires=None, not_before=None, "
      "hash='sha256', limits=None, progress=None, index=None)\n--\n\n"
      "Sign an archive or a directory, in place or (archives) into `output`.\n\n"
      "`keys` is one PrivateKey or several. Attributes that are not given are kept from a "
      "manifest\n"
      "that one of the keys has signed. Times are seconds since 1970 or aware datetimes. The "
      "result\n"
      "is verified before it is put in place; on failure nothing has changed. Where the content of "
      "a\n"
      "signed archive has not changed, signatures are added.\n\n"
      "`index` says whether an archive gets a signed index, with which opening costs the same for\n"
      "any number of members; None leaves that to their number.\n\n"
      "`progress` is called with the steps done and their number; what it raises ends the work.\n"
      "Raises IntegrityCheckError where the content can not be signed, ValueError, OSError.");
  module.def("unsign", &unsign_path, py::arg("path"), py::arg("output") = py::none(),
             py::arg("limits") = py::none(),
             "unsign(path, output=None, limits=None)\n--\n\n"
             "Remove the manifest and its signatures, and keep everything else.\n\n"
             "Raises IntegrityCheckError, ValueError, OSError.");
  module.def(
      "append", &append_archive, py::arg("archive"), py::arg("executable"), py::arg("output"),
      py::arg("keys"), py::arg("limits") = py::none(),
      "append(archive, executable, output, keys, limits=None)\n--\n\n"
      "Write `executable` followed by the signed `archive` to `output`, signed as one.\n\n"
      "`keys` are keys that have signed the archive. The executable keeps its mode, and its\n"
      "bytes are covered by the signature. Raises IntegrityCheckError, ValueError, OSError.");
}

}  // namespace signedvfs
