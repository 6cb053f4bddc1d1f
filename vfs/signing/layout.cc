#include "vfs/signing/layout.h"

#include <algorithm>
#include <string_view>
#include <unordered_set>
#include <utility>

#include "vfs/crypto/digest.h"
#include "vfs/manifest/order.h"

namespace signedvfs {
namespace {

bool is_member(const std::vector<std::string>& names, std::string_view name) {
  return std::binary_search(names.begin(), names.end(), name);
}

// read_order returns the paths that `text` records, all of them among `names`.
Result<std::vector<std::string>> read_order(std::string_view text,
                                            const std::vector<std::string>& names) {
  SIGNEDVFS_ASSIGN(std::vector<std::string> order, order_lines(text));
  SIGNEDVFS_TRY(check_order(order, [&](std::string_view name) { return is_member(names, name); }));
  return order;
}

// laid_out returns `names` with those of `order` first and `kOrderName`, which is one, last.
std::vector<std::string> laid_out(const std::vector<std::string>& names,
                                  const std::vector<std::string>& order) {
  std::vector<std::string> out = order;
  out.reserve(names.size());
  const std::unordered_set<std::string_view> first(order.begin(), order.end());
  std::copy_if(names.begin(), names.end(), std::back_inserter(out), [&](const std::string& name) {
    return name != kOrderName && first.count(name) == 0;
  });
  out.emplace_back(kOrderName);
  return out;
}

}  // namespace

Result<Layout> layout_of(const Container& source, std::vector<std::string> names) {
  if (!is_member(names, kOrderName)) return Layout{std::move(names), {}};
  SIGNEDVFS_ASSIGN(const Buffer text, source.read(kOrderName));
  auto order = read_order(text_of(text.bytes()), names);
  if (order.code() == Errc::kBadManifest) {
    return Status(Errc::kUsage, source.path() + ": " + std::string(kOrderName) + ", " +
                                    order.status().what() +
                                    ": it must list members to be signed, each once; record it "
                                    "anew with `signedvfs pack --record`, or remove it");
  }
  if (!order.ok()) return std::move(order).status();
  Layout out{laid_out(names, *order), Order{}};
  SIGNEDVFS_ASSIGN(out.order->digest, digest_of(HashType::kSha256, text.bytes()));
  out.order->members = order->size();
  return out;
}

}  // namespace signedvfs
