// What shared objects need, and where an archive has it, for the packer: by the very rules of the
// importer.
#include <algorithm>
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "archive/elf/editing.h"
#include "archive/elf/gathering.h"
#include "archive/elf/machine.h"
#include "archive/elf/shared_object.h"
#include "bindings/convert.h"
#include "bindings/errors.h"
#include "bindings/registers.h"
#include "importer/native/program_directories.h"
#include "importer/native/search_path.h"
#include "importer/native/system_libraries.h"
#include "vfs/manifest/listing.h"

namespace py = pybind11;

namespace signedvfs {
namespace {

// Names are the paths of an archive that is not signed yet, in byte order.
class Names final : public Listing {
 public:
  explicit Names(std::vector<std::string> names) : names_(std::move(names)) {
    std::sort(names_.begin(), names_.end());
  }

  std::uint64_t size() const noexcept override { return names_.size(); }
  Result<Place> first_not_before(const PathKey& key) const override {
    const auto found = std::lower_bound(
        names_.begin(), names_.end(), key,
        [](const std::string& name, const PathKey& wanted) { return wanted.compare(name) < 0; });
    return at(static_cast<std::size_t>(found - names_.begin()));
  }
  Result<Place> after(const Place& place) const override { return at(place.slot + 1U); }

 private:
  Place at(std::size_t index) const noexcept {
    if (index >= names_.size()) return {};
    return {false, names_[index], nullptr, static_cast<std::uint32_t>(index)};
  }

