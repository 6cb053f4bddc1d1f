#include "vfs/carry_over.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

#include "archive/byte_cursor.h"
#include "vfs/manifest.h"

namespace signedvfs {
namespace {

constexpr std::size_t kPycHeaderBytes = 16;

bool has(const std::vector<std::string>& names, const std::string& name) {
  return std::binary_search(names.begin(), names.end(), name);
}

bool in_pycache(std::string_view name) {
  return name.starts_with("__pycache__/") || name.find("/__pycache__/") != std::string_view::npos;
}

// The time of a zip member has a resolution of two seconds; zipimport tolerates one either way.
bool same_time(std::uint32_t recorded, std::int64_t actual, std::int64_t tolerance) {
  const auto wrapped = static_cast<std::uint32_t>(actual);
  const std::uint32_t apart = recorded > wrapped ? recorded - wrapped : wrapped - recorded;
  return apart <= tolerance;
}

// reason_to_leave_out returns why Python would not use `pyc` beside its source, if so.
Result<std::optional<std::string>> reason_to_leave_out(const Container& source,
                                                       const std::string& pyc,
                                                       const std::string& py) {
  using Reason = std::optional<std::string>;
  SIGNEDVFS_ASSIGN(const Buffer content, source.read(pyc));
  if (content.size() < kPycHeaderBytes) return Reason("it is too short for a .pyc");
  ByteCursor header(content.bytes());
  header.take(4);  // the magic number: which interpreter it is for is decided at import
  const std::uint32_t flags = header.u32();
  if (flags != 0) return Reason();
  const std::uint32_t time = header.u32();
  const std::uint32_t size = header.u32();
  if (size != static_cast<std::uint32_t>(source.size_of(py).value_or(0))) {
    return Reason("stale: compiled from another " + py + " (size)");
  }
  const auto modified = source.modified(py);
  if (modified && !same_time(time, *modified, source.is_zip() ? 1 : 0)) {
    return Reason("stale: compiled from another " + py + " (time)");
  }
  return Reason();
}

// Code that Python finds under one name in two places is a question that signing must not answer.
Status refuse_twins(const std::vector<std::string>& names) {
  for (const std::string& name : names) {
    for (const std::string_view init : {"/__init__.py", "/__init__.pyc"}) {
      if (!name.ends_with(init)) continue;
      const std::string package = name.substr(0, name.size() - init.size());
      for (const std::string_view suffix : {".py", ".pyc"}) {
        const std::string module = package + std::string(suffix);
        if (!has(names, module)) continue;
        return {Errc::kUsage, in_quotes(module) + " and " + in_quotes(name) +
                                  " are the same module for Python: remove one of them"};
      }
    }
  }
  return {};
}

}  // namespace

Result<CarryOver> carry_over(const Container& source) {
  SIGNEDVFS_ASSIGN(const std::vector<std::string> all, source.names());
  const bool is_directory = !source.member_count();
  CarryOver out;
  for (const std::string& name : all) {
    if (is_reserved(name)) continue;
    if (is_directory && in_pycache(name)) {
      out.left_out.push_back(name + ": in directories __pycache__ is never used");
      continue;
    }
    if (name.ends_with(".pyc") && has(all, name.substr(0, name.size() - 1))) {
      SIGNEDVFS_ASSIGN(const std::optional<std::string> reason,
                       reason_to_leave_out(source, name, name.substr(0, name.size() - 1)));
      if (reason) {
        out.left_out.push_back(name + ": " + *reason);
        continue;
      }
    }
    out.names.push_back(name);
  }
  if (Status status = refuse_twins(out.names); !status.ok()) {
    return std::move(status).in(source.path());
  }
  return out;
}

}  // namespace signedvfs
