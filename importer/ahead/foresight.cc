#include "importer/ahead/foresight.h"

#include <opcode.h>

#include <algorithm>
#include <atomic>
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

// constant_before returns what the instruction before `at` loads, or nothing where it loads no
// constant; `at` is moved to that instruction.
PyRef constant_before(std::span<const std::uint8_t> code, std::size_t& at, PyObject* constants) {
  if (at < kUnit) return {};
  at -= kUnit;
  const std::uint8_t opcode = code[at];
  const std::size_t argument = argument_at(code, at);
#ifdef LOAD_SMALL_INT  // Python 3.14
  if (opcode == LOAD_SMALL_INT) return PyRef::steal(PyLong_FromSize_t(argument));
#endif
#if PY_VERSION_HEX >= 0x030f0000
  // Of these None is the only one that an import statement has.
  if (opcode == LOAD_COMMON_CONSTANT) return PyRef::borrow(Py_None);
#endif
  if (opcode != LOAD_CONST) return {};
  if (argument >= static_cast<std::size_t>(PyTuple_GET_SIZE(constants))) return {};
  return PyRef::borrow(PyTuple_GET_ITEM(constants, static_cast<Py_ssize_t>(argument)));
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

// is_loaded tells whether the module `name` is, and has all of `names` (a tuple, if anything). It
// looks, and does not ask the import system (PyImport_GetModule): that would wait for a module
// which is being imported, in code of Python's, where Ctrl-C may come.
bool is_loaded(PyObject* name, PyObject* names) {
  const Result<PyRef> module = item_of(PyImport_GetModuleDict(), name);
  if (!module.ok() || !*module || PyModule_Check(module->get()) == 0) return false;
  PyObject* const attributes = PyModule_GetDict(module->get());
  for (Py_ssize_t i = 0; PyTuple_Check(names) != 0 && i < PyTuple_GET_SIZE(names); ++i) {
    PyObject* const one = PyTuple_GET_ITEM(names, i);
    if (PyUnicode_Check(one) == 0) return false;
    if (PyUnicode_CompareWithASCIIString(one, "*") == 0) continue;
    if (PyDict_Contains(attributes, one) != 1) return false;
  }
  return true;
}

// Found is an import statement as the code object has it.
struct Found {
  PyRef level;
  PyRef name;
  PyRef names;        // a tuple, or None
  bool runs = false;  // when it is come to, and not once somebody uses what it has imported
};

#if PY_VERSION_HEX >= 0x030f0000
// The lowest two bits of the argument say whether the import is lazy, or never is (PEP 810).
constexpr unsigned kNameShift = 2;

bool runs_at_once(std::size_t argument) {
  constexpr std::size_t kLazy = 1;
  constexpr std::size_t kEager = 2;
  if ((argument & kEager) != 0) return true;
  return (argument & kLazy) == 0 && PyImport_GetLazyImportsMode() != PyImport_LAZY_ALL;
}
#else
constexpr unsigned kNameShift = 0;

bool runs_at_once(std::size_t) { return true; }
#endif

// import_at reads the IMPORT_NAME at `at`: two constants come before it, level and names. Nothing
// is returned for what does not look like that.
std::optional<Found> import_at(std::span<const std::uint8_t> instructions, std::size_t at,
                               PyCodeObject* code) {
  Found found;
  const std::size_t argument = argument_at(instructions, at);
  const std::size_t index = argument >> kNameShift;
  found.runs = runs_at_once(argument);
  if (index >= static_cast<std::size_t>(PyTuple_GET_SIZE(code->co_names))) return std::nullopt;
  found.name = PyRef::borrow(PyTuple_GET_ITEM(code->co_names, static_cast<Py_ssize_t>(index)));
  found.names = constant_before(instructions, at, code->co_consts);
  found.level = constant_before(instructions, at, code->co_consts);
  if (PyUnicode_Check(found.name.get()) == 0 || !found.names || !found.level ||
      PyLong_Check(found.level.get()) == 0) {
    return std::nullopt;
  }
  return found;
}

// statement_of returns what such a statement says. Leaves Python exceptions to the caller to clear.
std::optional<ImportStatement> statement_of(const Found& found) {
  ImportStatement out;
  out.level = PyLong_AsSize_t(found.level.get());
  auto text = utf8(found.name.get());
  if (!text) return std::nullopt;
  out.name = *std::move(text);
  PyObject* const names = found.names.get();
  for (Py_ssize_t i = 0; PyTuple_Check(names) != 0 && i < PyTuple_GET_SIZE(names); ++i) {
    if (auto one = utf8(PyTuple_GET_ITEM(names, i))) out.names.push_back(*std::move(one));
  }
  return out;
}

// read_imports returns the statements that run when the body of `code` does, of which `is_wanted`
// says so.
template <class Wanted>
std::vector<ImportStatement> read_imports(PyObject* code, Wanted&& is_wanted) {
  std::vector<ImportStatement> out;
  auto* const object = reinterpret_cast<PyCodeObject*>(code);
  const std::span<const std::uint8_t> instructions = instructions_of(object);
  for (std::size_t at = 0; at + 1 < instructions.size(); at += kUnit) {
    if (instructions[at] != IMPORT_NAME) continue;
    if (const auto found = import_at(instructions, at, object); found && is_wanted(*found)) {
      if (auto statement = statement_of(*found)) out.push_back(*std::move(statement));
    }
    PyErr_Clear();  // a guess is worth no exception
    if (out.size() == kMostImports) break;
  }
  return out;
}

// reads_specimen tells whether the statements of a small program are read as they are written.
bool reads_specimen() {
  constexpr const char* kSpecimen =
      "import a.b\nfrom . import c\nfrom ..d import e as f, g\nimport h as i\n";
  const std::vector<ImportStatement> expected{
      {0, "a.b", {}}, {1, "", {"c"}}, {2, "d", {"e", "g"}}, {0, "h", {}}};
  // Not `compile`, which would make all classes of the module `ast` first: that takes longer than
  // many a program runs.
  const PyRef code =
      PyRef::steal(Py_CompileString(kSpecimen, "<specimen of signedvfs>", Py_file_input));
  if (!code || PyCode_Check(code.get()) == 0) return false;
  return read_imports(code.get(), [](const Found&) { return true; }) == expected;
}

// knows_bytecode tells whether this interpreter's code objects are understood. Their language
// changes with every version of Python; of one that is newer than this source nothing is foreseen.
bool knows_bytecode() {
  enum class Known : std::uint8_t { kUntried, kYes, kNo };
  // Of the process, and not of an interpreter: all have one language. Two threads may both try.
  static std::atomic<Known> known = Known::kUntried;
  Known now = known.load(std::memory_order_relaxed);
  if (now == Known::kUntried) {
    now = reads_specimen() ? Known::kYes : Known::kNo;
    PyErr_Clear();
    known.store(now, std::memory_order_relaxed);
  }
  return now == Known::kYes;
}

// directory_above returns the directory that `levels` dots mean, or nothing above the root.
std::optional<std::string> directory_above(const ImportScope& scope, std::size_t levels) {
  std::string directory = scope.package;
  for (; levels > 1; --levels) {
    if (directory.size() <= scope.root.size()) return std::nullopt;
    directory.pop_back();
    directory.erase(directory.rfind('/') + 1);  // npos + 1 is the beginning
  }
  return directory;
}

// Guess collects files.
class Guess {
 public:
  Guess(const Listing& listing, const SearchOrder& order,
        const std::vector<std::string>& extension_suffixes)
      : listing_(listing), order_(order), extension_suffixes_(extension_suffixes) {}

  // add notes the module `stem`, and tells whether it is a package.
  bool add(const std::string& stem) {
    const Result<ModuleFiles> found = find_module(listing_, stem, order_, extension_suffixes_);
    if (!found.ok()) return false;
    if (found->extension) {
      files_.push_back(*found->extension);
    } else if (!found->code.empty()) {
      files_.push_back(found->code.front().entry);
    }
    return found->is_package || found->is_directory;
  }

  std::vector<std::string> files() && { return std::move(files_); }

 private:
  const Listing& listing_;
  const SearchOrder& order_;
  const std::vector<std::string>& extension_suffixes_;
  std::vector<std::string> files_;
};

}  // namespace