  std::vector<std::string> names_;
};

std::vector<std::string> texts_of(const py::object& texts, const char* what) {
  std::vector<std::string> out;
  const Status status = for_each(texts.ptr(), what, [&](PyObject* one) -> Status {
    SIGNEDVFS_ASSIGN(std::string text, utf8_of(one, what));
    out.push_back(std::move(text));
    return {};
  });
  if (!status.ok()) throw py::error_already_set();
  return out;
}

PyObject* make_names(PyTypeObject* type, PyObject* positional, PyObject* named) {
  static constexpr Parameters<1> kSignature{"_Names", 1, {"names"}};
  std::array<PyObject*, 1> in;
  if (home_of(type) == nullptr || !kSignature.read(positional, named, in)) return nullptr;
  try {
    auto names =
        std::make_unique<Names>(texts_of(py::reinterpret_borrow<py::object>(in[0]), "names"));
    return py::cast(std::move(names)).release().ptr();
  } catch (py::error_already_set& error) {
    error.restore();
    return nullptr;
  }
}

py::object find(const Home& home, const Names& self, const py::object& member,
                const py::object& directories, const py::object& name) {
  const auto found = require(
      home,
      find_bundled(self, taken(utf8_of(member.ptr(), "member")),
                   texts_of(directories, "directories"), taken(utf8_of(name.ptr(), "name"))),
      Activity::kTool);
  return found ? py::object(py::str(*found)) : py::none();
}

template <class Texts>
py::tuple tuple_of(const Texts& texts) {
  py::list out;
  for (const auto& one : texts) out.append(py::str(one.data(), one.size()));
  return py::tuple(out);
}

py::dict read_object(const Home& home, const py::object& content, const py::object& machine,
                     const py::object& member, const py::object& place) {
  const py::bytes bytes = bytes_of_buffer(content);
  const std::string entry = taken(utf8_of(member.ptr(), "member"));
  Machine wanted = own_machine();
  if (!machine.is_none()) {
    const std::string name = taken(utf8_of(machine.ptr(), "machine"));
    const auto known = machine_named(name);
    if (!known) {
      throw_status(home,
                   {Errc::kUsage, "shared objects of the machine " + in_quotes(name) +
                                      " are not read: it is not known, or not 64-bit and "
                                      "little-endian"},
                   Activity::kTool);
    }
    wanted = *known;
  }
  const auto file = bytes_of(
      {PyBytes_AS_STRING(bytes.ptr()), static_cast<std::size_t>(PyBytes_GET_SIZE(bytes.ptr()))});
  const SharedObject object =
      require(home, without_gil([&] { return read_shared_object(file, wanted); }), Activity::kTool);

  Surroundings around;
  if (!place.is_none()) {
    around = {taken(path_of(place.ptr())), program_directories().directories};
  }

  py::list versions;
  for (const NeededVersion& one : object.versions) {
    versions.append(py::make_tuple(one.library, one.version));
  }
  py::dict out;
  out["machine"] = machine_name(object.machine);
  out["soname"] = object.soname;
  out["needed"] = tuple_of(object.needed);
  out["search_paths"] = tuple_of(object.search_paths);
  out["is_runpath"] = object.is_runpath;
  out["bundled"] = tuple_of(bundled_directories(object, entry));
  out["foreign"] = tuple_of(foreign_search_paths(object, entry, around));
  out["hooks"] = tuple_of(object.hooks);
  out["versions"] = py::tuple(versions);
  out["loaded_size"] = object.loaded_size;
  out["has_text_relocations"] = object.has_text_relocations;
  out["needs_executable_stack"] = object.needs_executable_stack;
  return out;
}

py::bytes without_search_path(const Home& home, const py::object& object) {
  const py::bytes bytes = bytes_of_buffer(object);
  std::string file(bytes);
  require(home,
          without_gil([&] { return remove_search_path(std::as_writable_bytes(std::span(file))); }),
          Activity::kTool);
  return {file};
}

py::bytes empty_object(const Home&, const py::object& soname) {
  const ByteBuilder file =
      gathering_object({}, own_machine(), 0, taken(utf8_of(soname.ptr(), "soname")));
  return std::string(text_of(file.bytes()));
}

bool is_known_library(const Home&, const py::object& name) {
  return is_system_library(taken(utf8_of(name.ptr(), "name")));
}

}  // namespace

void register_native(py::module_& module, const Home& home) {
  py::class_<Names>(module, "_Names", py::is_final(), home.ours(&make_names),
                    "_Names(names)\n--\n\nThe paths of an archive that is not signed yet.")
      .def(
          "find", at_home(home, &find), py::arg("member"), py::arg("directories"), py::arg("name"),
          "find(self, member, directories, name)\n--\n\n"
          "Return the member that is meant by the library `name` which the object `member` needs,\n"
          "or None: in the first of `directories` that has it, in its own directory, or in the\n"
          "only NAME.libs at the top that has it.")
      .def("__reduce__", &refuse_reduction);
  module.def(
      "_shared_object", at_home(home, &read_object), py::arg("content"),
      py::arg("machine") = py::none(), py::arg("member") = "", py::arg("place") = py::none(),
      "_shared_object(content, machine=None, member='', place=None)\n--\n\n"
      "Return what a shared object of 'x86_64', 'aarch64' (None: of this machine) says to\n"
      "the linker, as a dict. `member` is its path in an archive, which `bundled` and\n"
      "`foreign`, the two kinds of search paths, depend on. `place` is the absolute path of\n"
      "an archive that is in use here: then directories of the program that runs are not\n"
      "foreign.\n\n"
      "Raises ImportError of the code BadLibrary, ValueError for a machine not known.");
  module.def("_without_search_path", at_home(home, &without_search_path), py::arg("object"),
             "_without_search_path(object)\n--\n\n"
             "Return the shared object, as bytes of the same number, without the directories in\n"
             "which it has the linker search for what it needs (DT_RPATH, DT_RUNPATH).\n\n"
             "Raises ImportError of the code BadLibrary.");
  module.def(
      "_empty_object", at_home(home, &empty_object), py::arg("soname"),
      "_empty_object(soname)\n--\n\n"
      "Return a shared object of this machine that has nothing but that name: for what needs\n"
      "a library by it whose functions are in the program already.");
  module.def("_is_system_library", at_home(home, &is_known_library), py::arg("name"),
             "_is_system_library(name)\n--\n\n"
             "Whether every system has the library `name` (manylinux), or Python brings it.");
  module.def(
      "_system_libraries", [] { return tuple_of(system_libraries()); },
      "_system_libraries()\n--\n\n"
      "Return the names of the libraries that every system has, sorted.");
}

}  // namespace signedvfs
