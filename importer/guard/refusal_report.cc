#include "importer/guard/refusal_report.h"

#include <algorithm>
#include <string_view>

namespace signedvfs {

bool RefusalReport::add(const std::string& module, Errc code, const std::string& reason,
                        const std::string& path) {
  const std::string_view what = name(code);
  const std::scoped_lock lock(mutex_);
  const auto known = std::find_if(entries_.begin(), entries_.end(), [&](const Entry& one) {
    return one.module == module && one.code == what && one.path == path;
  });
  if (known != entries_.end()) {
    ++known->count;
    return false;
  }
  if (entries_.size() >= kMostEntries) {
    ++not_recorded_;
    return false;
  }
  entries_.push_back({module, std::string(what), reason, path, 1});
  return true;
}

std::vector<RefusalReport::Entry> RefusalReport::copy() const {
  const std::scoped_lock lock(mutex_);
  return entries_;
}

std::uint64_t RefusalReport::not_recorded() const {
  const std::scoped_lock lock(mutex_);
  return not_recorded_;
}

Result<PyRef> RefusalReport::entries() const {
  SIGNEDVFS_ASSIGN(PyRef out, owned(PyList_New(0)));
  for (const Entry& one : copy()) {
    SIGNEDVFS_ASSIGN(const PyRef module, text_of_utf8(one.module));
    SIGNEDVFS_ASSIGN(const PyRef reason, text_of_utf8(one.reason));
    SIGNEDVFS_ASSIGN(const PyRef path, one.path.empty() ? Result<PyRef>(PyRef::borrow(Py_None))
                                                        : text_of_path(one.path));
    SIGNEDVFS_ASSIGN(
        const PyRef entry,
        owned(Py_BuildValue("{sOsssOsOsK}", "module", module.get(), "code", one.code.c_str(),
                            "reason", reason.get(), "path", path.get(), "count",
                            static_cast<unsigned long long>(one.count))));
    if (PyList_Append(out.get(), entry.get()) < 0) return python_error();
  }
  return out;
}

Result<PyRef> RefusalReport::text(const std::string& mode) const {
  const std::vector<Entry> all = copy();
  const std::uint64_t more = not_recorded();
  const std::string verb = mode == "enforce" ? "refused" : "not refused only for the mode";
  std::string out = "mode " + mode + ": ";
  out += all.empty() ? "nothing " : std::to_string(all.size()) + ' ';
  out += verb + '\n';
  for (const Entry& one : all) {
    // Names and paths come from attackers, and terminals obey escape sequences.
    out += in_quotes(one.module) + ' ' + one.code;
    if (one.count > 1) out += " (" + std::to_string(one.count) + " times)";
    out += ": " + one.reason + '\n';
  }
  if (more > 0) out += "and " + std::to_string(more) + " more\n";
  return text_of_utf8(out);
}

}  // namespace signedvfs
