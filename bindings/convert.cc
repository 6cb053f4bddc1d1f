#include "bindings/convert.h"

#include <cmath>

#include "vfs/private_key.h"

namespace py = pybind11;

namespace signedvfs {
namespace {

py::object steal(PyObject* object) {
  if (object == nullptr) throw py::error_already_set();
  return py::reinterpret_steal<py::object>(object);
}

std::string content_of(const py::object& bytes) {
  return {PyBytes_AS_STRING(bytes.ptr()), static_cast<std::size_t>(PyBytes_GET_SIZE(bytes.ptr()))};
}

[[noreturn]] void throw_type(const char* what, const char* expected, py::handle found) {
  throw py::type_error(std::string(what) + " must be " + expected + ", not " +
                       Py_TYPE(found.ptr())->tp_name);
}

std::int64_t rounded_down(double seconds, const char* what) {
  const double whole = std::floor(seconds);
  // The bounds of int64 are powers of two, which doubles hold exactly.
  if (!(whole >= -0x1p63 && whole < 0x1p63)) {
    throw py::value_error(std::string(what) + " is no time");
  }
  return static_cast<std::int64_t>(whole);
}

}  // namespace

std::string path_of(py::handle path) {
  PyObject* bytes = nullptr;
  if (PyUnicode_FSConverter(path.ptr(), &bytes) == 0) throw py::error_already_set();
  return content_of(py::reinterpret_steal<py::object>(bytes));
}

std::optional<std::string> optional_path_of(py::handle path) {
  if (path.is_none()) return std::nullopt;
  return path_of(path);
}

py::str path_object(std::string_view path) {
  return steal(PyUnicode_DecodeFSDefaultAndSize(path.data(), static_cast<Py_ssize_t>(path.size())));
}

std::string utf8_of(py::handle text, const char* what) {
  if (PyUnicode_Check(text.ptr()) == 0) throw_type(what, "str", text);
  return content_of(steal(PyUnicode_AsEncodedString(text.ptr(), "utf-8", "surrogatepass")));
}

py::str text_object(std::string_view utf8) {
  return steal(
      PyUnicode_DecodeUTF8(utf8.data(), static_cast<Py_ssize_t>(utf8.size()), "surrogateescape"));
}

py::list text_list(const std::vector<std::string>& all) {
  py::list out;
  for (const std::string& text : all) out.append(text_object(text));
  return out;
}

std::int64_t seconds_of(py::handle time, const char* what) {
  if (PyBool_Check(time.ptr()) == 0) {
    if (PyLong_Check(time.ptr()) != 0) {
      const long long seconds = PyLong_AsLongLong(time.ptr());
      if (seconds == -1 && PyErr_Occurred() != nullptr) throw py::error_already_set();
      return seconds;
    }
    if (PyFloat_Check(time.ptr()) != 0) {
      return rounded_down(PyFloat_AS_DOUBLE(time.ptr()), what);
    }
    if (py::hasattr(time, "utcoffset") && py::hasattr(time, "timestamp")) {
      if (time.attr("utcoffset")().is_none()) {
        throw py::value_error(std::string(what) +
                              " is a datetime without a time zone: give it one, such as "
                              "datetime.timezone.utc");
      }
      return rounded_down(time.attr("timestamp")().cast<double>(), what);
    }
  }
  throw_type(what, "seconds since 1970 or an aware datetime", time);
}

std::optional<std::int64_t> optional_seconds_of(py::handle time, const char* what) {
  if (time.is_none()) return std::nullopt;
  return seconds_of(time, what);
}

py::bytes bytes_of_buffer(py::handle data) {
  if (PyBytes_Check(data.ptr()) != 0) return py::reinterpret_borrow<py::bytes>(data);
  if (PyObject_CheckBuffer(data.ptr()) == 0) throw_type("data", "bytes-like", data);
  return steal(PyBytes_FromObject(data.ptr()));
}

void for_each(py::handle items, const char* what, const std::function<void(py::handle)>& use) {
  if (PyUnicode_Check(items.ptr()) != 0 || PyBytes_Check(items.ptr()) != 0) {
    throw_type(what, "a sequence", items);
  }
  for (const py::handle item : py::iter(items)) use(item);
}

Password::Password(py::handle password) {
  if (password.is_none()) return;
  if (PyBytes_Check(password.ptr()) != 0) {
    text_.emplace(PyBytes_AS_STRING(password.ptr()),
                  static_cast<std::size_t>(PyBytes_GET_SIZE(password.ptr())));
    return;
  }
  if (PyUnicode_Check(password.ptr()) == 0) throw_type("password", "str, bytes or None", password);
  Py_ssize_t size = 0;
  const char* const utf8 = PyUnicode_AsUTF8AndSize(password.ptr(), &size);
  if (utf8 == nullptr) throw py::error_already_set();
  text_.emplace(utf8, static_cast<std::size_t>(size));
}

Password::~Password() {
  if (text_) wipe(*text_);
}

}  // namespace signedvfs
