// Statements that are signed somewhere else: drawn up, looked at, signed, and attached.
#include <string>
#include <utility>
#include <vector>

#include "archive/base/buffer.h"
#include "bindings/convert.h"
#include "bindings/errors.h"
#include "bindings/registers.h"
#include "bindings/signers.h"
#include "bindings/signing_arguments.h"
#include "importer/python/progress.h"
#include "importer/values/values.h"
#include "vfs/crypto/base64.h"
#include "vfs/manifest/signed_header.h"
#include "vfs/signing/attach.h"
#include "vfs/signing/statement.h"

namespace py = pybind11;

namespace signedvfs {
namespace {

// Drawn is a statement, and what became of what it was drawn up from.
struct Drawn {
  std::string text;
  HeaderFields fields;
  SignReport report;  // empty where the text was given
};

Drawn read(const Home& home, const py::object& text) {
  Drawn out;
  out.text = taken(utf8_of(text.ptr(), "text"));
  out.fields = require(home, read_statement(out.text, {}), Activity::kTool);
  return out;
}

// statement_of returns the text of a Statement, or of a str, which is read first.
std::string statement_of(const Home& home, const py::object& statement) {
  if (py::isinstance<Drawn>(statement)) return statement.cast<const Drawn&>().text;
  return read(home, statement).text;
}

Drawn draw_up_path(const Home& home, const py::object& path, const py::object& name,
                   const py::object& serial, const py::object& expires,
                   const py::object& not_before, const py::object& hash, const py::object& limits,
                   const py::object& callable, const py::object& index, bool keep_signatures,
                   const py::object& at, bool compiled_here) {
  SignRequest request;
  request.path = taken(path_of(path.ptr()));
  request.hash_type = hash_of(home, hash);
  if (!name.is_none()) request.attributes.name = taken(utf8_of(name.ptr(), "name"));
  request.attributes.serial = serial_of(home, serial);
  request.attributes.expires = time_of(home, expires, "expires");
  request.attributes.not_before = time_of(home, not_before, "not_before");
  request.index = optional_choice_of(index, "index");
  request.keep_signatures = keep_signatures;
  request.at = time_of(home, at, "at");
  request.compiled_here = compiled_here;
  request.limits = taken(limits_of(*home, limits.ptr()));
  if (!Progress::check(callable.ptr()).ok()) throw py::error_already_set();
  Progress progress(callable.ptr());
  request.progress = [&](std::uint64_t done, std::uint64_t total) {
    return progress.step(done, total);
  };
  Drawn out;
  out.report = require(home, progress.run([&] { return draw_up(request); }), Activity::kTool,
                       {request.path, std::nullopt});
  out.text = out.report.header;
  out.fields = require(home, read_statement(out.text, request.limits), Activity::kTool);
  return out;
}

py::object sign_text(const Home& home, const py::object& statement, const py::object& keys,
                     const py::object& at) {
  const std::string text = statement_of(home, statement);
  Progress progress(Py_None);
  const Signers signers(home, keys, progress);
  const std::optional<std::int64_t> moment = time_of(home, at, "at");
  const auto work = [&]() -> Result<std::string> {
    SIGNEDVFS_ASSIGN(const HeaderFields fields, read_statement(text, {}));
    SIGNEDVFS_TRY(check_validity(fields.attributes, moment));
    SIGNEDVFS_TRY(check_keys(signers.signers()));
    std::string lines;
    for (const Signer& signer : signers.signers()) {
      SIGNEDVFS_ASSIGN(const std::vector<std::byte> signature, signer.sign(text));
      lines.append(signer.public_key().fingerprint()).append(" ");
      lines.append(base64_encode(signature)).append("\n");
    }
    return lines;
  };
  return taken(text_of_utf8(require(home, progress.run(work), Activity::kTool)));
}

std::vector<Signature> signatures_of(const py::object& given) {
  std::vector<Signature> out;
  for (const py::handle item : given) {
    const auto [fingerprint, value] = item.cast<std::pair<std::string, py::bytes>>();
    const std::span<const std::byte> bytes = bytes_of(std::string_view(value));
    out.push_back({fingerprint, {bytes.begin(), bytes.end()}});
  }
  return out;
}

SignReport attach_to(const Home& home, const py::object& path, const py::object& signatures,
                     const py::object& keys, const py::object& statement, const py::object& output,
                     const py::object& limits, const py::object& callable, const py::object& at) {
  AttachRequest request;
  request.path = taken(path_of(path.ptr()));
  request.output = taken(optional_path_of(output.ptr()));
  if (!statement.is_none()) request.statement = statement_of(home, statement);
  request.signatures = signatures_of(signatures);
  for (const py::handle key : keys) {
    const PublicKey* const one = public_key_in(*home, key.ptr());
    if (one == nullptr) throw py::type_error("keys must be of type signedvfs.PublicKey");
    request.keys.push_back(*one);
  }
  request.at = time_of(home, at, "at");
  request.limits = taken(limits_of(*home, limits.ptr()));
  if (!Progress::check(callable.ptr()).ok()) throw py::error_already_set();
  Progress progress(callable.ptr());
  request.progress = [&](std::uint64_t done, std::uint64_t total) {
    return progress.step(done, total);
  };
  return require(home, progress.run([&] { return attach(request); }), Activity::kTool,
                 {request.path, std::nullopt});
}

template <std::vector<std::string> SignReport::* kMember>
py::object texts_in(const Drawn& self) {
  return taken(text_list(self.report.*kMember));
}

void register_statement(py::module_& module, const Home& home) {
  py::class_<Drawn>(module, "Statement", py::is_final(), home.ours(),
                    "What is signed: the header of a manifest, which commits to all the rest.")
      .def_static("parse", at_home(home, &read), py::arg("text"),
                  "parse(text)\n--\n\n"
                  "Read a statement. Raises IntegrityCheckError where it departs from its grammar.")
      .def_property_readonly(
          "text", [](const Drawn& self) { return taken(text_of_utf8(self.text)); },
          "The text itself.")
      .def_property_readonly(
          "message",
          [home = Home(home)](const Drawn& self) {
            return py::bytes(require(home, signed_message(self.text), Activity::kTool));
          },
          "The 54 bytes that a key signs.")
      .def_property_readonly(
          "members", [](const Drawn& self) { return self.fields.members; },
          "How many members the manifest lists.")
      .def_property_readonly(
          "name",
          [](const Drawn& self) { return taken(optional_text(self.fields.attributes.name)); },
          "The `@name`, or None.")
      .def_property_readonly(
          "serial",
          [](const Drawn& self) { return taken(optional_number(self.fields.attributes.serial)); },
          "The `@serial`, or None.")
      .def_property_readonly(
          "not_before",
          [](const Drawn& self) {
            return taken(optional_number(self.fields.attributes.not_before));
          },
          "The `@not-before` in seconds since 1970, or None.")
      .def_property_readonly(
          "expires",
          [](const Drawn& self) { return taken(optional_number(self.fields.attributes.expires)); },
          "The `@expires` in seconds since 1970, or None.")
      .def_property_readonly(
          "hash_type",
          [](const Drawn& self) { return taken(text_of_utf8(hash_name(self.fields.hash_type))); },
          "The hash of the members, such as \"sha256\".")
      .def_property_readonly(
          "has_index", [](const Drawn& self) { return self.fields.index.has_value(); },
          "Whether there is a signed index.")
      .def_property_readonly(
          "prefix_length",
          [](const Drawn& self) -> py::object {
            const std::optional<Prefix>& prefix = self.fields.attributes.prefix;
            return prefix ? py::object(py::int_(prefix->length)) : py::none();
          },
          "The number of bytes in front of the archive, or None.")
      .def_property_readonly(
          "recorded",
          [](const Drawn& self) {
            const std::optional<Order>& order = self.fields.attributes.order;
            return order ? order->members : 0;
          },
          "How many members stand in the order in which a program read them.")
      .def_property_readonly("left_out", &texts_in<&SignReport::left_out>,
                             "Members that would not be carried over, each with the reason.")
      .def_property_readonly("vanished", &texts_in<&SignReport::vanished>,
                             "What would not be in the archive any more, a text each.")
      .def_property_readonly("warnings", &texts_in<&SignReport::warnings>,
                             "What a person should know of before it is signed, a text each.")
      .def("__repr__",
           [](const Drawn& self) {
             return py::str("<signedvfs.Statement name={!r} serial={!r} members={!r}>")
                 .format(taken(optional_text(self.fields.attributes.name)),
                         taken(optional_number(self.fields.attributes.serial)),
                         self.fields.members);
           })
      .def("__reduce__", &refuse_reduction);
}

}  // namespace

void register_offline(py::module_& module, const Home& home) {
  register_statement(module, home);
  module.def(
      "statement", at_home(home, &draw_up_path), py::arg("path"), py::arg("name") = py::none(),
      py::arg("serial") = py::none(), py::arg("expires") = py::none(),
      py::arg("not_before") = py::none(), py::arg("hash") = py::none(),
      py::arg("limits") = py::none(), py::arg("progress") = py::none(),
      py::arg("index") = py::none(), py::arg("keep_signatures").noconvert() = false,
      py::arg("at") = py::none(), py::arg("compiled_here").noconvert() = false,
      "statement(path, name=None, serial=None, expires=None, not_before=None, hash=None, "
      "limits=None, progress=None, index=None, keep_signatures=False, at=None, "
      "compiled_here=False)\n--\n\n"
      "Draw up what sign() would sign, and write nothing.\n\n"
      "The arguments are those of sign(). Nothing is carried over from a manifest that stands "
      "there;\n"
      "`keep_signatures=True` draws up once more the very statement that others have signed.\n\n"
      "Raises IntegrityCheckError where the content can not be signed, ValueError, OSError.");
  module.def("sign_statement", at_home(home, &sign_text), py::arg("statement"), py::arg("keys"),
             py::arg("at") = py::none(),
             "sign_statement(statement, keys, at=None)\n--\n\n"
             "Sign a Statement, or its text; return the lines for a manifest, one for each key.\n\n"
             "`keys` is what sign() takes. A statement that has expired, or is not valid yet, at "
             "the moment\n"
             "`at` (default: now) is a ValueError. Raises IntegrityCheckError where it departs "
             "from its\n"
             "grammar, KeyFileError.");
  module.def("_attach", at_home(home, &attach_to), py::arg("path"), py::arg("signatures"),
             py::arg("keys"), py::arg("statement") = py::none(), py::arg("output") = py::none(),
             py::arg("limits") = py::none(), py::arg("progress") = py::none(),
             py::arg("at") = py::none(),
             "_attach(path, signatures, keys, statement=None, output=None, limits=None, "
             "progress=None, at=None)\n--\n\n"
             "Do attach() for pairs of a fingerprint, or '', and the signature's bytes.");
}

}  // namespace signedvfs
