#include "importer/path_walk.h"

#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <filesystem>
#include <system_error>
#include <vector>

#include "importer/archive_names.h"

namespace signedvfs {
namespace {

constexpr std::size_t kMostLinks = 40;  // as the kernel: path_resolution(7)

// Step is a component that is still to be gone along. `end` is where it ends in the path that was
// given; the components of a link's target end where the link does.
struct Step {
  std::string name;
  std::size_t end;
};

// steps_of returns the components of `text`, the last one first. `end`: where all of them count as
// ending; nothing: where each does.
std::vector<Step> steps_of(std::string_view text, std::optional<std::size_t> end) {
  std::vector<Step> out;
  for (std::size_t start = 0; start < text.size();) {
    const std::size_t stop = std::min(text.find('/', start), text.size());
    const std::string_view name = text.substr(start, stop - start);
    if (!name.empty() && name != ".") out.push_back({std::string(name), end.value_or(stop)});
    start = stop + 1;
  }
  std::reverse(out.begin(), out.end());
  return out;
}

// Links below /proc lead where their text does not say: to files that have no name any more.
bool is_magic(const std::string& directory) {
  struct statfs found{};
  return ::statfs(directory.empty() ? "/" : directory.c_str(), &found) == 0 &&
         found.f_type == PROC_SUPER_MAGIC;
}

class Walker {
 public:
  explicit Walker(std::string_view path) : size_(path.size()), steps_(steps_of(path, {})) {}

  PathWalk from(std::string start) && {
    real_ = start == "/" ? "" : std::move(start);
    // Somebody may have gone into what has an archive's name: all of the path is below it.
    if (has_archive_name(real_)) out_.named = size_;
    while (!done_ && !steps_.empty()) {
      const Step step = std::move(steps_.back());
      steps_.pop_back();
      go(step);
    }
    if (!done_) end(PathKind::kDirectory, size_);
    return std::move(out_);
  }

 private:
  void go(const Step& step) {
    if (step.name == "..") {
      real_.erase(std::min(real_.rfind('/'), real_.size()));
      return;
    }
    if (!out_.named && named_like_archive(step.name)) out_.named = step.end;
    const std::string parent = real_;
    real_ += '/';
    real_ += step.name;
    struct stat found{};
    if (step.name.find('\0') != std::string::npos) return end(PathKind::kMissing, step.end);
    if (::lstat(real_.c_str(), &found) != 0) return fail(errno, step.end);
    if (S_ISLNK(found.st_mode) && !is_magic(parent)) return follow(parent, step.end);
    if (S_ISLNK(found.st_mode)) {
      note_target(step.end);
      if (::stat(real_.c_str(), &found) != 0) return fail(errno, step.end);
    }
    if (S_ISREG(found.st_mode)) return end(PathKind::kFile, step.end);
    if (!S_ISDIR(found.st_mode)) return end(PathKind::kOther, step.end);
  }

  void follow(const std::string& parent, std::size_t end_of_link) {
    if (out_.links.size() >= kMostLinks) return fail(ELOOP, end_of_link);
    out_.links.push_back(real_);
    const std::optional<std::string> target = read_link(end_of_link);
    if (!target) return;
    real_ = target->starts_with('/') ? "" : parent;
    std::vector<Step> more = steps_of(*target, end_of_link);
    steps_.insert(steps_.end(), std::make_move_iterator(more.begin()),
                  std::make_move_iterator(more.end()));
  }

  void note_target(std::size_t end_of_link) {
    const std::optional<std::string> target = read_link(end_of_link);
    if (target && !out_.named && has_archive_name(*target)) out_.named = end_of_link;
  }

  std::optional<std::string> read_link(std::size_t end_of_link) {
    std::array<char, PATH_MAX> text{};
    const ssize_t size = ::readlink(real_.c_str(), text.data(), text.size());
    if (size < 0) {
      fail(errno, end_of_link);
      return std::nullopt;
    }
    return std::string(text.data(), static_cast<std::size_t>(size));
  }

  void fail(int error, std::size_t length) {
    if (error == ENOENT || error == ENOTDIR) return end(PathKind::kMissing, length);
    out_.trouble = real_ + ": " + std::generic_category().message(error);
    end(PathKind::kUndecided, length);
  }

  void end(PathKind kind, std::size_t length) {
    done_ = true;
    out_.kind = kind;
    out_.length = length;
    out_.real = real_.empty() ? "/" : real_;
    for (; !steps_.empty(); steps_.pop_back()) {
      const Step& step = steps_.back();
      // What does not exist may all the same be named like an archive.
      if (!out_.named && named_like_archive(step.name)) out_.named = step.end;
      if (!out_.rest.empty()) out_.rest += '/';
      out_.rest += step.name;
    }
    if (!out_.rest.empty()) (out_.real += '/') += out_.rest;
  }

  std::size_t size_;
  std::vector<Step> steps_;  // the next one last
  std::string real_;         // "" stands for the root
  bool done_ = false;
  PathWalk out_;
};

}  // namespace

PathWalk walk_path(std::string_view path) {
  if (path.starts_with('/')) return Walker(path).from("/");
  std::error_code error;
  std::string directory = std::filesystem::current_path(error).native();
  // A directory that is mounted elsewhere, or was removed, has a name that leads nowhere.
  if (!error && !directory.starts_with('/'))
    error = std::make_error_code(std::errc::no_such_file_or_directory);
  if (!error) return Walker(path).from(std::move(directory));
  PathWalk out;
  out.kind = PathKind::kUndecided;
  out.trouble = "the current directory: " + error.message();
  return out;
}

}  // namespace signedvfs
