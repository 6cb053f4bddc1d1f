#include "importer/python/convert.h"

#include <cmath>
#include <limits>

namespace signedvfs {
namespace {

// nonsense is the failure for a value that `what` cannot have; an OverflowError that is set goes.
Status nonsense(const char* what, const char* why) {
  PyErr_Clear();
  return {Errc::kUsage, std::string(what) + ' ' + why};
}

Result<std::int64_t> rounded_down(double seconds, const char* what) {
  const double whole = std::floor(seconds);
  // The bounds of int64 are powers of two, which doubles hold exactly.
  if (!(whole >= -0x1p63 && whole < 0x1p63)) return nonsense(what, "is no time");
  return static_cast<std::int64_t>(whole);
}

Result<double> timestamp_of(PyObject* time, const char* what) {
  SIGNEDVFS_ASSIGN(const PyRef offset, owned(PyObject_CallMethod(time, "utcoffset", nullptr)));
  if (offset.get() == Py_None) {
    return nonsense(what,
                    "is a datetime without a time zone: give it one, such as "
                    "datetime.timezone.utc");
  }
  SIGNEDVFS_ASSIGN(const PyRef seconds, owned(PyObject_CallMethod(time, "timestamp", nullptr)));
  const double out = PyFloat_AsDouble(seconds.get());
  if (out == -1 && PyErr_Occurred() != nullptr) return python_error();
  return out;
}

// has tells whether there is an attribute; failing to find out is an answer, too.
bool has(PyObject* object, const char* name) {
  const PyRef found = PyRef::steal(PyObject_GetAttrString(object, name));
  if (!found) PyErr_Clear();
  return static_cast<bool>(found);
}

template <class Number>
Result<PyRef> number_or_none(const std::optional<Number>& number) {
  if (!number) return PyRef::borrow(Py_None);
  if constexpr (std::is_signed_v<Number>) return owned(PyLong_FromLongLong(*number));
  return owned(PyLong_FromUnsignedLongLong(static_cast<std::uint64_t>(*number)));
}

}  // namespace

Status wrong_type(const char* what, const char* expected, PyObject* found) {
  PyErr_Format(PyExc_TypeError, "%s must be %s, not %.200s", what, expected,
               Py_TYPE(found)->tp_name);
  return python_error();
}

Result<std::string> path_of(PyObject* path) {
  PyObject* converted = nullptr;
  if (PyUnicode_FSConverter(path, &converted) == 0) return python_error();
  const PyRef bytes = PyRef::steal(converted);
  return std::string(PyBytes_AS_STRING(converted),
                     static_cast<std::size_t>(PyBytes_GET_SIZE(converted)));
}

Result<std::optional<std::string>> optional_path_of(PyObject* path) {
  if (path == Py_None) return std::optional<std::string>();
  SIGNEDVFS_ASSIGN(std::string out, path_of(path));
  return std::optional(std::move(out));
}

Result<std::string> utf8_of(PyObject* text, const char* what) {
  if (PyUnicode_Check(text) == 0) return wrong_type(what, "str", text);
  return utf8_of(text);
}

Result<std::vector<std::string>> texts_of(PyObject* items, const char* what, const char* one) {
  std::vector<std::string> out;
  SIGNEDVFS_TRY(for_each(items, what, [&](PyObject* item) -> Status {
    SIGNEDVFS_ASSIGN(std::string text, utf8_of(item, one));
    out.push_back(std::move(text));
    return {};
  }));
  return out;
}

Result<std::int64_t> seconds_of(PyObject* time, const char* what) {
  if (PyBool_Check(time) == 0) {
    if (PyLong_Check(time) != 0) {
      const long long seconds = PyLong_AsLongLong(time);
      if (seconds == -1 && PyErr_Occurred() != nullptr) return nonsense(what, "is no time");
      return seconds;
    }
    if (PyFloat_Check(time) != 0) return rounded_down(PyFloat_AS_DOUBLE(time), what);
    if (has(time, "utcoffset") && has(time, "timestamp")) {
      SIGNEDVFS_ASSIGN(const double seconds, timestamp_of(time, what));
      return rounded_down(seconds, what);
    }
  }
  return wrong_type(what, "seconds since 1970 or an aware datetime", time);
}

Result<std::optional<std::int64_t>> optional_seconds_of(PyObject* time, const char* what) {
  if (time == Py_None) return std::optional<std::int64_t>();
  SIGNEDVFS_ASSIGN(const std::int64_t seconds, seconds_of(time, what));
  return std::optional(seconds);
}

Result<std::uint64_t> count_of(PyObject* number, const char* what) {
  if (PyLong_Check(number) == 0) return wrong_type(what, "an int", number);
  const unsigned long long value = PyLong_AsUnsignedLongLong(number);
  if (PyErr_Occurred() != nullptr) return nonsense(what, "must be between 0 and 2**64 - 1");
  return value;
}

Result<int> small_int_of(PyObject* number, const char* what) {
  if (PyLong_Check(number) == 0) return wrong_type(what, "an int", number);
  int overflow = 0;
  const long value = PyLong_AsLongAndOverflow(number, &overflow);

  if (overflow != 0 || value < std::numeric_limits<int>::min() ||
      value > std::numeric_limits<int>::max()) {
    return nonsense(what, "is out of range");
  }
  return static_cast<int>(value);
}

Result<bool> choice_of(PyObject* choice, const char* what) {
  if (PyBool_Check(choice) == 0) return wrong_type(what, "True or False", choice);
  return choice == Py_True;
}

Result<PyRef> text_list(const std::vector<std::string>& all) {
  SIGNEDVFS_ASSIGN(PyRef out, owned(PyList_New(0)));
  for (const std::string& text : all) {
    SIGNEDVFS_ASSIGN(const PyRef item, text_of_utf8(text));
    if (PyList_Append(out.get(), item.get()) < 0) return python_error();
  }
  return out;
}

Result<PyRef> optional_text(const std::optional<std::string>& text) {
  if (!text) return PyRef::borrow(Py_None);
  return text_of_utf8(*text);
}

Result<PyRef> optional_number(const std::optional<std::uint64_t>& number) {
  return number_or_none(number);
}

Result<PyRef> optional_number(const std::optional<std::int64_t>& number) {
  return number_or_none(number);
}

Result<PyRef> iterator_over(PyObject* items, const char* what) {
  if (PyUnicode_Check(items) != 0 || PyBytes_Check(items) != 0) {
    return wrong_type(what, "a sequence", items);
  }
  return owned(PyObject_GetIter(items));
}

}  // namespace signedvfs
