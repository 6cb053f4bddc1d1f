#include "importer/files/stat_result.h"

#include <array>
#include <cstddef>
#include <string_view>
#include <utility>

#include "archive/base/file_mode.h"
#include "archive/os/file_status.h"
#include "importer/python/process_lock.h"

namespace signedvfs {
namespace {

constexpr std::uint32_t kReadableFile = kRegularType | 0444;
constexpr std::uint32_t kReadableDirectory = kDirectoryType | 0555;
constexpr std::int64_t kNanoseconds = 1'000'000'000;
constexpr std::uint64_t kBlock = 512;  // what st_blocks counts (stat(3type))

// The names of the first ten fields, which the class itself does not tell.
constexpr std::array kVisible{"st_mode", "st_ino",  "st_dev",   "st_nlink", "st_uid",
                              "st_gid",  "st_size", "st_atime", "st_mtime", "st_ctime"};
enum Field : std::uint8_t { kMode, kInode, kDevice, kLinks, kOwner, kGroup, kSize };

Result<PyRef> number(std::uint64_t value) { return owned(PyLong_FromUnsignedLongLong(value)); }

}  // namespace

Result<std::unique_ptr<StatMaker>> StatMaker::learn() {
  auto maker = std::make_unique<StatMaker>();
  SIGNEDVFS_ASSIGN(const PyRef stat, loaded_attribute("posix", "stat"));
  SIGNEDVFS_ASSIGN(const PyRef root, owned(PyObject_CallFunction(stat.get(), "s", "/")));
  maker->type_ = PyRef::borrow(reinterpret_cast<PyObject*>(Py_TYPE(root.get())));
  // (class, (the visible fields, {name: value of each other one, in order}))
  SIGNEDVFS_ASSIGN(const PyRef parts,
                   owned(PyObject_CallMethod(root.get(), "__reduce__", nullptr)));
  PyObject* visible = nullptr;
  PyObject* others = nullptr;
  if (PyArg_ParseTuple(parts.get(), "O(OO!)", &visible, &visible, &PyDict_Type, &others) == 0) {
    return python_error();
  }
  maker->names_.assign(kVisible.begin(), kVisible.end());
  PyObject* name = nullptr;
  PyObject* value = nullptr;
  for (Py_ssize_t at = 0; PyDict_Next(others, &at, &name, &value) != 0;) {
    SIGNEDVFS_ASSIGN(std::string text, utf8_of(name));
    maker->names_.push_back(std::move(text));
  }
  for (std::size_t i = 0; i < maker->names_.size(); ++i) {
    PyObject* const field = PyStructSequence_GetItem(root.get(), static_cast<Py_ssize_t>(i));
    maker->of_root_.push_back(PyRef::borrow(field));
  }
  SIGNEDVFS_ASSIGN(maker->file_mode_, number(kReadableFile));
  SIGNEDVFS_ASSIGN(maker->directory_mode_, number(kReadableDirectory));
  SIGNEDVFS_ASSIGN(maker->one_, number(1));
  return maker;
}

Status StatMaker::put(std::vector<PyRef>& fields, const char* name, PyObject* value) const {
  const PyRef kept = PyRef::steal(value);
  if (!kept) return python_error();
  for (std::size_t i = 0; i < names_.size(); ++i) {
    if (names_[i] == name) fields[i] = PyRef::borrow(kept.get());
  }
  return {};
}

Result<const StatMaker::Common*> StatMaker::common_of(const std::shared_ptr<Mount>& mount) {
  if (const Common* const known = known_common(mount)) return known;
  auto made = std::make_unique<Common>();
  made->mount = mount;
  for (const PyRef& field : of_root_) made->fields.push_back(PyRef::borrow(field.get()));
  const Mount::Facts& facts = mount->facts();
  const std::int64_t time = facts.modified;
  const std::int64_t seconds = time / kNanoseconds - (time % kNanoseconds < 0 ? 1 : 0);
  std::vector<PyRef>& fields = made->fields;
  SIGNEDVFS_TRY(put(fields, "st_dev", PyLong_FromUnsignedLongLong(facts.device)));
  SIGNEDVFS_TRY(put(fields, "st_nlink", PyLong_FromLong(1)));
  SIGNEDVFS_TRY(put(fields, "st_uid", PyLong_FromUnsignedLong(facts.owner)));
  SIGNEDVFS_TRY(put(fields, "st_gid", PyLong_FromUnsignedLong(facts.group)));
  for (const std::string_view which : {"a", "m", "c"}) {
    const std::string field = "st_" + std::string(which) + "time";
    SIGNEDVFS_TRY(
        put(fields, field.c_str(), PyFloat_FromDouble(static_cast<double>(time) / kNanoseconds)));
    SIGNEDVFS_TRY(put(fields, (field + "_ns").c_str(), PyLong_FromLongLong(time)));
  }
  // The three visible ones are whole seconds.
  for (std::size_t i = kSize + 1; i < kVisible.size(); ++i) {
    SIGNEDVFS_ASSIGN(fields[i], owned(PyLong_FromLongLong(seconds)));
  }
  SIGNEDVFS_TRY(put(fields, "st_blksize", PyLong_FromLong(4096)));
  SIGNEDVFS_TRY(put(fields, "st_rdev", PyLong_FromLong(0)));
  SIGNEDVFS_TRY(
      put(fields, "st_birthtime", PyFloat_FromDouble(static_cast<double>(time) / kNanoseconds)));
  // Another thread may have been quicker. What is not kept is dropped without the lock.
  const ProcessLock lock;
  if (const Common* const known = find_common(mount)) return known;
  common_.push_back(std::move(made));
  return common_.back().get();
}

const StatMaker::Common* StatMaker::find_common(const std::shared_ptr<Mount>& mount) const {
  for (const auto& known : common_) {
    if (known->mount == mount) return known.get();
  }
  return nullptr;
}

const StatMaker::Common* StatMaker::known_common(const std::shared_ptr<Mount>& mount) const {
  const ProcessLock lock;
  return find_common(mount);
}

Result<PyRef> StatMaker::make(const std::shared_ptr<Mount>& mount, const VirtualEntry& entry) {
  SIGNEDVFS_ASSIGN(const Common* const common, common_of(mount));
  SIGNEDVFS_ASSIGN(PyRef made,
                   owned(PyStructSequence_New(reinterpret_cast<PyTypeObject*>(type_.get()))));
  for (std::size_t i = 0; i < names_.size(); ++i) {
    PyRef value = PyRef::borrow(common->fields[i].get());
    if (i == kMode) {
      const bool is_file = entry.kind == EntryKind::kFile;
      value = PyRef::borrow(is_file ? file_mode_.get() : directory_mode_.get());
    } else if (i == kInode) {
      SIGNEDVFS_ASSIGN(value, number(inode_of(*mount, entry.name)));
    } else if (i == kSize) {
      SIGNEDVFS_ASSIGN(value, number(entry.size));
    } else if (names_[i] == "st_blocks") {
      SIGNEDVFS_ASSIGN(value, number((entry.size + kBlock - 1) / kBlock));
    }
    PyStructSequence_SetItem(made.get(), static_cast<Py_ssize_t>(i), std::move(value).release());
  }
  return made;
}

int StatMaker::traverse(visitproc visit, void* arg) const {
  Py_VISIT(type_.get());
  return 0;
}

}  // namespace signedvfs
