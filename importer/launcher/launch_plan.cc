#include "importer/launcher/launch_plan.h"

#include <charconv>
#include <cstddef>
#include <utility>

#include "archive/base/buffer.h"
#include "vfs/verified_bytes.h"

namespace signedvfs {
namespace {

Status unreadable(const std::string& what) {
  return Status(Errc::kNoCode, std::string(kLaunchPlanName) + ' ' + what)
      .advising("Make the application with the `signedvfs build` that the launcher came with.");
}

Result<std::uint32_t> number_of(std::string_view text) {
  std::uint32_t number = 0;
  if (!text.starts_with("0x")) return unreadable("has a hexversion that is no number");
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data() + 2, end, number, 16);
  if (error != std::errc() || rest != end) {
    return unreadable("has a hexversion that is no number");
  }
  return number;
}

Status read_line(std::string_view line, LaunchPlan& plan) {
  const std::size_t space = line.find(' ');
  const std::string_view word = line.substr(0, space);
  const std::string_view value =
      space == std::string_view::npos ? std::string_view() : line.substr(space + 1);
  if (value.empty()) return unreadable("has a line without a value");
  if (word == "python") {
    plan.python = value;
  } else if (word == "hexversion") {
    SIGNEDVFS_ASSIGN(plan.hexversion, number_of(value));
  } else if (word == "library") {
    plan.libraries.emplace_back(value);
  } else if (word == "stdlib") {
    plan.stdlib = value;
  } else if (word == "path") {
    plan.paths.emplace_back(value == "." ? std::string_view() : value);
  } else {
    return unreadable("has a line of a kind that this launcher does not know, " + in_quotes(word));
  }
  return {};
}

}  // namespace

Result<LaunchPlan> read_launch_plan(const SignedVfs& vfs) {
  const Result<VerifiedBytes> read = vfs.read(kLaunchPlanName);
  if (read.code() == Errc::kNotFound) return unreadable("is missing in the archive");
  if (!read.ok()) return read.status();
  std::string_view rest = text_of(read->bytes());
  LaunchPlan plan;
  while (!rest.empty()) {
    const std::size_t end = rest.find('\n');
    if (end == std::string_view::npos) return unreadable("does not end with a line");
    SIGNEDVFS_TRY(read_line(rest.substr(0, end), plan));
    rest.remove_prefix(end + 1);
  }
  if (plan.libraries.empty() || plan.stdlib.empty() || plan.paths.empty() || plan.hexversion == 0) {
    return unreadable("names no Python library, or no standard library, or no path");
  }
  return plan;
}

}  // namespace signedvfs
