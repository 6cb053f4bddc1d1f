#include "vfs/index/node.h"

#include <algorithm>
#include <string>
#include <utility>

#include "archive/base/byte_cursor.h"
#include "archive/members/names.h"

namespace signedvfs {
namespace {

constexpr std::uint32_t kLeaf = 1;
constexpr std::uint32_t kInner = 2;
constexpr std::size_t kHeadBytes = 8;  // kind and count
constexpr std::size_t kEndBytes = 4;   // where one path ends
constexpr std::size_t kPlaceBytes = 8 + 8 + 8 + 2;

Status malformed_page(const std::string& why) {
  return {Errc::kBadIndex, "a page of the index is malformed: " + why};
}

}  // namespace

std::size_t record_size_of(HashType type) noexcept { return kPlaceBytes + hash_bytes(type); }

Result<IndexNode> IndexNode::parse(Buffer bytes, HashType type, const Limits& limits) {
  IndexNode node;
  node.bytes_ = std::move(bytes);
  node.type_ = type;
  ByteCursor cursor(std::as_const(node.bytes_).bytes());
  const std::uint32_t kind = cursor.u32();
  const std::uint32_t count = cursor.u32();
  if (!cursor.ok() || (kind != kLeaf && kind != kInner)) {
    return malformed_page("kind " + std::to_string(kind));
  }
  node.is_leaf_ = kind == kLeaf;
  node.record_size_ = node.is_leaf_ ? record_size_of(type) : kReferenceBytes;
  // Only an archive without members has an empty page: it is its root.
  if (count == 0 && (!node.is_leaf_ || cursor.remaining() != 0)) {
    return malformed_page("it is empty");
  }
  if (count > cursor.remaining() / (kEndBytes + node.record_size_)) {
    return malformed_page(std::to_string(count) + " entries do not fit");
  }
  node.ends_.reserve(count);
  for (std::uint32_t i = 0; i < count; ++i) node.ends_.push_back(cursor.u32());
  node.records_ = kHeadBytes + count * kEndBytes;
  cursor.take(count * node.record_size_);
  node.paths_ = cursor.text(cursor.remaining());

  std::uint32_t begin = 0;
  std::string_view before;
  for (const std::uint32_t end : node.ends_) {
    if (end <= begin || end > node.paths_.size()) return malformed_page("its paths do not add up");
    const std::string_view path = node.paths_.substr(begin, end - begin);
    if (path <= before) return malformed_page(in_quotes(path) + " is out of order");
    if (Status allowed = check_member_name(path, limits); !allowed.ok()) {
      return std::move(allowed).in("a page of the index");
    }
    if (is_reserved(path)) return malformed_page(in_quotes(path) + " is a reserved name");
    before = path;
    begin = end;
  }
  if (begin != node.paths_.size()) return malformed_page("bytes follow its last path");
  SIGNEDVFS_TRY(node.check_records());
  return node;
}

Status IndexNode::check_records() const {
  for (std::uint32_t i = 0; i < count(); ++i) {
    if (!is_leaf_) {
      if (page(i).size > kMaxPageBytes) {
        return malformed_page("it refers to a page that is too large");
      }
      continue;
    }
    const IndexRecord entry = record(i);
    const auto number = static_cast<std::uint16_t>(entry.method);
    if (!method_of(number)) {
      return malformed_page(in_quotes(path(i)) + " has the method " + std::to_string(number));
    }
    if (entry.method == Method::kStored && entry.size != entry.stored_size) {
      return malformed_page(in_quotes(path(i)) + " is stored as it is, but with two sizes");
    }
  }
  return {};
}

std::uint32_t IndexNode::first_not_before(const PathKey& key) const noexcept {
  std::uint32_t begin = 0;
  std::uint32_t end = count();
  while (begin < end) {
    const std::uint32_t middle = begin + (end - begin) / 2;
    if (key.compare(path(middle)) < 0) {
      begin = middle + 1;
    } else {
      end = middle;
    }
  }
  return begin;
}

IndexRecord IndexNode::record(std::uint32_t i) const noexcept {
  ByteCursor cursor(bytes_.bytes().subspan(records_ + i * record_size_, record_size_));
  IndexRecord out;
  out.offset = cursor.u64();
  out.stored_size = cursor.u64();
  out.size = cursor.u64();
  out.method = static_cast<Method>(cursor.u16());
  out.digest = Digest(type_, cursor.take(hash_bytes(type_)));
  return out;
}

PageReference IndexNode::page(std::uint32_t i) const noexcept {
  ByteCursor cursor(bytes_.bytes().subspan(records_ + i * record_size_, record_size_));
  PageReference out;
  out.offset = cursor.u64();
  out.size = cursor.u32();
  out.digest = Digest(HashType::kSha256, cursor.take(hash_bytes(HashType::kSha256)));
  return out;
}

void NodeBuilder::add_path(std::string_view path) {
  paths_.text(path);
  ends_.push_back(static_cast<std::uint32_t>(paths_.size()));
}

void NodeBuilder::add(std::string_view path, const IndexRecord& record) {
  add_path(path);
  records_.u64(record.offset)
      .u64(record.stored_size)
      .u64(record.size)
      .u16(static_cast<std::uint16_t>(record.method))
      .text(text_of(record.digest.value()));
}

void NodeBuilder::add(std::string_view path, const PageReference& page) {
  add_path(path);
  records_.u64(page.offset).u32(page.size).text(text_of(page.digest.value()));
}

std::size_t NodeBuilder::size_with(std::string_view path, std::size_t record_size) const noexcept {
  return kHeadBytes + (ends_.size() + 1) * kEndBytes + records_.size() + record_size +
         paths_.size() + path.size();
}

ByteBuilder NodeBuilder::finish(bool is_leaf) const {
  ByteBuilder out;
  out.u32(is_leaf ? kLeaf : kInner).u32(count());
  for (const std::uint32_t end : ends_) out.u32(end);
  out.text(text_of(records_.bytes())).text(text_of(paths_.bytes()));
  return out;
}

}  // namespace signedvfs
