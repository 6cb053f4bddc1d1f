#include "importer/paths/walk.h"

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>
#include <vector>

#include "archive/os/file_status.h"
#include "importer/paths/archive_names.h"

namespace signedvfs {
namespace {

constexpr std::size_t kMostLinks = 40;
constexpr std::size_t kMostSteps = 4096;

void climb(std::string& path) { path.erase(std::min(path.rfind('/'), path.size())); }

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
    FileStatus found = status_of_link(real_);
    if (!found.ok()) return fail(found.error, step.end);
    if (found.is_link()) {
      const std::optional<std::string> target = read_link(step.end);
      if (!target) return;
      // Links below /proc may lead where their text does not say.
      if (!is_in_proc(parent) || leads_to(*target)) return follow(*target, parent, step.end);
      // It has no name, so nobody can tell what a directory there belongs to.
      found = status_of(real_);
      if (!found.ok()) return fail(found.error, step.end);
      if (!out_.named && has_archive_name(*target)) out_.named = step.end;
      if (found.is_directory()) return fail(ESTALE, step.end);
    }
    if (found.is_regular()) return end(PathKind::kFile, step.end);
    if (!found.is_directory()) return end(PathKind::kOther, step.end);
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
    if (!target.starts_with('/')) return true;  // "/proc/self" is "/proc/<number>"
    return status_of(real_).is_same_file(status_of(target));
  }

  void follow(const std::string& target, const std::string& parent, std::size_t end_of_link) {
    if (++links_ > kMostLinks) return fail(ELOOP, end_of_link);
    real_ = target.starts_with('/') ? "" : parent;
    texts_.push_back(real_);
    put_in_front(target, end_of_link, texts_.size() - 1);
  }

  std::optional<std::string> read_link(std::size_t end_of_link) {
    int error = 0;
    std::string target = link_target(real_, error);
    if (error == 0) return target;
    fail(error, end_of_link);
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
