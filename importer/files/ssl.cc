// OpenSSL, which opens paths by itself: it gets the path of sealed memory in place of that of a
// member.
#include <array>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "archive/os/sealed_memory.h"
#include "importer/files/answering.h"
#include "importer/files/answers.h"
#include "importer/files/verified_open.h"
#include "importer/python/convert.h"

namespace signedvfs {
namespace {

// Replacement is a call with some arguments replaced, by position or by name.
class Replacement {
 public:
  explicit Replacement(const Call& call) {
    const Arguments& given = call.given();
    const auto named = given.names == nullptr ? 0 : PyTuple_GET_SIZE(given.names);
    for (Py_ssize_t i = 0; i < given.count + named; ++i) {
      values_.push_back(PyRef::borrow(given.values[i]));
    }
    count_ = given.count;
    for (Py_ssize_t i = 0; i < named; ++i) {
      names_.push_back(PyRef::borrow(PyTuple_GET_ITEM(given.names, i)));
    }
  }

  // put gives the parameter `value`, whether it was given or not.
  Status put(const Parameter& parameter, PyRef value) {
    if (parameter.position >= 0 && parameter.position < count_) {
      values_[static_cast<std::size_t>(parameter.position)] = std::move(value);
      return {};
    }
    for (std::size_t i = 0; i < names_.size(); ++i) {
      if (PyUnicode_CompareWithASCIIString(names_[i].get(), parameter.name) != 0) continue;
      values_[static_cast<std::size_t>(count_) + i] = std::move(value);
      return {};
    }
    SIGNEDVFS_ASSIGN(PyRef name, owned(PyUnicode_InternFromString(parameter.name)));
    names_.push_back(std::move(name));
    values_.push_back(std::move(value));
    return {};
  }

  PyObject* call(const Passing& passing) const {
    std::vector<PyObject*> values;
    values.reserve(values_.size());
    for (const PyRef& value : values_) values.push_back(value.get());
    PyRef names;
    if (!names_.empty()) {
      names = PyRef::steal(PyTuple_New(static_cast<Py_ssize_t>(names_.size())));
      if (!names) return nullptr;
      for (std::size_t i = 0; i < names_.size(); ++i) {
        PyTuple_SET_ITEM(names.get(), static_cast<Py_ssize_t>(i),
                         PyRef::borrow(names_[i].get()).release());
      }
    }
    return passing.original({values.data(), count_, names.get()});
  }

