#include <algorithm>
#include <memory>
#include <utility>

#include "archive/archive_writer.h"
#include "archive/buffer.h"
#include "archive/codec.h"
#include "bindings/convert.h"
#include "bindings/errors.h"
#include "bindings/limits.h"
#include "bindings/registers.h"
#include "importer/python.h"

namespace py = pybind11;

namespace signedvfs {
namespace {

Method method_of(const py::object& method) {
  const std::string name = utf8_of(method, "method");
  if (name == "stored") return Method::kStored;
  if (name == "deflate") return Method::kDeflate;
  if (name == "zstd") return Method::kZstd;
  throw py::value_error("unknown compression method " + in_quotes(name) +
                        ": expected 'stored', 'deflate' or 'zstd'");
}

std::unique_ptr<ArchiveWriter> create(const py::object& path, const py::object& limits) {
  const std::string name = path_of(path);
  const Limits bounds = limits_of(limits);
  return require(without_gil([&] { return ArchiveWriter::create(name, bounds); }),
                 Activity::kWriting);
}

void add(ArchiveWriter& self, const py::object& name, const py::object& data,
         const py::object& method, int level) {
  const std::string member = utf8_of(name, "name");
  const py::bytes content = bytes_of_buffer(data);
  const Method how = method_of(method);
  const auto bytes = bytes_of({PyBytes_AS_STRING(content.ptr()),
                               static_cast<std::size_t>(PyBytes_GET_SIZE(content.ptr()))});
  const auto add_copy = [&] {
    Buffer copy(bytes.size());
    std::copy(bytes.begin(), bytes.end(), copy.bytes().begin());
    return self.add(member, std::move(copy), how, level);
  };
  require(without_gil(add_copy), Activity::kWriting, {self.path(), member});
}

void finish(ArchiveWriter& self) {
  require(without_gil([&] { return self.finish(); }), Activity::kWriting,
          {self.path(), std::nullopt});
}

void leave(ArchiveWriter& self, const py::object& type, const py::object&, const py::object&) {
  if (!type.is_none()) {
    without_gil([&] { self.abandon(); });
  } else if (!without_gil([&] { return self.is_finished(); })) {
    finish(self);
  }
}

}  // namespace

void register_writer(py::module_& module) {
  py::class_<ArchiveWriter>(
      module, "ArchiveWriter", py::is_final(),

      "Write a zip archive canonically: the same members in the same order give the same bytes.\n\n"
      "Nothing appears at `path` before `finish`; as a context manager it finishes by itself, and\n"
      "leaves nothing behind where the block raises. Any thread may use it. Members are packed\n"
      "in the background, so what keeps one from being written may be raised later.\n\n"
      "Whoever opens under the same `limits` (None: the defaults) will read it: what compresses\n"
      "too well for their `ratio` is deflated, or stored.")
      .def(py::init(&create), py::arg("path"), py::arg("limits") = py::none(),
           "__init__(self, path, limits=None)\n--\n\n")
      .def("add", &add, py::arg("name"), py::arg("data"), py::arg("method") = "deflate",
           py::arg("level") = 0,
           "add(self, name, data, method='deflate', level=0)\n--\n\n"
           "Append a member. `method` is 'stored', 'deflate' or 'zstd'; level 0 is the method's\n"
           "default. What does not get smaller is stored.\n\n"
           "Raises ValueError for a name or a size that no signed archive may have, OSError.")
      .def("finish", &finish, "finish(self)\n--\n\nComplete the archive and put it in place.")
      .def("__enter__", [](const py::object& self) { return self; })
      .def("__exit__", &leave);
}

}  // namespace signedvfs
