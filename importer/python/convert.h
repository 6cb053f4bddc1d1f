// Python's paths, names, numbers and times as the core wants them, and back.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "archive/base/status.h"
#include "importer/python/object.h"

namespace signedvfs {

// All functions need the GIL. An object of another type is `kPython`, with a TypeError set; `what`
// names the argument in it. A value that makes no sense is `kUsage`.

// path_of returns the bytes of a str, bytes or os.PathLike in the file system's encoding. A NUL in
// it is `kPython` as well: Python's own ValueError.
Result<std::string> path_of(PyObject* path);

// optional_path_of does the same, and gives nothing for None.
Result<std::optional<std::string>> optional_path_of(PyObject* path);

// utf8_of returns a str's UTF-8 as the other one does.
Result<std::string> utf8_of(PyObject* text, const char* what);

// texts_of returns what `utf8_of` does for each item of an iterable, which may not be a str or
// bytes.
Result<std::vector<std::string>> texts_of(PyObject* items, const char* what, const char* one);

// seconds_of returns the seconds since 1970-01-01T00:00:00Z for an int, a float (rounded down) or
// an aware datetime.
Result<std::int64_t> seconds_of(PyObject* time, const char* what);
Result<std::optional<std::int64_t>> optional_seconds_of(PyObject* time, const char* what);

// count_of returns an int that is not negative and has 64 bits at most.
Result<std::uint64_t> count_of(PyObject* number, const char* what);

// small_int_of returns an int that fits in the type.
Result<int> small_int_of(PyObject* number, const char* what);

// choice_of returns True or False; what only counts as one of them is a TypeError.
Result<bool> choice_of(PyObject* choice, const char* what);

// text_list returns a list of what `text_of_utf8` makes of each of `all`.
Result<PyRef> text_list(const std::vector<std::string>& all);

// The object for a value that may be missing: None then.
Result<PyRef> optional_text(const std::optional<std::string>& text);
Result<PyRef> optional_number(const std::optional<std::uint64_t>& number);
Result<PyRef> optional_number(const std::optional<std::int64_t>& number);

// wrong_type is a TypeError that says what `what` must be.
Status wrong_type(const char* what, const char* expected, PyObject* found);

// iterator_over returns one over `items`, which may not be a str or bytes: a lone string is a
// common mistake for a sequence of one.
Result<PyRef> iterator_over(PyObject* items, const char* what);

// for_each calls `use`, which returns a Status, with each item of `items` until one fails.
template <class Use>
Status for_each(PyObject* items, const char* what, const Use& use) {
  SIGNEDVFS_ASSIGN(const PyRef iterator, iterator_over(items, what));
  while (const PyRef item = PyRef::steal(PyIter_Next(iterator.get()))) {
    SIGNEDVFS_TRY(use(item.get()));
  }
  return PyErr_Occurred() == nullptr ? Status() : python_error();
}

}  // namespace signedvfs
