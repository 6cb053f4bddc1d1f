#include <span>
#include <string_view>

#include "archive/sealed_memory.h"
#include "bindings/errors.h"
#include "bindings/registers.h"
#include "importer/python.h"

namespace py = pybind11;

namespace signedvfs {
namespace {

// sealed_descriptor returns the number of a descriptor that the caller closes, or None where the
// system has no such memory or forbids it.
py::object sealed_descriptor(const py::bytes& content) {
  const std::string_view bytes(content);  // immutable, and the argument keeps it
  Result<FileDescriptor> memory =
      without_gil([&] { return sealed_memory("signedvfs", std::as_bytes(std::span(bytes))); });
  if (memory.code() == Errc::kUnsupported) return py::none();
  return py::int_(require(std::move(memory), Activity::kTool).release());
}

}  // namespace

void register_sealed(py::module_& module) {
  module.def("_sealed_memory", &sealed_descriptor, py::arg("content"),
             "_sealed_memory(content)\n--\n\n"
             "Return a descriptor of memory that holds `content` and that nobody can change; None "
             "where\nthe system has none. The caller closes it.\n\nRaises OSError.");
}

}  // namespace signedvfs