 private:
  std::vector<PyRef> values_;
  std::vector<PyRef> names_;
  Py_ssize_t count_ = 0;
};

// SealedFile is a member that a library opens by a path of its own while this lives.
struct SealedFile {
  FileDescriptor memory;
  std::string path;
};

// sealed_file returns one for a target, or raises the OSError that open(2) would give.
Result<SealedFile> sealed_file(Files& files, const Target& target) {
  if (target.is_inside() && target.entry.kind != EntryKind::kFile) {
    os_error(target.entry.is_there() ? EISDIR : target.entry.error, target);
    return python_error();
  }
  SIGNEDVFS_ASSIGN(FileDescriptor memory, open_verified(files, target));
  std::string path = path_of_descriptor(memory.get());
  return SealedFile{std::move(memory), std::move(path)};
}

// with_file calls the original with the path of sealed memory for what `parameter` means, where
// that is ours.
PyObject* with_file(Call& call, const Passing& passing, const Parameter& parameter) {
  Result<Target> target = call.target_at(parameter);
  if (!target.ok()) return refused(call, target.status());
  if (target->kind == Target::Kind::kElsewhere) return passing.original(call.given());
  const Result<SealedFile> file = sealed_file(call.files(), *target);
  if (!file.ok()) return refused(call, file.status(), *target);
  Replacement replaced(call);
  Result<PyRef> path = text_of_path(file->path);
  if (!path.ok() || !replaced.put(parameter, std::move(path).value()).ok()) return nullptr;
  return replaced.call(passing);
}

// is_hashed_name tells whether OpenSSL would look for a certificate by that name: eight hexadecimal
// digits, a dot, a number (X509_LOOKUP_hash_dir(3)).
bool is_hashed_name(std::string_view name) noexcept {
  constexpr std::size_t kDigits = 8;
  if (name.size() < kDigits + 2 || name[kDigits] != '.') return false;
  return name.substr(0, kDigits).find_first_not_of("0123456789abcdef") == std::string_view::npos &&
         name.substr(kDigits + 1).find_first_not_of("0123456789") == std::string_view::npos;
}

constexpr Parameter kCaFile{0, "cafile"};
constexpr Parameter kHashed{1, "capath"};
constexpr Parameter kData{2, "cadata"};

bool is_given(const Call& call, const Parameter& parameter) {
  PyObject* const value = call.at(parameter);
  return value != nullptr && value != Py_None;
}

// load_others loads what was given beside a directory.
PyObject* load_others(Call& call, const Passing& passing) {
  if (!is_given(call, kCaFile) && !is_given(call, kData)) Py_RETURN_NONE;
  PyObject* const none = Py_None;
  std::array<PyObject*, 3> values{none, none, none};
  if (is_given(call, kCaFile)) values[0] = call.at(kCaFile);
  if (is_given(call, kData)) values[2] = call.at(kData);
  Call others(call.files(), {values.data(), values.size(), nullptr});
  return with_file(others, passing, kCaFile);
}

}  // namespace

PyObject* answer_verify_locations(Call& call, const Passing& passing) {
  Result<Target> directory = call.target_at(kHashed);
  if (!directory.ok()) return refused(call, directory.status());
  if (directory->kind == Target::Kind::kElsewhere) return with_file(call, passing, kCaFile);
  // OpenSSL looks for no directory before it needs a certificate. The archive itself is one.
  const bool is_own = directory->kind == Target::Kind::kOwnFile;
  if (!is_own && directory->entry.kind != EntryKind::kDirectory) return load_others(call, passing);
  // OpenSSL would look for files by the hash of a name when it needs them. They are few, and what
  // is in them is trusted all the same: each is loaded as if it had been given by itself.
  Result<std::vector<DirectoryItem>> items =
      directory->opened->vfs->listing().list(directory->entry.name);
  if (!items.ok()) return refused(call, items.status(), *directory);
  for (const DirectoryItem& item : *items) {
    if (item.is_directory || !is_hashed_name(item.name)) continue;
    Target one;
    one.kind = Target::Kind::kInside;
    one.mount = directory->mount;
    one.opened = directory->opened;
    one.spelled = PyRef::borrow(directory->spelled.get());
    one.entry.kind = EntryKind::kFile;
    one.entry.name = directory->entry.name;
    if (!one.entry.name.empty()) one.entry.name += '/';
    one.entry.name += item.name;
    const Result<SealedFile> file = sealed_file(call.files(), one);
    if (!file.ok()) return refused(call, file.status(), one);
    const Result<PyRef> path = text_of_path(file->path);
    if (!path.ok()) return nullptr;
    PyObject* const value = path->get();
    const PyRef loaded = PyRef::steal(passing.original({&value, 1, nullptr}));
    if (!loaded) return nullptr;
  }
  return load_others(call, passing);
}

PyObject* answer_cert_chain(Call& call, const Passing& passing) {
  constexpr Parameter kCertificate{0, "certfile"};
  constexpr Parameter kKey{1, "keyfile"};
  Replacement replaced(call);
  std::vector<SealedFile> files;
  for (const Parameter& parameter : {kCertificate, kKey}) {
    Result<Target> target = call.target_at(parameter);
    if (!target.ok()) return refused(call, target.status());
    if (target->kind == Target::Kind::kElsewhere) continue;
    Result<SealedFile> file = sealed_file(call.files(), *target);
    if (!file.ok()) return refused(call, file.status(), *target);
    Result<PyRef> path = text_of_path(file->path);
    if (!path.ok() || !replaced.put(parameter, std::move(path).value()).ok()) return nullptr;
    files.push_back(std::move(file).value());
  }
  return files.empty() ? passing.original(call.given()) : replaced.call(passing);
}

PyObject* answer_dh_params(Call& call, const Passing& passing) {
  return with_file(call, passing, {0, nullptr});
}

}  // namespace signedvfs
