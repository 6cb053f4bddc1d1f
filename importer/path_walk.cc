#include "importer/path_walk.h"

#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <system_error>
#include <utility>
#include <vector>

#include "importer/archive_names.h"

namespace signedvfs {
namespace {

constexpr std::size_t kMostLinks = 40;
constexpr std::size_t kMostSteps = 4096;

void climb(std::string& path) { path.erase(std::min(path.rfind('/'), path.size())); }

bool is_same(const struct stat& a, const struct stat& b) {
  return a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

// Links below /proc may lead where their text does not say: to files that have no name any more.
bool is_in_proc(const std::string& directory) {
  struct statfs found{};
  return ::statfs(directory.empty() ? "/" : directory.c_str(), &found) == 0 &&
         found.f_type == PROC_SUPER_MAGIC;
}

class Walker {
 public:
  explicit Walker(std::string_view path) : size_(path.size()), texts_(1) {
    put_in_front(path, {}, 0);
  }

  PathWalk walk() && {
    for (std::size_t count = 0; !done_ && next_ != kNoStep; ++count) {
      const Step step = take();
      if (count >= kMostSteps || out_.places.size() >= kMostSteps) {
        fail(ENAMETOOLONG, step.end);
      } else {
        go(step);
      }
    }
    if (!done_) end(PathKind::kDirectory, size_);
    return std::move(out_);
  }

 private:
  Step take() {
    Step step = out_.steps[next_];
    next_ = step.next;
    return step;
  }

  // put_in_front has the components of `path` gone along next. `end`: where all of them count as
  // ending; nothing: where each does.
  void put_in_front(std::string_view path, std::optional<std::size_t> end, std::size_t text) {
    std::vector<Step> more;
    for (std::size_t start = 0; start < path.size();) {
      const std::size_t stop = std::min(path.find('/', start), path.size());
      const std::string_view name = path.substr(start, stop - start);
      if (!name.empty() && name != ".") {
        more.push_back({std::string(name), end.value_or(stop), text, kNoStep});
      }
      start = stop + 1;
    }
    for (auto step = more.rbegin(); step != more.rend(); ++step) {
      step->next = next_;
      next_ = out_.steps.size();
      out_.steps.push_back(std::move(*step));
    }
  }

  void go(const Step& step) {
    note_step(step);
    if (step.name == "..") return climb(real_);
    if (!out_.named && named_like_archive(step.name)) out_.named = step.end;
    const std::string parent = real_;
    (real_ += '/') += step.name;
    note_place(real_, step.end);
    if (step.name.find('\0') != std::string::npos) return end(PathKind::kMissing, step.end);
    struct stat found{};
    if (::lstat(real_.c_str(), &found) != 0) return fail(errno, step.end);
    if (S_ISLNK(found.st_mode)) {
      const std::optional<std::string> target = read_link(step.end);
      if (!target) return;
      if (!is_in_proc(parent) || leads_to(*target)) return follow(*target, parent, step.end);
      // It has no name, so nobody can tell what a directory there belongs to.
      if (::stat(real_.c_str(), &found) != 0) return fail(errno, step.end);
      if (!out_.named && has_archive_name(*target)) out_.named = step.end;
      if (S_ISDIR(found.st_mode)) return fail(ESTALE, step.end);
    }
    if (S_ISREG(found.st_mode)) return end(PathKind::kFile, step.end);
    if (!S_ISDIR(found.st_mode)) return end(PathKind::kOther, step.end);
  }

  // note_step writes the component into each text that it belongs to, and notes where these are
  // now.
  void note_step(const Step& step) {
    for (std::size_t i = step.text; i < texts_.size(); ++i) {
      if (step.name == "..") {
        climb(texts_[i]);
      } else {
        (texts_[i] += '/') += step.name;
      }
      note_place(texts_[i], step.end);
    }
  }

  void note_place(const std::string& path, std::size_t end) {
    bool is_known = false;
    for (auto place = out_.places.rbegin(); place != out_.places.rend() && !is_known; ++place) {
      if (place->next != next_) break;
      is_known = place->path == path;
    }
    if (!is_known) out_.places.push_back({path.empty() ? "/" : path, end, next_});
  }

  bool leads_to(const std::string& target) const {
    struct stat link{};
    struct stat named{};
    return target.starts_with('/') ? ::stat(real_.c_str(), &link) == 0 &&
                                         ::stat(target.c_str(), &named) == 0 && is_same(link, named)
                                   : true;  // "/proc/self" is "/proc/<number>"
  }

  void follow(const std::string& target, const std::string& parent, std::size_t end_of_link) {
    if (++links_ > kMostLinks) return fail(ELOOP, end_of_link);
    real_ = target.starts_with('/') ? "" : parent;
    texts_.push_back(real_);
    put_in_front(target, end_of_link, texts_.size() - 1);
  }

  std::optional<std::string> read_link(std::size_t end_of_link) {
    std::array<char, PATH_MAX> text{};
    const ssize_t size = ::readlink(real_.c_str(), text.data(), text.size());
    if (size >= 0) return std::string(text.data(), static_cast<std::size_t>(size));
    fail(errno, end_of_link);
    return std::nullopt;
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
    while (next_ != kNoStep) {
      const Step step = take();
      // What does not exist may all the same be named like an archive, or belong to somebody.
      if (!out_.named && named_like_archive(step.name)) out_.named = step.end;
      if (out_.places.size() < kMostSteps) note_step(step);
      if (!out_.rest.empty()) out_.rest += '/';
      out_.rest += step.name;
    }
    if (!out_.rest.empty()) {
      if (out_.real != "/") out_.real += '/';
      out_.real += out_.rest;
    }
  }

  std::size_t size_;
  std::size_t next_ = kNoStep;
  // What was spelled, as far as it has been gone; and what each link that was followed makes of it.
  std::vector<std::string> texts_;
  std::string real_;  // "" stands for the root
  std::size_t links_ = 0;
  bool done_ = false;
  PathWalk out_;
};

}  // namespace

PathWalk walk_path(std::string_view path) { return Walker(path).walk(); }

std::optional<std::string> PathWalk::rest_of(const Place& place) const {
  std::string out;
  for (std::size_t at = place.next; at != kNoStep; at = steps[at].next) {
    const std::string& name = steps[at].name;
    if (name != "..") {
      if (!out.empty()) out += '/';
      out += name;
    } else if (out.empty()) {
      return std::nullopt;
    } else {
      const std::size_t slash = out.rfind('/');
      out.erase(slash == std::string::npos ? 0 : slash);
    }
  }
  return out;
}

}  // namespace signedvfs
