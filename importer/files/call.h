// A call that came through a door: what was given, and what it means.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "archive/base/status.h"
#include "importer/files/entry.h"
#include "importer/files/files.h"
#include "importer/python/arguments.h"
#include "importer/python/object.h"

namespace signedvfs {

// passed_over clears the exception that is set where it is of the class `expected`, and tells
// whether it was. Any other, such as MemoryError, is no reason to ask the disk.
inline bool passed_over(PyObject* expected) noexcept {
  if (PyErr_ExceptionMatches(expected) == 0) return false;
  PyErr_Clear();
  return true;
}

// Parameter is where a function takes an argument: by position, from 0 on, or by name.
struct Parameter {
  Py_ssize_t position;  // kNamedOnly: by name
  const char* name;     // null: by position
};
inline constexpr Py_ssize_t kNamedOnly = -1;

// Target is what a path means to us.
struct Target {
  enum class Kind : std::uint8_t {
    kElsewhere,  // it is none of ours: the original answers
    kOwnFile,    // the file of an archive in use
    kInside,     // below one, or the top of one
  };

  Kind kind = Kind::kElsewhere;
  std::shared_ptr<Mount> mount;  // the rest where it is not elsewhere
  std::shared_ptr<const Mount::Opened> opened;
  VirtualEntry entry;
  PyRef spelled;  // str or bytes; null where a descriptor was given
  bool in_bytes = false;

  bool is_inside() const noexcept { return kind == Kind::kInside; }
};

// Call borrows what was given for the time of the call. Needs the GIL.
class Call {
 public:
  Call(Files& files, const Arguments& given) : files_(files), given_(given) {}

  Files& files() const noexcept { return files_; }

  // at borrows an argument as it was given; null: it was not.
  PyObject* at(const Parameter& parameter) const;

  // number_at returns an int that may be missing; False, with an exception, where it is none.
  bool number_at(const Parameter& parameter, long missing, long& out) const;

  // target_at finds what the path at `parameter` means, by way of the directory that `directory`
  // has a descriptor of. An os.PathLike is asked once: the original gets what it answered. Where a
  // path leads through us and out again, the original gets where it leads to. Fails where the
  // archive is refused, and with `kPython`.
  Result<Target> target_at(const Parameter& parameter, const Parameter* directory = nullptr);

  // target_of_listing does so for functions that mean the current directory where none is given.
  Result<Target> target_of_listing(const Parameter& parameter);

  // put replaces an argument that was given, for the original.
  void put(const Parameter& parameter, PyRef value);

  // given returns the arguments for the original.
  const Arguments& given() const& noexcept { return given_; }

 private:
  // descriptor_at puts the int in that an argument is, whatever kind of number was given, and
  // returns it; nothing: no descriptor is as large.
  Result<std::optional<int>> descriptor_at(const Parameter& parameter);
  Result<Target> target_of(std::string text, PyRef spelled, const Parameter& parameter);
  Result<Target> target_of_descriptor(int descriptor);
  Result<Target> target_below(const DirectoryHandle& directory, std::string_view text,
                              PyRef spelled, const Parameter& parameter);
  Result<Target> inside(Territory::Found found, PyRef spelled, const Parameter& parameter);

  Files& files_;
  Arguments given_;
  std::vector<PyObject*> values_;  // in place of those given, where one has been replaced
  std::vector<PyRef> kept_;
};

}  // namespace signedvfs
