#include "importer/module_lookup.h"

namespace signedvfs {
namespace {

std::vector<ModuleFile> code_files(const Manifest& manifest, const std::string& stem,
                                   SearchOrder order) {
  std::vector<ModuleFile> files;
  const bool bytecode_first = order == SearchOrder::kArchive;
  for (const bool bytecode : {bytecode_first, !bytecode_first}) {
    std::string entry = stem + (bytecode ? ".pyc" : ".py");
    if (manifest.find(entry) != nullptr) files.push_back({std::move(entry), bytecode});
  }
  return files;
}

std::optional<std::string> extension_file(const Manifest& manifest, const std::string& stem,
                                          const std::vector<std::string>& suffixes) {
  for (const std::string& suffix : suffixes) {
    std::string entry = stem + suffix;
    if (manifest.find(entry) != nullptr) return entry;
  }
  return std::nullopt;
}

}  // namespace

ModuleFiles find_module(const Manifest& manifest, const std::string& stem, SearchOrder order,
                        const std::vector<std::string>& extension_suffixes) {
  ModuleFiles found;
  const bool has_directory = manifest.has_directory(stem);
  const std::string initial = stem + "/__init__";
  if (has_directory) {
    found.code = code_files(manifest, initial, order);
    found.is_package = !found.code.empty();
    if (found.is_package) return found;
  }
  found.code = code_files(manifest, stem, order);
  if (!found.code.empty()) return found;
  if (has_directory) found.extension = extension_file(manifest, initial, extension_suffixes);
  if (!found.extension) found.extension = extension_file(manifest, stem, extension_suffixes);
  found.is_directory = has_directory && !found.extension;
  return found;
}

}  // namespace signedvfs
