#include "importer/guard/locked_events.h"

#include <array>
#include <cstring>
#include <string>
#include <string_view>

#include "importer/guard/answering.h"
#include "importer/guard/manager_type.h"
#include "importer/guard/open_code.h"
#include "importer/guard/vouching.h"
#include "importer/native/linker_environment.h"
#include "importer/native/system_libraries.h"
#include "importer/python/vouched_path.h"

namespace signedvfs {
namespace {

constexpr const char* kAdvice =
    "If it belongs to the program, sign it; what a process that is locked down may do is in the "
    "documentation of the import manager.";

Status unsigned_code(std::string what) {
  return Status(Errc::kNoManifest, std::move(what)).advising(kAdvice);
}

// argument borrows one of an event; null: it has no such one.
PyObject* argument(PyObject* arguments, Py_ssize_t index) noexcept {
  return PyTuple_Check(arguments) != 0 && index < PyTuple_GET_SIZE(arguments)
             ? PyTuple_GET_ITEM(arguments, index)
             : nullptr;
}

Result<std::string> path_text(PyObject* path) {
  PyObject* converted = nullptr;
  if (PyUnicode_FSConverter(path, &converted) == 0) return python_error();
  const PyRef bytes = PyRef::steal(converted);
  return std::string(PyBytes_AS_STRING(converted),
                     static_cast<std::size_t>(PyBytes_GET_SIZE(converted)));
}

Status must_be_vouched(Interpreter& home, const std::string& path, const char* what) {
  if (VouchedPath::covers(path)) return {};
  SIGNEDVFS_ASSIGN(const Vouched vouched, vouch_for(home, path, false));
  // What is signed is loaded from the bytes that were verified, not by its path.
  if (vouched.kind == Vouched::Kind::kByPath) return {};
  return unsigned_code(in_quotes(path) + ' ' + what);
}

// judge_import hears of every import that is not in sys.modules, and of every extension module that
// is about to be loaded from a path.
Status judge_import(Interpreter& home, const char* /*event*/, PyObject* arguments) {
  PyObject* const path = argument(arguments, 1);
  if (path != nullptr && path != Py_None) {
    SIGNEDVFS_ASSIGN(const std::string text, path_text(path));
    return must_be_vouched(home, text, "is to be loaded as an extension module by its path");
  }
  PyObject* const given = argument(arguments, 3);
  const PyRef now = sys_object("meta_path");
  PyTypeObject* const guarded = Interpreter::type(home.types.guarded_list);
  const bool is_guarded = given != nullptr && Py_TYPE(given) == guarded && now.get() == given;
  if (is_guarded) return {};
  return unsigned_code(
      "sys.meta_path is another list than the one that leads to the import manager");
}

Status judge_exec(Interpreter& home, const char* /*event*/, PyObject* arguments) {
  PyObject* const code = argument(arguments, 0);
  if (code == nullptr || PyCode_Check(code) == 0) return {};
  SIGNEDVFS_ASSIGN(const PyRef filename, owned(PyObject_GetAttrString(code, "co_filename")));
  SIGNEDVFS_ASSIGN(const std::string path, path_text(filename.get()));
  SIGNEDVFS_ASSIGN(const Vouched vouched, vouch_for_code(home, path));
  if (vouched.kind != Vouched::Kind::kNot) return {};
  return unsigned_code("code of " + in_quotes(path) + " is to be executed");
}

// is_called_by_loader tells whether the import system's own Python code is running, in the function
// in which it unmarshals what it has read.
Result<bool> is_called_by_loader() {
  PyFrameObject* const frame = PyEval_GetFrame();  // borrowed
  if (frame == nullptr) return false;
  const PyRef code = PyRef::steal(reinterpret_cast<PyObject*>(PyFrame_GetCode(frame)));
  SIGNEDVFS_ASSIGN(const PyRef filename, owned(PyObject_GetAttrString(code.get(), "co_filename")));
  SIGNEDVFS_ASSIGN(const std::string text, utf8_of(filename.get()));
  return text == "<frozen importlib._bootstrap_external>" || text == "<frozen zipimport>";
}

Status judge_unmarshal(Interpreter& /*home*/, const char* /*event*/, PyObject* arguments) {
  SIGNEDVFS_ASSIGN(const bool is_loader, is_called_by_loader());
  if (!is_loader) return {};
  PyObject* const bytes = argument(arguments, 0);
  if (bytes != nullptr && PyBytes_Check(bytes) != 0 &&
      take_opened_bytecode(
          {PyBytes_AS_STRING(bytes), static_cast<std::size_t>(PyBytes_GET_SIZE(bytes))})) {
    return {};
  }
  return unsigned_code(
      "a loader of the standard library unmarshals bytecode that nobody vouches "
      "for");
}

// may_need tells whether the policy of a manager names a library of the system.
Result<bool> may_need(Interpreter& home, const std::string& name) {
  if (is_system_library(name)) return true;
  SIGNEDVFS_ASSIGN(const PyRef managers, enforcing_managers(home));
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(managers.get()); ++i) {
    const Manager* const manager = manager_in(home, PyList_GET_ITEM(managers.get(), i));
    if (manager == nullptr) continue;
    SIGNEDVFS_ASSIGN(const Trust trust, manager->guard->importer->trust());
    if (trust.policy.native.libraries.contains(name)) return true;
  }
  return false;
}

Status judge_dlopen(Interpreter& home, const char* /*event*/, PyObject* arguments) {
  PyObject* const name = argument(arguments, 0);
  if (name == nullptr || name == Py_None) return {};  // the process itself
  SIGNEDVFS_ASSIGN(const std::string text, path_text(name));
  if (text.find('/') != std::string::npos) {
    return must_be_vouched(home, text, "is to be loaded as a library by its path");
  }
  SIGNEDVFS_ASSIGN(const bool is_expected, may_need(home, text));
  if (!is_expected) {
    return unsigned_code("the library " + in_quotes(text) +
                         " is to be loaded, which is none that every system has")
        .advising("Name it in TrustPolicy(libraries=...), or bundle it, signed.");
  }
  // Loaded by us, it is the one in the system's directories, whatever LD_LIBRARY_PATH says.
  const Status loaded = ensure_system_library(text);
  if (loaded.ok()) return {};
  PyErr_SetString(PyExc_OSError, std::string(loaded.what()).c_str());
  return python_error();
}

// judge_enabling hears that SQLite is to load libraries: what SQL then says, load_extension(PATH),
// no event tells of.
Status judge_enabling(Interpreter& /*home*/, const char* /*event*/, PyObject* arguments) {
  PyObject* const enabled = argument(arguments, 1);
  const int is_on = enabled == nullptr ? 1 : PyObject_IsTrue(enabled);
  if (is_on < 0) return python_error();
  if (is_on == 0) return {};
  return unsigned_code("SQLite is to load extensions, by paths that nobody could look at");
}

Status refuse_always(Interpreter& /*home*/, const char* event, PyObject* /*arguments*/) {
  return unsigned_code(std::string("the process is locked down, and ") + event + " is refused");
}

constexpr std::array kEvents{
    LockedEvent{"import", &judge_import},
    LockedEvent{"exec", &judge_exec},
    LockedEvent{"marshal.loads", &judge_unmarshal},
    LockedEvent{"marshal.load", &judge_unmarshal},
    LockedEvent{"ctypes.dlopen", &judge_dlopen},
    LockedEvent{"sqlite3.enable_load_extension", &judge_enabling},
    LockedEvent{"sqlite3.load_extension", &refuse_always},
    // Another process may have Python run a script here, and here in another process (PEP 768).
    LockedEvent{"sys.remote_exec", &refuse_always},
    LockedEvent{"cpython.remote_debugger_script", &refuse_always},
    // What PYTHONSTARTUP, PYTHONINSPECT and a terminal would run after the program.
    LockedEvent{"cpython.run_startup", &refuse_always},
    LockedEvent{"cpython.run_interactivehook", &refuse_always},
    LockedEvent{"cpython.run_stdin", &refuse_always},
    LockedEvent{"cpython.run_file", &refuse_always},
    LockedEvent{"cpython.run_command", &refuse_always},
    LockedEvent{"cpython.run_module", &refuse_always},
    // A new interpreter has no manager.
    LockedEvent{"cpython.PyInterpreterState_New", &refuse_always},
    LockedEvent{"setopencodehook", &refuse_always},
};

}  // namespace

Result<bool> is_refused_in_stranger(std::string_view event, PyObject* arguments) {
  if (event == "import") {
    PyObject* const path = argument(arguments, 1);
    return path != nullptr && path != Py_None;
  }
  if (event == "exec") {
    PyObject* const code = argument(arguments, 0);
    if (code == nullptr || PyCode_Check(code) == 0) return false;
    SIGNEDVFS_ASSIGN(const PyRef filename, owned(PyObject_GetAttrString(code, "co_filename")));
    SIGNEDVFS_ASSIGN(const std::string path, path_text(filename.get()));
    return !path.empty() && !path.starts_with('<');
  }
  if (event.starts_with("marshal.")) return is_called_by_loader();
  return true;
}

const LockedEvent* locked_event(const char* name) noexcept {
  for (const LockedEvent& one : kEvents) {
    if (std::strcmp(one.name, name) == 0) return &one;
  }
  return nullptr;
}

}  // namespace signedvfs
