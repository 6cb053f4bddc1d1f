// What importer/python/convert.h finds, as pybind11 takes it; and what only tools are given.
#pragma once

#include <pybind11/pybind11.h>

#include <optional>
#include <string>
#include <utility>

#include "importer/python/convert.h"

namespace signedvfs {

// All functions need the GIL and throw the Python exception that an unsuitable object deserves.

// taken returns the value of a result whose only failure is an exception that is set (what can be
// `kUsage` as well is for `require`).
template <class T>
T taken(Result<T>&& result) {
  if (!result.ok()) throw pybind11::error_already_set();
  return std::move(result).value();
}
inline pybind11::object taken(Result<PyRef>&& result) {
  if (!result.ok()) throw pybind11::error_already_set();
  return pybind11::reinterpret_steal<pybind11::object>(std::move(*result).release());
}

// bytes_of_buffer returns `data` itself where it is bytes, and a bytes copy of any other object
// with the buffer protocol: what another thread could change is never read without the GIL.
pybind11::bytes bytes_of_buffer(const pybind11::object& data);

// Password is a str's UTF-8, bytes, or None, cleared from memory when it goes.
class Password {
 public:
  explicit Password(const pybind11::object& password);
  Password(const Password&) = delete;
  Password& operator=(const Password&) = delete;
  ~Password();

  const std::optional<std::string>& text() const& noexcept { return text_; }

 private:
  std::optional<std::string> text_;
};

}  // namespace signedvfs
