// The module `signedvfs._core`, for the functions and classes of the one beside it.
#pragma once

#include <pybind11/pybind11.h>

#include <utility>

#include "importer/python/heap_type.h"
#include "importer/python/interpreter.h"

namespace signedvfs {

// Home keeps that module of one interpreter, and so its state. Needs the GIL.
class Home {
 public:
  // of_running_interpreter throws what importing the module raises.
  static Home of_running_interpreter() {
    Interpreter* const found = running_interpreter();
    if (found == nullptr) throw pybind11::error_already_set();
    return Home(*found);
  }

  Interpreter& operator*() const noexcept { return *interpreter_; }

  // ours makes a class of which nobody else makes objects, so that no unfinished one exists: `make`
  // is its `__new__`. The class belongs to the module, by which `home_of` finds it.
  pybind11::custom_type_setup ours(newfunc make = &not_made) const {
    return pybind11::custom_type_setup([module = module_, make](PyHeapTypeObject* type) {
      type->ht_type.tp_new = make;
      type->ht_type.tp_init = [](PyObject*, PyObject*, PyObject*) { return 0; };
      type->ht_module = pybind11::object(module).release().ptr();
    });
  }

 private:
  explicit Home(Interpreter& found)
      : module_(pybind11::reinterpret_borrow<pybind11::object>(found.module)),
        interpreter_(&found) {}

  pybind11::object module_;
  Interpreter* interpreter_;
};

// at_home returns `function` with its first argument given, for pybind11 to call with the others.
template <class Answer, class... Arguments>
auto at_home(const Home& home, Answer (*function)(const Home&, Arguments...)) {
  return [home = Home(home), function](Arguments... arguments) -> Answer {
    return function(home, std::forward<Arguments>(arguments)...);
  };
}

// refuse_reduction is `__reduce__` of classes whose objects mean nothing elsewhere.
inline pybind11::object refuse_reduction(const pybind11::object& self) {
  not_pickled(self.ptr());
  throw pybind11::error_already_set();
}

}  // namespace signedvfs
