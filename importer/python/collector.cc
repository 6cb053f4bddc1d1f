#include "importer/python/collector.h"

#include <utility>

namespace signedvfs {
namespace {

#ifdef Py_GIL_DISABLED
constexpr bool kDefers = false;  // nothing is deferred there, and nothing counted
#else
constexpr bool kDefers = true;
#endif

// SavedError keeps the exception that is set out of the way of what is called meanwhile.
class SavedError {
 public:
  SavedError() noexcept { PyErr_Fetch(&type_, &value_, &traceback_); }
  SavedError(const SavedError&) = delete;
  SavedError& operator=(const SavedError&) = delete;
  ~SavedError() {
    in_destructor([&] { PyErr_Restore(type_, value_, traceback_); });
  }

 private:
  PyObject* type_ = nullptr;
  PyObject* value_ = nullptr;
  PyObject* traceback_ = nullptr;
};

PyRef called(PyObject* gc, const char* function) {
  return PyRef::steal(PyObject_CallMethod(gc, function, nullptr));
}

bool set_thresholds(PyObject* gc, PyObject* thresholds) {
  const PyRef function = PyRef::steal(PyObject_GetAttrString(gc, "set_threshold"));
  return function && PyRef::steal(PyObject_Call(function.get(), thresholds, nullptr));
}

// raised returns `before` with `objects` in place of the first, or nothing where the youngest
// generation is collected as rarely or never.
PyRef raised(PyObject* before, long objects) {
  if (PyTuple_Check(before) == 0 || PyTuple_GET_SIZE(before) < 1) return {};
  const long first = PyLong_AsLong(PyTuple_GET_ITEM(before, 0));
  if (first <= 0 || first >= objects) return {};
  PyRef after = PyRef::steal(PySequence_List(before));
  if (!after) return {};
  PyObject* const number = PyLong_FromLong(objects);
  if (number == nullptr || PyList_SetItem(after.get(), 0, number) < 0) return {};
  return PyRef::steal(PyList_AsTuple(after.get()));
}

// make_old moves all objects to the oldest generation: freezing and unfreezing does that at once.
void make_old(PyObject* gc) {
  const PyRef frozen = called(gc, "get_freeze_count");
  if (!frozen || PyLong_AsLong(frozen.get()) != 0) return;
  if (called(gc, "freeze")) static_cast<void>(called(gc, "unfreeze"));
}

}  // namespace

Status Collector::defer(bool on) {
  if (!kDefers) return {};
  if (on && !gc_) {
    SIGNEDVFS_ASSIGN(gc_, owned(PyImport_ImportModule("gc")));
  }
  on_ = on;
  return {};
}

// The collector may run inside any of these calls, and with it code that imports: `has_begun_` is
// true all the while, so that nothing of this happens twice.
void Collector::enter(std::size_t bytes) {
  if (!kDefers) return;
  const bool is_alone = depth_++ == 0;
  if (!on_ || has_begun_ || (is_alone && bytes < kSmallBytes)) return;
  has_begun_ = true;
  const SavedError saved;
  PyRef before = called(gc_.get(), "get_threshold");
  if (before) {
    const PyRef wanted = raised(before.get(), kObjects);
    if (wanted && set_thresholds(gc_.get(), wanted.get())) {
      during_ = called(gc_.get(), "get_threshold");
      before_ = std::move(before);
    }
  }
  PyErr_Clear();  // deferring is a favour; without it, imports go on as usual
}

void Collector::leave() {
  if (!kDefers) return;
  if (depth_ == 1 && before_) {
    const SavedError saved;
    const PyRef before = std::move(before_);
    const PyRef during = std::move(during_);
    const PyRef now = called(gc_.get(), "get_threshold");
    const bool ours =
        now && during && PyObject_RichCompareBool(now.get(), during.get(), Py_EQ) == 1;
    if (ours && set_thresholds(gc_.get(), before.get())) make_old(gc_.get());
    PyErr_Clear();
  }
  if (--depth_ == 0) has_begun_ = false;
}

}  // namespace signedvfs
