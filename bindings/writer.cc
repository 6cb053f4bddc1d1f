#include <algorithm>
#include <array>
#include <memory>
#include <utility>

#include "archive/archive_writer.h"
#include "archive/base/buffer.h"
#include "archive/members/codec.h"
#include "bindings/convert.h"
#include "bindings/errors.h"
#include "bindings/registers.h"
#include "importer/values/values.h"

namespace py = pybind11;

namespace signedvfs {
namespace {

Method method_named(const Home& home, const std::string& name) {
  if (name == "stored") return Method::kStored;
  if (name == "deflate") return Method::kDeflate;
  if (name == "zstd") return Method::kZstd;
  throw_status(home,
               {Errc::kUsage, "unknown compression method " + in_quotes(name) +
                                  ": expected 'stored', 'deflate' or 'zstd'"},
               Activity::kWriting);
}

Result<PyRef> create(Interpreter& home, PyObject* path, PyObject* limits) {
  SIGNEDVFS_ASSIGN(const std::string name, path_of(path));
  SIGNEDVFS_ASSIGN(const Limits bounds, limits_of(home, limits));
  SIGNEDVFS_ASSIGN(auto writer, without_gil([&] { return ArchiveWriter::create(name, bounds); }));
  return PyRef::steal(py::cast(std::move(writer)).release().ptr());
}

// make_writer is `__new__`: whoever has an ArchiveWriter has one that writes.
PyObject* make_writer(PyTypeObject* type, PyObject* positional, PyObject* named) {
  static constexpr Parameters<2> kSignature{"ArchiveWriter", 1, {"path", "limits"}};
  std::array<PyObject*, 2> in;
  Interpreter* const home = home_of(type);
  if (home == nullptr || !kSignature.read(positional, named, in)) return nullptr;
  try {
    return answer(*home, create(*home, in[0], in[1] == nullptr ? Py_None : in[1]),
                  Activity::kWriting);
  } catch (py::error_already_set& error) {
    error.restore();
    return nullptr;
  }
}

void add(const Home& home, ArchiveWriter& self, const py::object& name, const py::object& data,
         const py::object& method, const py::object& level) {
  const std::string member = taken(utf8_of(name.ptr(), "name"));
  const py::bytes content = bytes_of_buffer(data);
  const Method how = method_named(home, taken(utf8_of(method.ptr(), "method")));
  const int effort = require(home, small_int_of(level.ptr(), "level"), Activity::kWriting);
  const auto bytes = bytes_of({PyBytes_AS_STRING(content.ptr()),
                               static_cast<std::size_t>(PyBytes_GET_SIZE(content.ptr()))});
  const auto add_copy = [&] {
    Buffer copy(bytes.size());
    std::copy(bytes.begin(), bytes.end(), copy.bytes().begin());
    return self.add(member, std::move(copy), how, effort);
  };
  require(home, without_gil(add_copy), Activity::kWriting, {self.path(), member});
}

void finish(const Home& home, ArchiveWriter& self) {
  require(home, without_gil([&] { return self.finish(); }), Activity::kWriting,
          {self.path(), std::nullopt});
}

void leave(const Home& home, ArchiveWriter& self, const py::object& type, const py::object&,
           const py::object&) {
  if (!type.is_none()) {
    without_gil([&] { self.abandon(); });
  } else if (!without_gil([&] { return self.is_finished(); })) {
    finish(home, self);
  }
}

}  // namespace

void register_writer(py::module_& module, const Home& home) {
  py::class_<ArchiveWriter>(
      module, "ArchiveWriter", py::is_final(), home.ours(&constructor<&make_writer>),
      "ArchiveWriter(path, limits=None)\n--\n\n"
      "Write a zip archive canonically: the same members in the same order give the same bytes.\n\n"
      "Nothing appears at `path` before `finish`; as a context manager it finishes by itself, and\n"
      "leaves nothing behind where the block raises. Any thread may use it. Members are packed\n"
      "in the background, so what keeps one from being written may be raised later.\n\n"
      "Whoever opens under the same `limits` (None: the defaults) will read it: what compresses\n"
      "too well for their `ratio` is deflated, or stored.")
      .def("add", at_home(home, &add), py::arg("name"), py::arg("data"),
           py::arg("method") = "deflate", py::arg("level") = 0,
           "add(self, name, data, method='deflate', level=0)\n--\n\n"
           "Append a member. `method` is 'stored', 'deflate' or 'zstd'; level 0 is the method's\n"
           "default. What does not get smaller is stored.\n\n"
           "Raises ValueError for a name or a size that no signed archive may have, OSError.")
      .def("finish", at_home(home, &finish),
           "finish(self)\n--\n\nComplete the archive and put it in place.")
      .def("__reduce__", &refuse_reduction)
      .def("__enter__", [](const py::object& self) { return self; })
      .def("__exit__", at_home(home, &leave));
}

}  // namespace signedvfs
