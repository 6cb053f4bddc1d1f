#include "importer/python/vouched_path.h"

#include <utility>

namespace signedvfs {
namespace {

thread_local const VouchedPath* innermost = nullptr;

}  // namespace

VouchedPath::VouchedPath(std::string path) : path_(std::move(path)), outer_(innermost) {
  innermost = this;
}

VouchedPath::~VouchedPath() { innermost = outer_; }

bool VouchedPath::covers(std::string_view path) noexcept {
  for (const VouchedPath* one = innermost; one != nullptr; one = one->outer_) {
    if (one->path_ == path) return true;
  }
  return false;
}

}  // namespace signedvfs
