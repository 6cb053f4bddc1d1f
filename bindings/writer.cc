#include <memory>
#include <mutex>
#include <utility>

#include "archive/atomic_file.h"
#include "archive/codec.h"
#include "archive/zip_writer.h"
#include "bindings/convert.h"
#include "bindings/errors.h"
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

// ArchiveWriter is an archive under construction, which appears when it is finished. Its methods
// are called without the GIL.
class ArchiveWriter {
 public:
  ArchiveWriter(AtomicFile file, std::string path)
      : path_(std::move(path)), state_(std::make_unique<State>(std::move(file))) {}

  const std::string& path() const noexcept { return path_; }

  Status add(std::string_view name, std::span<const std::byte> content, Method method, int level) {
    // Packing needs no lock: several threads may do it for one archive.
    SIGNEDVFS_ASSIGN(const Packed packed, pack_member(content, method, level));
    const std::lock_guard lock(mutex_);
    if (state_ == nullptr) return finished();
    return state_->zip.add(name, packed);
  }

  Status finish() {
    const std::lock_guard lock(mutex_);
    if (state_ == nullptr) return finished();
    const std::unique_ptr<State> state = std::move(state_);
    SIGNEDVFS_TRY(std::move(state->zip).finish());
    return std::move(state->file).commit();
  }

  void abandon() {
    const std::lock_guard lock(mutex_);
    state_.reset();
  }

  bool is_finished() const {
    const std::lock_guard lock(mutex_);
    return state_ == nullptr;
  }

 private:
  struct State {
    explicit State(AtomicFile started)
        : file(std::move(started)),
          zip([this](std::span<const std::byte> bytes) { return file.write(bytes); }, 0) {}

    AtomicFile file;
    ZipWriter zip;
  };

  Status finished() const {
    return {Errc::kUsage, in_quotes(path_) + ": the archive is finished or abandoned already"};
  }

  const std::string path_;
  mutable std::mutex mutex_;
  std::unique_ptr<State> state_;
};

std::unique_ptr<ArchiveWriter> create(const py::object& path) {
  std::string name = path_of(path);
  AtomicFile file = require(without_gil([&] { return AtomicFile::create(name); }), Activity::kTool);
  return std::make_unique<ArchiveWriter>(std::move(file), std::move(name));
}

void add(ArchiveWriter& self, const py::object& name, const py::object& data,
         const py::object& method, int level) {
  const std::string member = utf8_of(name, "name");
  const py::bytes content = bytes_of_buffer(data);
  const Method how = method_of(method);
  const auto bytes = bytes_of({PyBytes_AS_STRING(content.ptr()),
                               static_cast<std::size_t>(PyBytes_GET_SIZE(content.ptr()))});
  require(without_gil([&] { return self.add(member, bytes, how, level); }), Activity::kTool,
          {self.path(), member});
}

void finish(ArchiveWriter& self) {
  require(without_gil([&] { return self.finish(); }), Activity::kTool, {self.path(), std::nullopt});
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
      "leaves nothing behind where the block raises. Any thread may use it.")
      .def(py::init(&create), py::arg("path"), "__init__(self, path)\n--\n\n")
      .def("add", &add, py::arg("name"), py::arg("data"), py::arg("method") = "deflate",
           py::arg("level") = 0,
           "add(self, name, data, method='deflate', level=0)\n--\n\n"
           "Append a member. `method` is 'stored', 'deflate' or 'zstd'; level 0 is the method's\n"
           "default. What does not get smaller is stored.\n\n"
           "Raises IntegrityCheckFailed for a name that no signed archive may have, ValueError,\n"
           "OSError.")
      .def("finish", &finish, "finish(self)\n--\n\nComplete the archive and put it in place.")
      .def("__enter__", [](const py::object& self) { return self; })
      .def("__exit__", &leave);
}

}  // namespace signedvfs
