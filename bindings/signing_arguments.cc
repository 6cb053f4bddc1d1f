#include "bindings/signing_arguments.h"

#include <string>

#include "bindings/convert.h"
#include "bindings/errors.h"

namespace py = pybind11;

namespace signedvfs {

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

}  // namespace signedvfs
