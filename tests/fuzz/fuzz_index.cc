// Pages of the index that were signed, whatever is in them: what is read is written back
// identically, and an archive with such a page gives answers or refusals.
//
// Input: the hash type (one byte), and a page.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "tests/support/index.h"
#include "vfs/index/node.h"

namespace signedvfs {
namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

void round_trips(const IndexNode& node, const std::string& page) {
  NodeBuilder builder;
  for (std::uint32_t i = 0; i < node.count(); ++i) {
    if (node.is_leaf()) {
      builder.add(node.path(i), node.record(i));
    } else {
      builder.add(node.path(i), node.page(i));
    }
    require(node.first_not_before(node.path(i)) == i);
    require(node.first_not_before({node.path(i), "~"}) > i);
  }
  const ByteBuilder again = builder.finish(node.is_leaf());
  require(text_of(again.bytes()) == page);
}

// is_survived asks everything of an archive whose root is the page, behind a page that it may mean.
void is_survived(HashType type, const std::string& page) {
  const Members members{{"a", "x"}, {"b/c", "y"}};
  IndexedPlan plan;
  plan.hash_type = type;
  plan.change_index = [&](Index& index) {
    index.pages += page;
    index.root = {expect(digest_of(HashType::kSha256, bytes_of(page))), page.size()};
  };
  const auto vfs = opened(indexed_zip_of(members, plan));
  if (!vfs.ok()) return;
  if (const auto paths = (*vfs)->listing().paths(); paths.ok()) {
    for (const std::string_view path : *paths) {
      if (const auto bytes = (*vfs)->read(path); bytes.ok()) {
        require(bytes->size() == expect((*vfs)->size_of(path)));
      }
      require(expect((*vfs)->contains(path)));
    }
  }
  for (const auto& [name, content] : members) static_cast<void>((*vfs)->contains(name));
  // The genuine root is another one, unless this is it.
  Index genuine;
  plan.change_index = [&](Index& index) { genuine = index; };
  static_cast<void>(indexed_zip_of(members, plan));
  if (genuine.pages != page) require(!(*vfs)->verify_all().ok());
}

void fuzz(HashType type, const std::string& page) {
  const auto node = IndexNode::parse(buffer_of(page), type, {});
  if (node.ok()) round_trips(*node, page);
  if (page.size() <= kMaxPageBytes) is_survived(type, page);
}

}  // namespace
}  // namespace signedvfs

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const auto type = static_cast<signedvfs::HashType>(data[0] % 3);
  signedvfs::fuzz(type, std::string(reinterpret_cast<const char*>(data) + 1, size - 1));
  return 0;
}
