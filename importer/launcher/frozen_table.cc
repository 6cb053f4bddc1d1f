#include "importer/launcher/frozen_table.h"

#include <vector>

#include "importer/python/object.h"

namespace signedvfs {
namespace {

#if PY_VERSION_HEX < 0x030b0000
// The table holds all frozen modules there are, and ours has to. A package has a negative size.
std::vector<_frozen>& table(std::span<const unsigned char> code) {
  static auto* const all = new std::vector<_frozen>;  // never destroyed: others read it
  all->push_back({"encodings", code.data(), -static_cast<int>(code.size())});
  const _frozen* one = PyImport_FrozenModules;
  for (; one->name != nullptr; ++one) all->push_back(*one);
  return *all;
}
#else
// Python's own are in tables of their own, which are asked later.
std::vector<_frozen>& table(std::span<const unsigned char> code) {
  static auto* const all = new std::vector<_frozen>;  // never destroyed: others read it
  _frozen one{};
  one.name = "encodings";
  one.code = code.data();
  one.size = static_cast<int>(code.size());
  one.is_package = 1;
  all->push_back(one);
  return *all;
}
#endif

}  // namespace

void freeze_encodings(std::span<const unsigned char> code) {
  std::vector<_frozen>& all = table(code);
  all.push_back({});
  PyImport_FrozenModules = all.data();
}

}  // namespace signedvfs
