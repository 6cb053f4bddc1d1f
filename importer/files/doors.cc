#include <array>
#include <atomic>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "importer/files/answering.h"
#include "importer/files/answers.h"
#include "importer/files/builtin_door.h"
#include "importer/files/constructor_door.h"
#include "importer/files/files.h"
#include "importer/files/scanning.h"
#include "importer/python/convert.h"
#include "importer/python/errors.h"
#include "importer/python/guard.h"
#include "importer/python/raised.h"
#include "importer/python/vouched_path.h"

namespace signedvfs {
namespace {

// Running is an interpreter whose doors are open. A function of C is told its module and nothing of
// ours, and the interpreter it runs in is known to the thread: so here, and only here, ours is
// found by that. Nodes stay; there are as many as there ever were interpreters with doors at once.
struct Running {
  std::atomic<PyInterpreterState*> interpreter = nullptr;
  std::atomic<Files*> files = nullptr;
  Running* next = nullptr;
};

std::atomic<Running*> first_running = nullptr;
std::mutex running_mutex;  // held for no call of Python

void set_running(Files& files, bool is_running) {
  PyInterpreterState* const interpreter = PyInterpreterState_Get();
  const std::scoped_lock lock(running_mutex);
  Running* free = nullptr;
  for (Running* node = first_running; node != nullptr; node = node->next) {
    if (node->files == &files) {
      if (!is_running) node->interpreter = nullptr;
      if (!is_running) node->files = nullptr;
      return;
    }
    if (node->files == nullptr) free = node;
  }
  if (!is_running) return;
  if (free == nullptr) {
    free = new Running;
    free->next = first_running;
    free->files = &files;
    free->interpreter = interpreter;
    first_running = free;
    return;
  }
  free->files = &files;
  free->interpreter = interpreter;
}

// OneAtATime has other threads wait, as far as the GIL would see to that.
class [[nodiscard]] OneAtATime {
 public:
#ifdef Py_GIL_DISABLED
  explicit OneAtATime(const Files& files) { PyCriticalSection_Begin(&section_, files.home.module); }
  ~OneAtATime() { PyCriticalSection_End(&section_); }
#else
  explicit OneAtATime(const Files& /*files*/) {}
  ~OneAtATime() = default;
#endif
  OneAtATime(const OneAtATime&) = delete;
  OneAtATime& operator=(const OneAtATime&) = delete;

#ifdef Py_GIL_DISABLED
 private:
  PyCriticalSection section_{};
#endif
};

Status open_all(Files& files) {
  const OneAtATime locked(files);
  if (files.stat == nullptr) {
    SIGNEDVFS_ASSIGN(files.stat, StatMaker::learn());
    SIGNEDVFS_TRY(make_scanning(files));
  }
  SIGNEDVFS_TRY(open_doors_in(files.functions));
  SIGNEDVFS_TRY(open_constructors(files.classes));
  files.is_open = true;
  set_running(files, true);
  return {};
}

// open_those_of_later opens the doors of modules that have been loaded since.
Status open_those_of_later(Files& files) {
  const OneAtATime locked(files);
  if (!files.is_open) return {};  // the module has closed them
  SIGNEDVFS_TRY(open_doors_in(files.functions));
  return open_constructors(files.classes);
}

PyObject* open_doors_function(PyObject* module) {
  Interpreter* const home = living_home(module);
  return home == nullptr ? nullptr : none(*home, open_doors(*home->files), Activity::kTool);
}

PyObject* close_doors_function(PyObject* module) {
  Interpreter* const home = living_home(module);
  if (home == nullptr) return nullptr;
  return none(*home, close_doors(*home->files), Activity::kTool);
}

PyObject* find_bundled_library(PyObject* module, const Arguments& given) {
  static constexpr Parameters<1> kSignature{"_bundled_library", 1, {"name"}};
  std::array<PyObject*, 1> in;
  if (!kSignature.read(given, in)) return nullptr;
  Interpreter* const home = living_home(module);
  if (home == nullptr) return nullptr;
  const Result<std::string> name = utf8_of(in[0], "name");
  if (!name.ok() || !home->files->is_open) {
    return name.ok() ? PyRef::borrow(Py_None).release() : nullptr;
  }
  return answer(*home, bundled_library(*home->files, *name), Activity::kVerifying);
}

PyObject* doors_are_open(PyObject* module) {
  Interpreter* const home = living_home(module);
  return home == nullptr ? nullptr : PyBool_FromLong(home->files->is_open ? 1 : 0);
}

}  // namespace

Files* running_files() noexcept {
  PyInterpreterState* const here = PyInterpreterState_Get();
  for (const Running* node = first_running.load(std::memory_order_acquire); node != nullptr;
       node = node->next) {
    if (node->interpreter.load(std::memory_order_acquire) == here) {
      return node->files.load(std::memory_order_acquire);
    }
  }
  return nullptr;
}

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wold-style-cast"  // Python's macros are C's

// ascii_of borrows the text of a str of ASCII; null for every other object.
static std::string_view ascii_of(PyObject* text) noexcept {
  if (PyUnicode_CheckExact(text) == 0 || !PyUnicode_IS_COMPACT_ASCII(text)) return {};
  return {reinterpret_cast<const char*>(PyUnicode_1BYTE_DATA(text)),
          static_cast<std::size_t>(PyUnicode_GET_LENGTH(text))};
}

#pragma GCC diagnostic pop

bool is_plainly_elsewhere(const Files& files, PyObject* path, bool is_of_links) noexcept {
  if (PyLong_CheckExact(path) != 0) return files.handles.is_empty();
  // Other text may be other bytes in the file system's encoding.
  const std::string_view text = ascii_of(path);
  if (text.data() == nullptr) return false;
  const bool is_way = is_of_links && files.territory->way_at(text) != nullptr;
  if (!is_way && files.territory->is_elsewhere(text)) return true;
  // What we open ourselves we have to get as it is: only who asks for it through a door is
  // answered.
  return VouchedPath::covers(text);
}

Status open_doors(Files& files) {
  Status opened = open_all(files);
  if (!opened.ok() && !files.is_open) {
    PyRef why = take_raised();
    if (!close_doors_in(files.functions).ok()) PyErr_Clear();  // the first failure is told
    close_constructors(files.classes);
    if (why) raise_again(std::move(why));
  }
  return opened;
}

Status close_doors(Files& files) {
  const OneAtATime locked(files);
  if (!files.is_open) return {};
  files.is_open = false;
  Status closed = close_doors_in(files.functions);
  close_constructors(files.classes);
  set_running(files, false);
  return closed;
}

PyObject* answer_executed(Call& call, const Passing& passing) {
  PyRef result = PyRef::steal(passing.original(call.given()));
  if (!result) return nullptr;
  Files& files = call.files();
  const Status opened = open_those_of_later(files);
  if (!opened.ok()) return raised(files.home, opened, Activity::kTool);
  return std::move(result).release();
}

Status add_files(Interpreter& home) {
  static std::array functions{
      method_of<&open_doors_function>(
          "open_doors",
          "open_doors($module)\n--\n\n"
          "Have paths below archives in use answer `open`, `os.stat`, `os.listdir` and their "
          "kin.\n\n"
          "In this interpreter, with what is signed and verified; such paths never reach the "
          "disk,\n"
          "and cannot be written to. Archives are in use once something was imported from them.\n"
          "Calling it again does nothing. Raises ValueError where another package has replaced "
          "one\n"
          "of those functions by something that is none of Python's own."),
      method_of<&close_doors_function>(
          "close_doors", "close_doors($module)\n--\n\nUndo `open_doors`, completely."),
      method_of<&doors_are_open>("doors_are_open",
                                 "doors_are_open($module)\n--\n\n"
                                 "Tell whether `open_doors` is in force in this interpreter."),
      method_of<&find_bundled_library>(
          "_bundled_library",
          "_bundled_library($module, /, name)\n--\n\n"
          "Return the path below an archive in use of the library that `name` stands for, as\n"
          "ctypes.util.find_library takes it; None while the doors are closed, and where none is."),
      PyMethodDef{}};
  home.files = std::make_shared<Files>(home);
  if (PyModule_AddFunctions(home.module, functions.data()) < 0) return python_error();
  return {};
}

int traverse_files(const Files& files, visitproc visit, void* arg) {
  for (const PyRef* const one : {&files.scan_type, &files.entry_type, &files.dir_entry}) {
    Py_VISIT(one->get());
  }
  return files.stat == nullptr ? 0 : files.stat->traverse(visit, arg);
}

}  // namespace signedvfs
