#include "importer/finders/handover.h"

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "importer/finders/serial_floors.h"
#include "importer/python/convert.h"

namespace signedvfs {
namespace {

// list_of returns a list of what `make` makes of each of `all`.
template <class All, class Make>
Result<PyRef> list_of(const All& all, const Make& make) {
  SIGNEDVFS_ASSIGN(PyRef out, owned(PyList_New(0)));
  for (const auto& one : all) {
    SIGNEDVFS_ASSIGN(const PyRef item, make(one));
    if (PyList_Append(out.get(), item.get()) < 0) return python_error();
  }
  return out;
}

// tuple_of returns a tuple of what was made, or why one of it was not.
template <std::size_t kSize>
Result<PyRef> tuple_of(std::array<Result<PyRef>, kSize> items) {
  SIGNEDVFS_ASSIGN(PyRef out, owned(PyTuple_New(kSize)));
  for (std::size_t i = 0; i < kSize; ++i) {
    SIGNEDVFS_ASSIGN(PyRef item, std::move(items[i]));
    PyTuple_SET_ITEM(out.get(), static_cast<Py_ssize_t>(i), std::move(item).release());
  }
  return out;
}

Result<PyRef> paths_list(const std::vector<std::string>& paths) {
  return list_of(paths, [](const std::string& path) { return text_of_path(path); });
}

Result<PyRef> roots_list(const std::vector<Root>& roots) {
  return list_of(roots, [](const Root& root) {
    return tuple_of(std::array{text_of_path(root.absolute), paths_list(root.places)});
  });
}

Result<PyRef> refusal_tuple(const Refusal& one) {
  return tuple_of(std::array{text_of_path(one.place), text_of_utf8(name(one.reason.code())),
                             text_of_utf8(one.reason.what()), text_of_utf8(one.reason.member())});
}

Result<PyRef> floor_tuple(const Floor& floor) {
  return tuple_of(
      std::array{text_of_path(floor.scope), owned(PyBool_FromLong(floor.by_path ? 1 : 0)),
                 text_of_path(floor.product), owned(PyLong_FromUnsignedLongLong(floor.serial))});
}

// names_dict returns the names that archives of given roots have supplied; elsewhere what is
// refused refuses everything.
Result<PyRef> names_dict(const Importer& state) {
  SIGNEDVFS_ASSIGN(PyRef out, owned(PyDict_New()));
  if (!state.is_scoped()) return out;
  for (const auto& [absolute, used] : state.registry.used_names()) {
    SIGNEDVFS_ASSIGN(const PyRef path, text_of_path(absolute));
    SIGNEDVFS_ASSIGN(const PyRef names, text_list(used));
    if (PyDict_SetItem(out.get(), path.get(), names.get()) < 0) return python_error();
  }
  return out;
}

Status put(PyObject* dict, const char* key, Result<PyRef> value) {
  SIGNEDVFS_ASSIGN(const PyRef object, std::move(value));
  if (PyDict_SetItemString(dict, key, object.get()) < 0) return python_error();
  return {};
}

std::optional<Errc> errc_named(std::string_view text) {
  for (std::size_t i = 0; i < kErrcCount; ++i) {
    const auto code = static_cast<Errc>(i);
    if (name(code) == text) return code;
  }
  return std::nullopt;
}

// items_of returns what `known` has under `key` as a tuple of our own: what the items make Python
// do may change what it is made of.
Result<PyRef> items_of(PyObject* known, const char* key) {
  SIGNEDVFS_ASSIGN(const PyRef name, owned(PyUnicode_FromString(key)));
  SIGNEDVFS_ASSIGN(const PyRef found, owned(PyObject_GetItem(known, name.get())));
  return owned(PySequence_Tuple(found.get()));
}

// each calls `use` with every item of that.
template <class Use>
Status each(PyObject* known, const char* key, const Use& use) {
  SIGNEDVFS_ASSIGN(const PyRef items, items_of(known, key));
  for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(items.get()); ++i) {
    SIGNEDVFS_TRY(use(PyTuple_GET_ITEM(items.get(), i)));
  }
  return {};
}

// fields_of returns the fields of a tuple that `remembered` has made.
template <std::size_t kSize>
Result<std::array<PyObject*, kSize>> fields_of(PyObject* item) {
  if (PyTuple_Check(item) == 0 || PyTuple_GET_SIZE(item) != static_cast<Py_ssize_t>(kSize)) {
    return Status(Errc::kUsage, "_recall() takes what _remembered() has returned");
  }
  std::array<PyObject*, kSize> out;
  for (std::size_t i = 0; i < kSize; ++i) {
    out[i] = PyTuple_GET_ITEM(item, static_cast<Py_ssize_t>(i));
  }
  return out;
}

Result<std::vector<std::string>> paths_from(PyObject* paths) {
  std::vector<std::string> out;
  SIGNEDVFS_TRY(for_each(paths, "paths", [&](PyObject* item) -> Status {
    SIGNEDVFS_ASSIGN(std::string path, path_of(item));
    out.push_back(std::move(path));
    return {};
  }));
  return out;
}

Result<Root> root_from(PyObject* item) {
  SIGNEDVFS_ASSIGN(const auto fields, fields_of<2>(item));
  Root out;
  SIGNEDVFS_ASSIGN(out.absolute, path_of(fields[0]));
  SIGNEDVFS_ASSIGN(out.places, paths_from(fields[1]));
  return out;
}

Result<Refusal> refusal_from(PyObject* item) {
  SIGNEDVFS_ASSIGN(const auto fields, fields_of<4>(item));
  SIGNEDVFS_ASSIGN(std::string place, path_of(fields[0]));
  SIGNEDVFS_ASSIGN(const std::string named, utf8_of(fields[1], "a code"));
  SIGNEDVFS_ASSIGN(const std::string what, utf8_of(fields[2], "a reason"));
  SIGNEDVFS_ASSIGN(const std::string member, utf8_of(fields[3], "a member"));
  const std::optional<Errc> code = errc_named(named);
  if (!code || *code == Errc::kOk) return Status(Errc::kUsage, "no such code of a refusal");
  Status reason(*code, what);
  return Refusal{std::move(place), std::move(reason).about(member)};
}

Result<Floor> floor_from(PyObject* item) {
  SIGNEDVFS_ASSIGN(const auto fields, fields_of<4>(item));
  Floor out;
  SIGNEDVFS_ASSIGN(out.scope, path_of(fields[0]));
  SIGNEDVFS_ASSIGN(out.by_path, choice_of(fields[1], "by_path"));
  SIGNEDVFS_ASSIGN(out.product, path_of(fields[2]));
  SIGNEDVFS_ASSIGN(out.serial, count_of(fields[3], "a serial"));
  return out;
}

// add_places has a root of this process also be where the parent first saw it.
void add_places(std::vector<Root>& roots, const Root& known) {
  for (Root& root : roots) {
    if (root.absolute != known.absolute) continue;
    root.places.insert(root.places.end(), known.places.begin(), known.places.end());
  }
}

Status recall_names(Registry& registry, PyObject* known) {
  SIGNEDVFS_ASSIGN(const PyRef key, owned(PyUnicode_FromString("names")));
  SIGNEDVFS_ASSIGN(const PyRef names, owned(PyObject_GetItem(known, key.get())));
  // A list that `items()` has made is given as it is.
  SIGNEDVFS_ASSIGN(const PyRef given, owned(PyMapping_Items(names.get())));
  SIGNEDVFS_ASSIGN(const PyRef items, owned(PySequence_Tuple(given.get())));
  for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(items.get()); ++i) {
    SIGNEDVFS_ASSIGN(const auto fields, fields_of<2>(PyTuple_GET_ITEM(items.get(), i)));
    SIGNEDVFS_ASSIGN(const std::string absolute, path_of(fields[0]));
    SIGNEDVFS_ASSIGN(const std::vector<std::string> used, texts_of(fields[1], "names", "a name"));
    registry.add_used_names(absolute, used);
  }
  return {};
}

}  // namespace

