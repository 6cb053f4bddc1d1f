#include "bindings/limits.h"

#include <array>
#include <string_view>

#include "bindings/registers.h"

namespace py = pybind11;

namespace signedvfs {
namespace {

struct Field {
  const char* name;
  std::uint64_t Limits::* member;
  const char* doc;
};

static_assert(std::is_same_v<std::size_t, std::uint64_t>, "one type of pointer fits all fields");
constexpr std::array kFields{
    Field{"archive_bytes", &Limits::archive_bytes,
          "The archive file, what stands in front of it included."},
    Field{"member_bytes", &Limits::member_bytes, "One member, decoded."},
    Field{"total_bytes", &Limits::total_bytes, "All members together, decoded."},
    Field{"directory_bytes", &Limits::directory_bytes, "The central directory of a zip archive."},
    Field{"manifest_bytes", &Limits::manifest_bytes, "The manifest, decoded."},
    Field{"header_bytes", &Limits::header_bytes, "The manifest's signatures and attributes."},
    Field{"members", &Limits::members, "How many members there may be."},
    Field{"ratio", &Limits::ratio,
          "Decoded bytes for each stored one, of what nobody has signed; 0: any number."},
    Field{"name_bytes", &Limits::name_bytes, "One member's name."},
    Field{"signatures", &Limits::signatures, "How many signatures a manifest may carry."},
};
static_assert(sizeof(Limits) == kFields.size() * sizeof(std::uint64_t), "a field has no name");

const Field& field_named(std::string_view name) {
  for (const Field& field : kFields) {
    if (name == field.name) return field;
  }
  throw py::type_error("Limits() has no field '" + std::string(name) + "'");
}

Limits make_limits(const py::kwargs& given) {
  Limits out;
  for (const auto& [name, value] : given) {
    const Field& field = field_named(name.cast<std::string>());
    if (PyLong_Check(value.ptr()) == 0) {
      throw py::type_error(std::string(field.name) + " must be an int");
    }
    const unsigned long long number = PyLong_AsUnsignedLongLong(value.ptr());
    if (PyErr_Occurred() != nullptr) throw py::error_already_set();
    if (number == 0 && field.member != &Limits::ratio) {
      throw py::value_error(std::string(field.name) +
                            " must be at least 1: only ratio=0 has a meaning, no such limit");
    }
    out.*field.member = number;
  }
  return out;
}

// limits_reduce lets limits be pickled, for example for a child process.
py::tuple limits_reduce(const py::object& self) {
  const auto& given = self.cast<const Limits&>();
  py::dict fields;
  for (const Field& field : kFields) fields[field.name] = given.*field.member;
  const py::object partial = py::module_::import("functools").attr("partial");
  return py::make_tuple(partial(py::type::of(self), **fields), py::tuple());
}

std::string limits_repr(const Limits& self) {
  std::string out = "signedvfs.Limits(";
  for (const Field& field : kFields) {
    if (&field != kFields.data()) out += ", ";
    out += field.name;
    out += '=';
    out += std::to_string(self.*field.member);
  }
  return out + ')';
}

}  // namespace

Limits limits_of(py::handle limits) {
  if (limits.is_none()) return {};
  if (!py::isinstance<Limits>(limits)) {
    throw py::type_error(std::string("limits must be a signedvfs.Limits or None, not ") +
                         Py_TYPE(limits.ptr())->tp_name);
  }
  return limits.cast<const Limits&>();
}

void register_limits(py::module_& module) {
  py::class_<Limits> type(
      module, "Limits", py::is_final(),
      "What an archive may cost before anybody has vouched for it.\n\n"
      "The defaults fit the largest wheels in common use; give single fields as keywords to raise "
      "or\nlower them. They count alike when an archive is made, signed and opened, but for "
      "`ratio`:\nwhat was signed may be compressed as well as it likes. Before a signature has "
      "been checked\nonly the manifest is decoded. Immutable.");
  type.def(py::init(&make_limits),
           "__init__(self, *, archive_bytes=..., member_bytes=..., total_bytes=..., "
           "directory_bytes=..., manifest_bytes=..., header_bytes=..., members=..., ratio=..., "
           "name_bytes=..., signatures=...)\n--\n\n")
      .def("__repr__", &limits_repr)
      .def("__reduce__", &limits_reduce);
  for (const Field& field : kFields) {
    type.def_property_readonly(
        field.name, [member = field.member](const Limits& self) { return self.*member; },
        field.doc);
  }
}

}  // namespace signedvfs
