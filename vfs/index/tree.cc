#include "vfs/index/tree.h"

#include <atomic>
#include <utility>

#include "vfs/manifest/header.h"

namespace signedvfs {
namespace {

// A page has two entries at least unless it is alone on its level, so no tree is this deep.
constexpr unsigned kMaxDepth = 64;

}  // namespace

struct IndexTree::Page {
  explicit Page(IndexNode parsed) : node(std::move(parsed)) {
    if (!node.is_leaf()) pages = std::make_unique<std::atomic<const Page*>[]>(node.count());
  }
  Page(const Page&) = delete;
  Page& operator=(const Page&) = delete;
  ~Page() {
    for (std::uint32_t i = 0; pages != nullptr && i < node.count(); ++i) delete pages[i].load();
  }

  IndexNode node;
  unsigned depth = 0;
  std::unique_ptr<std::atomic<const Page*>[]> pages;  // those that were read; the first one wins
};

IndexTree::IndexTree(IndexPlace place, const HeaderFields& header, const Limits& limits,
                     const std::string& what)
    : place_(std::move(place)),
      type_(header.hash_type),
      members_(header.members),
      limits_(limits),
      what_(what) {}

IndexTree::~IndexTree() = default;

Result<std::unique_ptr<const IndexTree>> IndexTree::create(IndexPlace place, Buffer bytes,
                                                           const IndexRoot& root,
                                                           const HeaderFields& header,
                                                           const Limits& limits,
                                                           const std::string& what) {
  std::unique_ptr<IndexTree> tree(new IndexTree(std::move(place), header, limits, what));
  SIGNEDVFS_ASSIGN(tree->root_, tree->check(std::move(bytes), root.digest, ""));
  return std::unique_ptr<const IndexTree>(std::move(tree));
}

Result<Listing::Place> IndexTree::first_not_before(const PathKey& key) const {
  const Page* page = root_.get();
  std::optional<std::string_view> next;  // the first path behind what is below `page`
  while (!page->node.is_leaf()) {
    const IndexNode& node = page->node;
    std::uint32_t i = node.first_not_before(key);
    const bool exact = i < node.count() && key.compare(node.path(i)) == 0;
    if (!exact && i > 0) --i;
    if (i + 1 < node.count()) next = node.path(i + 1);
    SIGNEDVFS_ASSIGN(page, below(*page, i, next));
  }
  const std::uint32_t slot = page->node.first_not_before(key);
  if (slot < page->node.count()) return Place{false, page->node.path(slot), page, slot};
  if (!next) return Place{};
  return first_not_before(*next);  // it begins a leaf, so this goes no deeper than once
}

Result<Listing::Place> IndexTree::after(const Place& place) const {
  const Page& page = *static_cast<const Page*>(place.page);
  const std::uint32_t slot = place.slot + 1;
  if (slot < page.node.count()) return Place{false, page.node.path(slot), &page, slot};
  constexpr std::string_view kLowest("\0", 1);
  return first_not_before({place.path, kLowest});
}

Result<std::optional<IndexRecord>> IndexTree::find(std::string_view path) const {
  SIGNEDVFS_ASSIGN(const Place place, first_not_before(path));
  if (place.at_end || place.path != path) return std::optional<IndexRecord>();
  return std::optional(static_cast<const Page*>(place.page)->node.record(place.slot));
}

Result<const IndexTree::Page*> IndexTree::below(const Page& above, std::uint32_t i,
                                                std::optional<std::string_view> end) const {
  std::atomic<const Page*>& kept = above.pages[i];
  if (const Page* const page = kept.load(std::memory_order_acquire)) return page;

  const PageReference reference = above.node.page(i);
  const std::string_view first = above.node.path(i);
  const auto malformed = [&](const char* why) {
    return Status(Errc::kBadIndex, what_ + ": the page from " + in_quotes(first) + " on " + why);
  };
  if (reference.offset > place_.size || reference.size > place_.size - reference.offset) {
    return malformed("lies outside the index");
  }
  if (above.depth == kMaxDepth) return malformed("lies too deep");
  Buffer bytes(reference.size);
  if (Status copied = place_.source->copy_out(place_.begin + reference.offset, bytes.bytes());
      !copied.ok()) {
    return std::move(copied).in(what_);
  }
  SIGNEDVFS_ASSIGN(std::unique_ptr<Page> page, check(std::move(bytes), reference.digest, first));
  // What the page above says leads to every path: they lie from its own one on, up to the next.
  const IndexNode& node = page->node;
  if (node.count() == 0 || node.path(0) != first || (end && node.path(node.count() - 1) >= *end)) {
    return malformed("holds paths of other pages");
  }
  page->depth = above.depth + 1;
  const Page* theirs = nullptr;
  if (!kept.compare_exchange_strong(theirs, page.get(), std::memory_order_acq_rel)) return theirs;
  return page.release();
}

Result<std::unique_ptr<IndexTree::Page>> IndexTree::check(Buffer bytes, const Digest& digest,
                                                          std::string_view first) const {
  SIGNEDVFS_ASSIGN(const Digest found, digest_of(HashType::kSha256, std::as_const(bytes).bytes()));
  if (found != digest) {
    return Status(Errc::kIndexMismatch, what_ + ": the page from " + in_quotes(first) +
                                            " on has the SHA-256 " + found.hex() + " where " +
                                            digest.hex() + " was signed");
  }
  auto node = IndexNode::parse(std::move(bytes), type_, limits_);
  if (!node.ok()) return std::move(node).status().in(what_);
  return std::make_unique<Page>(std::move(node).value());
}

}  // namespace signedvfs
