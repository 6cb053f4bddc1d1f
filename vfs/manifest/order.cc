#include "vfs/manifest/order.h"

#include <algorithm>
#include <unordered_set>

#include "vfs/manifest/line_reader.h"
#include "vfs/manifest/manifest.h"

namespace signedvfs {
namespace {

Status malformed_order(std::size_t line, const std::string& why) {
  return {Errc::kBadManifest, "line " + std::to_string(line) + ": " + why};
}

}  // namespace

Result<std::vector<std::string>> order_lines(std::string_view text) {
  std::vector<std::string> paths;
  paths.reserve(static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n')));
  LineReader lines(text);
  while (const auto line = lines.next()) {
    if (line->empty()) return malformed_order(lines.number(), "it is empty");
    paths.emplace_back(*line);
  }
  if (!lines.at_end()) return malformed_order(lines.number() + 1, "it does not end in LF");
  if (paths.empty()) return malformed_order(1, "a path was expected");
  return paths;
}

Status check_order(const std::vector<std::string>& paths,
                   const std::function<bool(std::string_view)>& is_member) {
  std::unordered_set<std::string_view> seen;
  for (std::size_t i = 0; i < paths.size(); ++i) {
    const std::string& path = paths[i];
    if (path == kOrderName || is_reserved(path) || !is_member(path)) {
      return malformed_order(i + 1, in_quotes(path.substr(0, 256)) + " is none of the members");
    }
    if (!seen.insert(path).second) return malformed_order(i + 1, in_quotes(path) + " is repeated");
  }
  return {};
}

}  // namespace signedvfs
