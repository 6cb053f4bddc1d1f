#include "bindings/signers.h"

#include <algorithm>
#include <cstddef>
#include <string>
#include <utility>

#include "archive/base/buffer.h"
#include "bindings/convert.h"
#include "importer/values/values.h"

namespace py = pybind11;

namespace signedvfs {
namespace {

constexpr std::size_t kMostBytes = 16384;  // of a signature; the longest that can fit has 2048

// ask has the object `signer` sign. Needs the GIL; an exception that is set is `kPython`.
Result<std::vector<std::byte>> ask(PyObject* signer, std::span<const std::byte> message,
                                   std::string_view header) {
  const std::string_view raw = text_of(message);
  SIGNEDVFS_ASSIGN(const PyRef bytes, owned(PyBytes_FromStringAndSize(
                                          raw.data(), static_cast<Py_ssize_t>(raw.size()))));
  SIGNEDVFS_ASSIGN(const PyRef text, text_of_utf8(header));
  SIGNEDVFS_ASSIGN(const PyRef given,
                   owned(PyObject_CallMethod(signer, "sign", "OO", bytes.get(), text.get())));
  if (PyObject_CheckBuffer(given.get()) == 0) {
    return wrong_type("what sign(message, header) returns", "bytes", given.get());
  }
  SIGNEDVFS_ASSIGN(const PyRef copy, owned(PyBytes_FromObject(given.get())));
  const auto size = static_cast<std::size_t>(PyBytes_GET_SIZE(copy.get()));
  if (size > kMostBytes) {
    return Status(Errc::kSignerFailed, "the signer gave " + std::to_string(size) +
                                           " bytes, where a signature was expected");
  }
  const std::span<const std::byte> signature =
      bytes_of(std::string_view(PyBytes_AS_STRING(copy.get()), size));
  return std::vector<std::byte>(signature.begin(), signature.end());
}

[[noreturn]] void throw_no_signer(const py::object& found) {
  static_cast<void>(
      wrong_type("keys", "a signedvfs.PrivateKey, or have `public_key` and sign(message, header)",
                 found.ptr()));
  throw py::error_already_set();
}

bool is_signer(const py::object& object) {
  return py::isinstance<PrivateKey>(object) || py::hasattr(object, "public_key");
}

}  // namespace

Signers::Signers(const Home& home, const py::object& keys, Progress& progress) {
  if (is_signer(keys)) {
    add(home, keys, progress);
    return;
  }
  const Status status = for_each(keys.ptr(), "keys", [&](PyObject* item) -> Status {
    add(home, py::reinterpret_borrow<py::object>(item), progress);
    return {};
  });
  if (!status.ok()) throw py::error_already_set();
}

void Signers::add(const Home& home, const py::object& key, Progress& progress) {
  if (py::isinstance<PrivateKey>(key)) {
    signers_.emplace_back(key.cast<const PrivateKey&>());
    return;
  }
  if (!is_signer(key) || PyCallable_Check(py::getattr(key, "sign", py::none()).ptr()) == 0) {
    throw_no_signer(key);
  }
  const py::object half = key.attr("public_key");
  const PublicKey* const public_key = public_key_in(*home, half.ptr());
  if (public_key == nullptr) throw_no_signer(key);
  asked_.push_back(key);
  signers_.emplace_back(
      *public_key,
      [asked = key.ptr(), &progress](std::span<const std::byte> message, std::string_view header) {
        return progress.call([&] { return ask(asked, message, header); });
      });
}

}  // namespace signedvfs