std::vector<ImportStatement> imports_of(PyObject* code, PyObject* package) {
  if (!knows_bytecode()) return {};
  return read_imports(code, [&](const Found& found) {
    const PyRef absolute =
        absolute_name(package, PyLong_AsSize_t(found.level.get()), found.name.get());
    return found.runs && absolute && !is_loaded(absolute.get(), found.names.get());
  });
}

ImportScope scope_of_imports(std::string_view name, std::string_view stem, bool is_package) {
  ImportScope out;
  // The stem ends in the name, with as many directories as the name has dots.
  const auto dots = std::count(name.begin(), name.end(), '.');
  std::size_t end = stem.rfind('/') + 1;  // npos + 1 is the beginning
  out.package = is_package ? std::string(stem) + '/' : std::string(stem.substr(0, end));
  for (auto i = dots; i > 0 && end > 0; --i) end = stem.substr(0, end - 1).rfind('/') + 1;
  out.root = stem.substr(0, end);
  return out;
}

std::vector<std::string> foresee(const std::vector<ImportStatement>& imports,
                                 const ImportScope& scope, const Listing& listing,
                                 const SearchOrder& order,
                                 const std::vector<std::string>& extension_suffixes) {
  Guess guess(listing, order, extension_suffixes);
  for (const ImportStatement& import : imports) {
    const auto directory =
        import.level == 0 ? std::optional(scope.root) : directory_above(scope, import.level);
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
