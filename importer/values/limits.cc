#include "importer/values/limits.h"

#include <array>
#include <cstdint>
#include <string>
#include <type_traits>

#include "importer/python/convert.h"
#include "importer/python/errors.h"
#include "importer/python/heap_type.h"
#include "importer/values/values.h"

namespace signedvfs {
namespace {

struct LimitField {
  const char* name;
  std::uint64_t Limits::* member;
};

static_assert(std::is_same_v<std::size_t, std::uint64_t>, "one type of pointer fits all fields");
constexpr std::array kFields{
    LimitField{"archive_bytes", &Limits::archive_bytes},
    LimitField{"member_bytes", &Limits::member_bytes},
    LimitField{"total_bytes", &Limits::total_bytes},
    LimitField{"directory_bytes", &Limits::directory_bytes},
    LimitField{"manifest_bytes", &Limits::manifest_bytes},
    LimitField{"header_bytes", &Limits::header_bytes},
    LimitField{"members", &Limits::members},
    LimitField{"ratio", &Limits::ratio},
    LimitField{"name_bytes", &Limits::name_bytes},
    LimitField{"signatures", &Limits::signatures},
};
static_assert(sizeof(Limits) == kFields.size() * sizeof(std::uint64_t), "a field has no name");

Status set_field(Limits& limits, PyObject* name, PyObject* value) {
  for (const LimitField& field : kFields) {
    if (PyUnicode_CompareWithASCIIString(name, field.name) != 0) continue;
    SIGNEDVFS_ASSIGN(const std::uint64_t number, count_of(value, field.name));
    if (number == 0 && field.member != &Limits::ratio) {
      return Status(Errc::kUsage,
                    std::string(field.name) +
                        " must be at least 1: only ratio=0 has a meaning, no such limit");
    }
    limits.*field.member = number;
    return {};
  }
  PyErr_Format(PyExc_TypeError, "Limits() has no field %R", name);
  return python_error();
}

Result<Limits> read_fields(PyObject* positional, PyObject* named) {
  Limits out;
  if (PyTuple_GET_SIZE(positional) != 0) {
    PyErr_SetString(PyExc_TypeError, "Limits() takes its fields by name only");
    return python_error();
  }
  PyObject* name = nullptr;
  PyObject* value = nullptr;
  Py_ssize_t at = 0;
  while (named != nullptr && PyDict_Next(named, &at, &name, &value) != 0) {
    SIGNEDVFS_TRY(set_field(out, name, value));
  }
  return out;
}

PyObject* make_limits(PyTypeObject* type, PyObject* positional, PyObject* named) {
  Interpreter* const home = home_of(type);
  if (home == nullptr) return nullptr;
  const Result<Limits> fields = read_fields(positional, named);
  if (!fields.ok()) return raised(*home, fields.status(), Activity::kTool);
  Result<PyRef> made = new_object(type, home, *fields);
  return made.ok() ? std::move(*made).release() : nullptr;
}

PyObject* limits_repr(PyObject* self) {
  const auto* const limits = value_in<Limits>(self);
  if (limits == nullptr) return nullptr;
  std::string out = "signedvfs.Limits(";
  for (const LimitField& field : kFields) {
    if (&field != kFields.data()) out += ", ";
    out += field.name;
    out += '=';
    out += std::to_string(limits->*field.member);
  }
  out += ')';
  return PyUnicode_FromStringAndSize(out.data(), static_cast<Py_ssize_t>(out.size()));
}

Result<PyRef> keywords_of(const Limits& limits) {
  SIGNEDVFS_ASSIGN(PyRef out, owned(PyDict_New()));
  for (const LimitField& field : kFields) {
    SIGNEDVFS_ASSIGN(const PyRef number, owned(PyLong_FromUnsignedLongLong(limits.*field.member)));
    if (PyDict_SetItemString(out.get(), field.name, number.get()) < 0) return python_error();
  }
  return out;
}

// reduced lets limits be pickled, for example for a child process.
Result<PyRef> reduced(PyObject* self, const Limits& limits) {
  SIGNEDVFS_ASSIGN(const PyRef keywords, keywords_of(limits));
  SIGNEDVFS_ASSIGN(const PyRef functools, owned(PyImport_ImportModule("functools")));
  SIGNEDVFS_ASSIGN(const PyRef partial, owned(PyObject_GetAttrString(functools.get(), "partial")));
  SIGNEDVFS_ASSIGN(const PyRef type,
                   owned(PyTuple_Pack(1, reinterpret_cast<PyObject*>(Py_TYPE(self)))));
  SIGNEDVFS_ASSIGN(const PyRef make,
                   owned(PyObject_Call(partial.get(), type.get(), keywords.get())));
  return owned(Py_BuildValue("(O())", make.get()));
}

PyObject* limits_reduce(PyObject* self) {
  const auto* const limits = value_in<Limits>(self);
  if (limits == nullptr) return nullptr;
  Result<PyRef> out = reduced(self, *limits);
  return out.ok() ? std::move(*out).release() : nullptr;
}

template <std::uint64_t Limits::* kMember>
PyObject* get_field(PyObject* self) {
  const auto* const limits = value_in<Limits>(self);
  return limits == nullptr ? nullptr : PyLong_FromUnsignedLongLong(limits->*kMember);
}

PyGetSetDef limits_fields[] = {
    getter_of<&get_field<&Limits::archive_bytes>>(
        "archive_bytes", "The archive file, what stands in front of it included."),
    getter_of<&get_field<&Limits::member_bytes>>("member_bytes", "One member, decoded."),
    getter_of<&get_field<&Limits::total_bytes>>("total_bytes", "All members together, decoded."),
    getter_of<&get_field<&Limits::directory_bytes>>("directory_bytes",
                                                    "The central directory of a zip archive."),
    getter_of<&get_field<&Limits::manifest_bytes>>("manifest_bytes", "The manifest, decoded."),
    getter_of<&get_field<&Limits::header_bytes>>("header_bytes",
                                                 "The manifest's signatures and attributes."),
    getter_of<&get_field<&Limits::members>>("members", "How many members there may be."),
    getter_of<&get_field<&Limits::ratio>>(
        "ratio", "Decoded bytes for each stored one, of what nobody has signed; 0: any number."),
    getter_of<&get_field<&Limits::name_bytes>>("name_bytes", "One member's name."),
    getter_of<&get_field<&Limits::signatures>>("signatures",
                                               "How many signatures a manifest may carry."),
    {}};
static_assert(std::size(limits_fields) == kFields.size() + 1, "a field cannot be read");

PyMethodDef limits_methods[] = {
    method_of<&limits_reduce>("__reduce__", "Return what the limits can be made of again."), {}};

PyMemberDef limits_members[] = {kWeakMember, {}};

PyType_Slot limits_slots[] = {
    slot(Py_tp_doc,
         "Limits(*, archive_bytes=..., member_bytes=..., total_bytes=..., directory_bytes=..., "
         "manifest_bytes=..., header_bytes=..., members=..., ratio=..., name_bytes=..., "
         "signatures=...)\n--\n\n"
         "What an archive may cost before anybody has vouched for it.\n\n"
         "The defaults fit the largest wheels in common use; give single fields as keywords to "
         "raise or\nlower them. They count alike when an archive is made, signed and opened, but "
         "for `ratio`:\nwhat was signed may be compressed as well as it likes. Before a signature "
         "has been checked\nonly the manifest is decoded. Immutable."),
    slot(Py_tp_new, &constructor<&make_limits>),
    slot(Py_tp_repr, &plain<&limits_repr>),
    slot(Py_tp_traverse, &traverse_holder<Limits>),
    slot(Py_tp_clear, &clear_holder<Limits>),
    slot(Py_tp_dealloc, &free_holder<Limits>),
    slot(Py_tp_methods, limits_methods),
    slot(Py_tp_getset, limits_fields),
    slot(Py_tp_members, limits_members),
    {}};

PyType_Spec limits_spec{"signedvfs.Limits", sizeof(Holder<Limits>), 0,
                        Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC, limits_slots};

}  // namespace

Status add_limits(Interpreter& home) { return add_type(home, limits_spec, home.types.limits); }

Result<PyRef> limits_object(Interpreter& home, const Limits& limits) {
  return new_object(Interpreter::type(home.types.limits), &home, limits);
}

Result<Limits> limits_of(Interpreter& home, PyObject* limits) {
  if (limits == Py_None) return Limits();
  if (Py_TYPE(limits) != Interpreter::type(home.types.limits)) {
    return wrong_type("limits", "a signedvfs.Limits or None", limits);
  }
  const auto* const held = value_in<Limits>(limits);
  if (held == nullptr) return python_error();
  return *held;
}

}  // namespace signedvfs
