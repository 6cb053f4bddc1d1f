#include "bindings/vfs.h"

#include <memory>
#include <utility>

#include "bindings/convert.h"
#include "bindings/errors.h"
#include "bindings/limits.h"
#include "bindings/policy.h"
#include "bindings/progress.h"
#include "bindings/registers.h"
#include "importer/audit.h"
#include "importer/python.h"
#include "vfs/signed_vfs.h"

namespace py = pybind11;

namespace signedvfs {
namespace {

using Handle = std::shared_ptr<const SignedVfs>;

// OpenVfs is Python's `SignedVfs`.
struct OpenVfs {
  Handle vfs;

  const SignedVfs* operator->() const noexcept { return vfs.get(); }
  Subject subject() const { return {vfs->path(), std::nullopt}; }
  Subject subject(std::string member) const { return {vfs->path(), std::move(member)}; }
};

// Stat knows its archive for the digest: with an index, that is in the manifest, which may be large
// and is not read before somebody asks.
struct Stat {
  OpenVfs vfs;
  std::string name;
  std::uint64_t size = 0;
};

void audit(const OpenVfs& self, std::string_view member) {
  require(audit_verify(self->path(), member), Activity::kVerifying);
}

OpenVfs open_vfs(const py::object& path, const py::object& policy, const py::object& limits) {
  const std::string name = path_of(path);
  // A policy that is given comes with the default limits, and not with those of another one.
  const bool in_force = policy.is_none() && limits.is_none();
  const Trust trust = in_force ? default_trust() : trust_for_opening(policy, limits_of(limits));
  OpenVfs opened{require(without_gil([&] { return SignedVfs::open(name, trust); }),
                         Activity::kVerifying, {name, std::nullopt})};
  audit(opened, {});
  return opened;
}

py::bytes read_member(const OpenVfs& self, const py::object& name) {
  const std::string member = utf8_of(name, "name");
  const VerifiedBytes content = require(without_gil([&] { return self->read(member); }),
                                        Activity::kVerifying, self.subject(member));
  audit(self, member);
  const std::string_view text = text_of(content.bytes());
  return {text.data(), text.size()};
}

// asked returns what `question` finds. Only with an index may that read from the file.
template <class Question>
auto asked(const OpenVfs& self, const Question& question) {
  auto answer = self->has_index() ? without_gil(question) : question();
  return require(std::move(answer), Activity::kVerifying, self.subject());
}

py::list list_members(const OpenVfs& self) {
  py::list out;
  const auto paths = asked(self, [&] { return self->listing().paths(); });
  for (const std::string_view path : paths) out.append(text_object(path));
  return out;
}

bool is_file(const OpenVfs& self, const py::object& name) {
  const std::string path = utf8_of(name, "name");
  return asked(self, [&] { return self->contains(path); });
}

bool is_directory(const OpenVfs& self, const py::object& name) {
  const std::string path = utf8_of(name, "name");
  return asked(self, [&] { return self->listing().has_directory(path); });
}

py::list list_directory(const OpenVfs& self, const py::object& name) {
  py::list out;
  const std::string path = utf8_of(name, "name");
  const auto items = asked(self, [&] { return self->listing().list(path); });
  for (const DirectoryItem& item : items) {
    out.append(text_object(item.name));
  }
  return out;
}

Stat stat_member(const OpenVfs& self, const py::object& name) {
  const std::string member = utf8_of(name, "name");
  if (!asked(self, [&] { return self->contains(member); })) {
    throw_status(Status(Errc::kNotFound, in_quotes(member) + " is not listed in the manifest")
                     .in(self->path()),
                 Activity::kVerifying, self.subject(member));
  }
  return {self, member, asked(self, [&] { return self->size_of(member); })};
}

std::string digest_of_stat(const Stat& self) {
  const Manifest* const manifest = asked(self.vfs, [&] { return self.vfs->manifest(); });
  const Entry* const entry = manifest->find(self.name);
  if (entry == nullptr) {  // what the index lists, the manifest lists: the signer saw to that
    throw_status(Status(Errc::kManifestMismatch,
                        in_quotes(self.name) + " is in the index, but not in the manifest")
                     .in(self.vfs->path()),
                 Activity::kVerifying, self.vfs.subject(self.name));
  }
  return std::string(entry->hex());
}

void verify_all(const OpenVfs& self, const py::object& callable) {
  Progress progress(callable);
  const std::uint64_t total = self->listing().size();
  const Status status = progress.run([&] {
    return self->verify_all([&](std::uint64_t done) { return progress.step(done, total); });
  });
  require(status, Activity::kVerifying, self.subject());
}

py::list unlisted(const OpenVfs& self) {
  return text_list(
      require(without_gil([&] { return self->unlisted(); }), Activity::kVerifying, self.subject()));
}

py::list recorded_order(const OpenVfs& self) {
  return text_list(
      require(without_gil([&] { return self->order(); }), Activity::kVerifying, self.subject()));
}

py::list signatures(const OpenVfs& self) {
  py::list out;
  for (const Signature& signature : self->signatures()) {
    out.append(py::str(signature.fingerprint));
  }
  return out;
}

py::object prefix_length(const OpenVfs& self) {
  const std::optional<Prefix>& prefix = self->attributes().prefix;
  if (!prefix) return py::none();
  return py::int_(prefix->length);
}

void register_stat(py::module_& module) {
  py::class_<Stat>(module, "Stat", py::is_final(), "What a signed archive says of one member.")
      .def_property_readonly(
          "name", [](const Stat& self) { return text_object(self.name); }, "The member's path.")
      .def_readonly("size", &Stat::size,
                    "The decoded size in bytes: signed where there is an index, and otherwise what "
                    "the\ncontainer declares. `read` checks it; this does not.")
      .def_property_readonly("digest", &digest_of_stat,
                             "The signed digest of the content, in hexadecimal.")
      .def("__repr__", [](const Stat& self) {
        return py::str("signedvfs.Stat(name={!r}, size={!r}, digest={!r})")
            .format(text_object(self.name), self.size, digest_of_stat(self));
      });
}

}  // namespace

py::object vfs_object(std::shared_ptr<const SignedVfs> vfs) {
  return py::cast(OpenVfs{std::move(vfs)});
}

void register_vfs(py::module_& module) {
  register_stat(module);

  py::class_<OpenVfs>(module, "SignedVfs", py::is_final(),
                      "A signed archive or directory that satisfied a policy when `open` made "
                      "this.\n\nImmutable; any thread may use it. What `read` returns has been "
                      "verified in the memory\nthat it is returned in.")
      .def("read", &read_member, py::arg("name"),
           "read(self, name)\n--\n\n"
           "Return the member's content, after comparing its digest with the signed one.\n\n"
           "Raises IntegrityCheckMissing for a name that the manifest does not list, and\n"
           "IntegrityCheckFailed where the content is not what was signed.")
      .def("list", &list_members, "list(self)\n--\n\nReturn the listed names, in byte order.")
      .def("is_file", &is_file, py::arg("name"),
           "is_file(self, name)\n--\n\nTell whether the manifest lists a file of that name.")
      .def("is_dir", &is_directory, py::arg("name"),
           "is_dir(self, name)\n--\n\n"
           "Tell whether listed files lie below that name; '' is the root.")
      .def("listdir", &list_directory, py::arg("name") = "",
           "listdir(self, name='')\n--\n\n"
           "Return the names directly below a directory, in byte order; none where it "
           "is no\ndirectory.")
      .def("stat", &stat_member, py::arg("name"),
           "stat(self, name)\n--\n\n"
           "Return what is said of a member, without reading it.\n\n"
           "Raises IntegrityCheckMissing for a name that the manifest does not list.")
      .def("verify_all", &verify_all, py::arg("progress") = py::none(),
           "verify_all(self, progress=None)\n--\n\n"
           "Read and verify every member, and what stands in front of the archive.\n\n"
           "Bytes in front that were not signed are refused: a program may be there.\n"
           "`progress` is called with the members done and their number; what it raises ends the\n"
           "work. Raises IntegrityCheckError.")
      .def("order", &recorded_order,
           "order(self)\n--\n\n"
           "Return the names in the order in which a program was seen to read them.\n\n"
           "`pack` records it on request; otherwise the list is empty. Raises "
           "IntegrityCheckError.")
      .def("unlisted", &unlisted,
           "unlisted(self)\n--\n\n"
           "Return the files below a directory that its manifest does not list.\n\n"
           "They can not be read through this object. For archives there are none.")
      .def_property_readonly(
          "path", [](const OpenVfs& self) { return path_object(self->path()); },
          "The path that it was opened by.")
      .def_property_readonly(
          "name",
          [](const OpenVfs& self) -> py::object {
            const std::optional<std::string>& name = self->attributes().name;
            return name ? py::object(text_object(*name)) : py::none();
          },
          "The signed `@name`, or None.")
      .def_property_readonly(
          "serial", [](const OpenVfs& self) { return optional_object(self->attributes().serial); },
          "The signed `@serial`, or None.")
      .def_property_readonly(
          "expires",
          [](const OpenVfs& self) { return optional_object(self->attributes().expires); },
          "The signed `@expires` in seconds since 1970, or None.")
      .def_property_readonly(
          "not_before",
          [](const OpenVfs& self) { return optional_object(self->attributes().not_before); },
          "The signed `@not-before` in seconds since 1970, or None.")
      .def_property_readonly(
          "signers", [](const OpenVfs& self) { return text_list(self->signers()); },
          "The fingerprints of the policy's keys that signed.")
      .def_property_readonly("signatures", &signatures,
                             "The fingerprints on all signatures, unknown keys included.")
      .def_property_readonly(
          "hash_type",
          [](const OpenVfs& self) { return text_object(hash_name(self->hash_type())); },
          "The hash of the members, such as \"sha256\".")
      .def_property_readonly(
          "has_index", [](const OpenVfs& self) { return self->has_index(); },
          "Whether the archive goes by a signed index, and not by its whole manifest.")
      .def_property_readonly("prefix_length", &prefix_length,
                             "The signed number of bytes in front of an appended archive, or None.")
      .def_property_readonly(
          "bytes_in_front", [](const OpenVfs& self) { return self->prefix_bytes(); },
          "How many bytes stand in front of the archive in its file, signed or not.\n\n"
          "Where `prefix_length` is None nobody has signed them; then they are never read, and\n"
          "`verify_all` refuses them.")
      .def("__repr__", [](const OpenVfs& self) {
        return py::str("<signedvfs.SignedVfs {!r}>").format(path_object(self->path()));
      });

  module.def("open", &open_vfs, py::arg("path"), py::arg("policy") = py::none(),
             py::arg("limits") = py::none(),
             "open(path, policy=None, limits=None)\n--\n\n"
             "Open a signed archive or directory and check its manifest.\n\n"
             "`policy` is a TrustPolicy; None means the one that `trust` and `set_policy` made.\n"
             "`limits` is a Limits; None means those that were set with that policy.\n"
             "Members are verified when they are read. Raises IntegrityCheckError.");
}

}  // namespace signedvfs
