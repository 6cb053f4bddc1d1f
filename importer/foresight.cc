#include "importer/foresight.h"

#include <opcode.h>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>

namespace signedvfs {
namespace {

// An instruction is an opcode and an argument of one byte each, in all versions that there are.
constexpr std::size_t kUnit = 2;
constexpr std::size_t kMostImports = 200;

std::span<const std::uint8_t> instructions_of(PyCodeObject* code) {
#if PY_VERSION_HEX >= 0x030b0000
  const auto* const bytes = reinterpret_cast<const std::uint8_t*>(code->co_code_adaptive);
  return {bytes, static_cast<std::size_t>(Py_SIZE(code)) * kUnit};
#else
  const auto* const bytes = reinterpret_cast<const std::uint8_t*>(PyBytes_AS_STRING(code->co_code));
  return {bytes, static_cast<std::size_t>(PyBytes_GET_SIZE(code->co_code))};
#endif
}

// argument_at returns the argument of the instruction at `at`, which EXTENDED_ARG instructions
// before it may enlarge; `at` is moved to the first of those.
std::size_t argument_at(std::span<const std::uint8_t> code, std::size_t& at) {
  std::size_t argument = code[at + 1];
  for (unsigned shift = 8; shift < 32 && at >= kUnit && code[at - kUnit] == EXTENDED_ARG;
       shift += 8) {
    at -= kUnit;
    argument |= std::size_t{code[at + 1]} << shift;
  }
  return argument;
}

// constant_before returns what the instruction before `at` loads, borrowed, or null where it loads
// no constant; `at` is moved to that instruction.
PyObject* constant_before(std::span<const std::uint8_t> code, std::size_t& at,
                          PyObject* constants) {
  if (at < kUnit || code[at - kUnit] != LOAD_CONST) return nullptr;
  at -= kUnit;
  const std::size_t index = argument_at(code, at);
  if (index >= static_cast<std::size_t>(PyTuple_GET_SIZE(constants))) return nullptr;
  return PyTuple_GET_ITEM(constants, static_cast<Py_ssize_t>(index));
}

std::optional<std::string> utf8(PyObject* text) {
  Py_ssize_t size = 0;
  const char* const bytes =
      PyUnicode_Check(text) != 0 ? PyUnicode_AsUTF8AndSize(text, &size) : nullptr;
  if (bytes == nullptr) {
    PyErr_Clear();
    return std::nullopt;
  }
  return std::string(bytes, static_cast<std::size_t>(size));
}

// absolute_name returns what `level` dots and `name` mean in `package` (PEP 328), or nothing.
PyRef absolute_name(PyObject* package, std::size_t level, PyObject* name) {
  if (level == 0) return PyRef::borrow(name);
  PyRef base = PyRef::borrow(package);
  for (; level > 1 && base; --level) {
    const Py_ssize_t end = PyUnicode_GetLength(base.get());
    const Py_ssize_t dot = PyUnicode_FindChar(base.get(), '.', 0, end, -1);
    base = dot < 0 ? PyRef() : PyRef::steal(PyUnicode_Substring(base.get(), 0, dot));
  }
  if (!base || PyUnicode_GetLength(name) == 0) return base;
  return PyRef::steal(PyUnicode_FromFormat("%U.%U", base.get(), name));
}

// is_loaded tells whether the module `name` is, and has all of `names` (a tuple, if anything).
bool is_loaded(PyObject* name, PyObject* names) {
  PyObject* const module = PyDict_GetItemWithError(PyImport_GetModuleDict(), name);  // borrowed
  if (module == nullptr || PyModule_Check(module) == 0) return false;
  PyObject* const attributes = PyModule_GetDict(module);
  for (Py_ssize_t i = 0; PyTuple_Check(names) != 0 && i < PyTuple_GET_SIZE(names); ++i) {
    PyObject* const one = PyTuple_GET_ITEM(names, i);
    if (PyUnicode_Check(one) == 0) return false;
    if (PyUnicode_CompareWithASCIIString(one, "*") == 0) continue;
    if (PyDict_Contains(attributes, one) != 1) return false;
  }
  return true;
}

// import_at reads the IMPORT_NAME at `at`: two constants come before it, level and names. Nothing
// is returned where it will not load any module. Leaves Python exceptions to the caller to clear.
std::optional<ImportStatement> import_at(std::span<const std::uint8_t> instructions, std::size_t at,
                                         PyCodeObject* code, PyObject* package) {
  const std::size_t index = argument_at(instructions, at);
  if (index >= static_cast<std::size_t>(PyTuple_GET_SIZE(code->co_names))) return std::nullopt;
  PyObject* const name = PyTuple_GET_ITEM(code->co_names, static_cast<Py_ssize_t>(index));
  PyObject* const names = constant_before(instructions, at, code->co_consts);
  PyObject* const level = constant_before(instructions, at, code->co_consts);
  if (PyUnicode_Check(name) == 0 || names == nullptr || level == nullptr ||
      PyLong_Check(level) == 0) {
    return std::nullopt;
  }
  ImportStatement found;
  found.level = PyLong_AsSize_t(level);
  const PyRef absolute = absolute_name(package, found.level, name);
  if (!absolute || is_loaded(absolute.get(), names)) return std::nullopt;
  auto text = utf8(name);
  if (!text) return std::nullopt;
  found.name = *std::move(text);
  for (Py_ssize_t i = 0; PyTuple_Check(names) != 0 && i < PyTuple_GET_SIZE(names); ++i) {
    if (auto one = utf8(PyTuple_GET_ITEM(names, i))) found.names.push_back(*std::move(one));
  }
  return found;
}

// directory_above returns the directory that `levels` dots mean, or nothing above the root.
std::optional<std::string> directory_above(const Importer& importer, std::size_t levels) {
  std::string directory = importer.package;
  for (; levels > 1; --levels) {
    if (directory.size() <= importer.root.size()) return std::nullopt;
    directory.pop_back();
    directory.erase(directory.rfind('/') + 1);  // npos + 1 is the beginning
  }
  return directory;
}

// Guess collects files.
class Guess {
 public:
  Guess(const Listing& listing, SearchOrder order) : listing_(listing), order_(order) {}

