// What stands at a path, found by going there component by component.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace signedvfs {

// PathKind says where a walk ended.
enum class PathKind : std::uint8_t {
  kFile,       // at a regular file; more components may follow it
  kDirectory,  // at the end of the path, which is a directory
  kMissing,    // at a component that is not there
  kOther,      // at a FIFO, socket or device
  kUndecided,  // where the operating system would not tell
};

// Place is an absolute path that a walk has gone by, in one of the ways to write it.
struct Place {
  std::string path;
  std::size_t length = 0;  // the number of bytes of the walked path that lead there
  std::size_t next = 0;    // the step that follows it
};

// Step is a component of the path, or of a link's target. `end` is where it ends in the path that
// was given; the components of a link's target end where the link does. `text` is the first of the
// walk's texts that it belongs to, and `next` the step that follows it.
struct Step {
  std::string name;
  std::size_t end;
  std::size_t text;
  std::size_t next;
};
inline constexpr std::size_t kNoStep = SIZE_MAX;

// PathWalk is what a walk has found out. Each of its system calls sees the file system of a moment:
// who changes it meanwhile gets an answer about one state or the other, and nothing is opened by
// it.
struct PathWalk {
  PathKind kind = PathKind::kMissing;

  // length is the number of bytes of the path that lead to where the walk ended, and `rest` holds
  // the components after it, joined by "/".
  std::size_t length = 0;
  std::string rest;

  // real is where the walk ended, without symbolic links, and what follows after it. The part that
  // does not exist, or is not known, is as it was spelled.
  std::string real;

  // named is the number of bytes of the path up to the first component that is named like an
  // archive, or is a symbolic link by way of such a name.
  std::optional<std::size_t> named;

  // places are all paths gone by, outer ones first: what was spelled (".." taken as text), what
  // each symbolic link on the way makes of it, and where the walk really was. Who owns one of them
  // owns the path, whatever a link has been turned to since.
  std::vector<Place> places;
  std::vector<Step> steps;

  // rest_of returns the components that follow `place`, joined by "/" and with ".." taken as text;
  // nothing where they lead out of it.
  std::optional<std::string> rest_of(const Place& place) const;

  // trouble is what the operating system said (`kUndecided`).
  std::string trouble;
};

// walk_path goes along the absolute `path`, bytes in the file system's encoding, in which a NUL
// stands for what no file system has. Symbolic links are followed, those that lead to nothing
// included; ".." is the directory above, as for the kernel. A way of thousands of components or of
// more links than the kernel follows (path_resolution(7)) is `kUndecided`.
PathWalk walk_path(std::string_view path);

}  // namespace signedvfs
