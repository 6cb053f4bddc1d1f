#include "importer/launcher/running.h"

#include <string>
#include <string_view>
#include <utility>

#include "archive/os/program_start.h"
#include "importer/files/files.h"
#include "importer/finders/importers.h"
#include "importer/launcher/refusing.h"
#include "importer/python/errors.h"
#include "importer/python/interpreter.h"
#include "importer/python/object.h"

namespace signedvfs {
namespace {

constexpr std::string_view kChildWord = "--signedvfs-child";  // signedvfs.launched has it, too

constexpr int kFailure = 1;         // an exception
constexpr int kFlushFailure = 120;  // Doc/library/sys.rst, sys.exit

// Main is what is run, and as whose.
struct Main {
  PyRef code;
  PyRef file;
  PyRef loader;
};

Result<Main> find_main(const Launch& launch) {
  SIGNEDVFS_ASSIGN(const PyRef path, text_of_path(launch.path));
  const PyRef cache = sys_object("path_importer_cache");
  SIGNEDVFS_ASSIGN(const PyRef finder, item_of(cache.get(), path.get()));
  if (!finder) return Status(Errc::kNoCode, "the archive itself is not on its path");
  SIGNEDVFS_ASSIGN(const PyRef spec,
                   owned(PyObject_CallMethod(finder.get(), "find_spec", "s", "__main__")));
  if (spec.get() == Py_None) return Status(Errc::kNoCode, "the archive has no module '__main__'");
  Main out;
  SIGNEDVFS_ASSIGN(out.loader, owned(PyObject_GetAttrString(spec.get(), "loader")));
  SIGNEDVFS_ASSIGN(out.file, owned(PyObject_GetAttrString(spec.get(), "origin")));
  SIGNEDVFS_ASSIGN(out.code,
                   owned(PyObject_CallMethod(out.loader.get(), "get_code", "s", "__main__")));
  return out;
}

// run has the code run in the module `__main__` that Python has made. It has no spec: programs that
// are started by a file have none, and argparse names the others after the interpreter.
Result<PyRef> run(const Main& main) {
  SIGNEDVFS_ASSIGN(const PyRef module, loaded_module("__main__"));
  PyObject* const globals = PyModule_GetDict(module.get());
  for (const auto& [key, value] :
       {std::pair("__file__", main.file.get()), std::pair("__loader__", main.loader.get())}) {
    if (PyDict_SetItemString(globals, key, value) < 0) return python_error();
  }
  return owned(PyEval_EvalCode(main.code.get(), globals, globals));
}

bool is_child(int argc, char** argv) { return argc > 1 && argv[1] == kChildWord; }

Result<PyRef> call_of(const char* module, const char* name, PyObject* argument) {
  SIGNEDVFS_ASSIGN(const PyRef found, owned(PyImport_ImportModule(module)));
  SIGNEDVFS_ASSIGN(const PyRef function, owned(PyObject_GetAttrString(found.get(), name)));
  return owned(PyObject_CallFunctionObjArgs(function.get(), argument, nullptr));
}

Result<PyRef> run_child() {
  const PyRef words = sys_object("argv");
  if (!words) return python_error();
  SIGNEDVFS_ASSIGN(const PyRef rest,
                   owned(PySequence_GetSlice(words.get(), 2, PySequence_Size(words.get()))));
  return call_of("signedvfs.launched", "run_child", rest.get());
}

// prepare does what comes before the first line of the application; a child runs none of its main.
Result<Main> prepare(Interpreter& home, const Launch& launch, bool is_child) {
  SIGNEDVFS_TRY(begin_use(home));
  SIGNEDVFS_TRY(open_doors(*home.files));
  return is_child ? Result<Main>(Main{}) : find_main(launch);
}

// show shows the exception that is set, and returns the exit status; for SystemExit it ends the
// process.
int show() {
  const bool is_interrupt = PyErr_ExceptionMatches(PyExc_KeyboardInterrupt) != 0;
  PyErr_Print();
  if (!is_interrupt) return kFailure;
  static_cast<void>(Py_FinalizeEx());
  end_by_interrupt();
}

// end_unbegun ends a process in which nothing of the application has run: its archive lacks
// something, or Ctrl-C came first.
int end_unbegun(Interpreter& home, const Launch& launch, const Status& status) {
  set_status(home, status, Activity::kVerifying);
  if (PyErr_ExceptionMatches(PyExc_KeyboardInterrupt) != 0) return show();
  const Result<std::string> why = take_error_text();
  refuse(launch.path, why.ok() ? *why : "the application does not start");
}

}  // namespace

Status check_words(int argc, char** argv) {
  if (!is_child(argc, argv) || is_child_of_own_program()) return {};
  return Status(Errc::kUsage, std::string(kChildWord) +
                                  " is for processes that the application starts itself, and the "
                                  "one that has started this is another program, or has ended")
      .advising("Start the application without that word.");
}

int run_application(const Launch& launch, int argc, char** argv) {
  int status = 0;
  const bool for_child = is_child(argc, argv);
  Interpreter* const home = running_interpreter();
  if (home == nullptr) {
    status = show();
  } else if (const Result<Main> main = prepare(*home, launch, for_child); !main.ok()) {
    status = end_unbegun(*home, launch, main.status());
  } else {
    const Result<PyRef> result = for_child ? run_child() : run(*main);
    if (!result.ok()) {
      set_status(*home, result.status(), Activity::kVerifying);
      status = show();
    }
  }
  return Py_FinalizeEx() < 0 ? kFlushFailure : status;
}

}  // namespace signedvfs