  // add notes the module `stem`, and tells whether it is a package.
  bool add(const std::string& stem) {
    const Result<ModuleFiles> found = find_module(listing_, stem, order_, {});
    if (!found.ok()) return false;
    if (!found->code.empty()) files_.push_back(found->code.front().entry);
    return found->is_package || found->is_directory;
  }

  std::vector<std::string> files() && { return std::move(files_); }

 private:
  const Listing& listing_;
  SearchOrder order_;
  std::vector<std::string> files_;
};

}  // namespace

std::vector<ImportStatement> imports_of(PyObject* code, PyObject* package) {
  std::vector<ImportStatement> out;
  auto* const object = reinterpret_cast<PyCodeObject*>(code);
  const std::span<const std::uint8_t> instructions = instructions_of(object);
  for (std::size_t at = 0; at + 1 < instructions.size(); at += kUnit) {
    if (instructions[at] != IMPORT_NAME) continue;
    if (auto found = import_at(instructions, at, object, package)) {
      out.push_back(*std::move(found));
    }
    PyErr_Clear();  // a guess is worth no exception
    if (out.size() == kMostImports) break;
  }
  return out;
}

Importer importer_of(std::string_view name, std::string_view stem, bool is_package) {
  Importer out;
  // The stem ends in the name, with as many directories as the name has dots.
  const auto dots = std::count(name.begin(), name.end(), '.');
  std::size_t end = stem.rfind('/') + 1;  // npos + 1 is the beginning
  out.package = is_package ? std::string(stem) + '/' : std::string(stem.substr(0, end));
  for (auto i = dots; i > 0 && end > 0; --i) end = stem.substr(0, end - 1).rfind('/') + 1;
  out.root = stem.substr(0, end);
  return out;
}

std::vector<std::string> foresee(const std::vector<ImportStatement>& imports,
                                 const Importer& importer, const Listing& listing,
                                 SearchOrder order) {
  Guess guess(listing, order);
  for (const ImportStatement& import : imports) {
    const auto directory =
        import.level == 0 ? std::optional(importer.root) : directory_above(importer, import.level);
    if (!directory) continue;
    std::string stem = *directory;
    bool is_package = import.name.empty();
    for (std::size_t at = 0; at < import.name.size();) {
      const std::size_t dot = std::min(import.name.find('.', at), import.name.size());
      stem.append(import.name, at, dot - at);
      is_package = guess.add(stem);
      at = dot + 1;
      stem += '/';
      if (!is_package) break;
    }
    if (!is_package) continue;
    for (const std::string& name : import.names) guess.add(stem + name);
  }
  return std::move(guess).files();
}

}  // namespace signedvfs