Result<PyRef> remembered(const Importer& state) {
  const Registry& registry = state.registry;
  SIGNEDVFS_ASSIGN(PyRef out, owned(PyDict_New()));
  SIGNEDVFS_TRY(put(out.get(), "own_roots", roots_list(state.roots)));
  SIGNEDVFS_TRY(put(out.get(), "roots", roots_list(registry.roots())));
  SIGNEDVFS_TRY(put(out.get(), "archives", paths_list(registry.archive_places())));
  SIGNEDVFS_TRY(put(out.get(), "names", names_dict(state)));
  SIGNEDVFS_TRY(put(out.get(), "refused", list_of(registry.refusals(), refusal_tuple)));
  SIGNEDVFS_TRY(put(out.get(), "spellings", list_of(registry.spellings(), [](const auto& one) {
                      return tuple_of(
                          std::array{text_of_path(one.first), text_of_path(one.second)});
                    })));
  SIGNEDVFS_TRY(put(out.get(), "floors", list_of(SerialFloors::of_process().all(), floor_tuple)));
  return out;
}

Status recall(Importer& state, PyObject* known) {
  Registry& registry = state.registry;
  SIGNEDVFS_TRY(each(known, "own_roots", [&](PyObject* item) -> Status {
    SIGNEDVFS_ASSIGN(const Root root, root_from(item));
    add_places(state.roots, root);
    return {};
  }));
  SIGNEDVFS_TRY(each(known, "roots", [&](PyObject* item) -> Status {
    SIGNEDVFS_ASSIGN(const Root root, root_from(item));
    registry.protect(root);
    return {};
  }));
  SIGNEDVFS_TRY(each(known, "archives", [&](PyObject* item) -> Status {
    SIGNEDVFS_ASSIGN(const std::string place, path_of(item));
    registry.add_archive_place(place);
    return {};
  }));
  SIGNEDVFS_TRY(recall_names(registry, known));
  SIGNEDVFS_TRY(each(known, "refused", [&](PyObject* item) -> Status {
    SIGNEDVFS_ASSIGN(const Refusal refusal, refusal_from(item));
    registry.refuse(refusal);
    return {};
  }));
  SIGNEDVFS_TRY(each(known, "spellings", [&](PyObject* item) -> Status {
    SIGNEDVFS_ASSIGN(const auto fields, fields_of<2>(item));
    SIGNEDVFS_ASSIGN(const std::string spelled, path_of(fields[0]));
    SIGNEDVFS_ASSIGN(const std::string absolute, path_of(fields[1]));
    registry.remember_spelling(spelled, absolute);
    return {};
  }));
  return each(known, "floors", [&](PyObject* item) -> Status {
    SIGNEDVFS_ASSIGN(const Floor floor, floor_from(item));
    SerialFloors::of_process().raise(floor);
    return {};
  });
}

}  // namespace signedvfs
