#include "archive/elf/dynamic.h"

#include <algorithm>
#include <string_view>

#include "archive/base/byte_cursor.h"
#include "archive/elf/bad_library.h"

namespace signedvfs::elf {
namespace {

// The largest libraries have about a hundred.
constexpr std::size_t kMostRepeated = 1024;

std::string hexadecimal(std::uint64_t value) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out;
  do {
    out.insert(out.begin(), kDigits[value & 0xfU]);
    value >>= 4U;
  } while (value != 0);
  return "0x" + out;
}

}  // namespace

Dynamic::Single* Dynamic::single(std::uint64_t tag) noexcept {
  auto* const found = std::ranges::find(singles_, tag, &Single::tag);
  return found == singles_.end() ? nullptr : found;
}

std::optional<std::uint64_t> Dynamic::value(std::uint64_t tag) const noexcept {
  const auto* const found = std::ranges::find(singles_, tag, &Single::tag);
  return found == singles_.end() ? std::nullopt : found->value;
}

Result<Dynamic> Dynamic::read(const Image& image) {
  Dynamic dynamic;
  ByteCursor cursor(image.dynamic());
  for (;;) {
    const std::uint64_t tag = cursor.u64();
    const std::uint64_t value = cursor.u64();
    if (!cursor.ok()) return bad_library("its dynamic section has no end");
    if (tag == kNull) break;
    if (tag == kNeeded || tag == kAuxiliary || tag == kFilter) {
      if (dynamic.repeated_.size() == kMostRepeated) {
        return bad_library("it needs more than " + std::to_string(kMostRepeated) + " libraries");
      }
      dynamic.repeated_.push_back({tag, value});
    } else if (Single* const one = dynamic.single(tag); one != nullptr) {
      if (one->value.has_value()) {
        return bad_library("its dynamic section has the entry " + hexadecimal(tag) + " twice");
      }
      one->value = value;
    }
  }
  const auto table = dynamic.value(kStringTable);
  const auto size = dynamic.value(kStringSize);
  if (!table.has_value() || !size.has_value()) return bad_library("it has no string table");
  dynamic.strings_ = image.at(*table, *size);
  if (dynamic.strings_.empty()) {
    return bad_library("its string table is empty, or not inside one PT_LOAD segment");
  }
  return dynamic;
}

bool Dynamic::has_name(std::string_view name) const {
  std::string wanted(name);
  wanted += '\0';
  const std::string_view all(reinterpret_cast<const char*>(strings_.data()), strings_.size());
  return all.find(wanted) != std::string_view::npos;
}

Result<std::string> Dynamic::string(std::uint64_t offset, std::size_t most,
                                    std::string_view what) const {
  if (offset >= strings_.size()) {
    return bad_library(std::string(what) + " lies outside the string table");
  }
  const auto rest = strings_.subspan(offset);
  const auto end = std::ranges::find(rest, std::byte{0});
  if (end == rest.end()) return bad_library(std::string(what) + " has no end");
  const auto length = static_cast<std::size_t>(end - rest.begin());
  if (length > most) {
    return bad_library(std::string(what) + " is longer than " + std::to_string(most) + " bytes");
  }
  std::string text(ByteCursor(rest).text(length));
  if (!std::ranges::all_of(text, [](char c) { return c >= ' ' && c <= '~'; })) {
    return bad_library(std::string(what) + " is not printable ASCII: " + in_quotes(text));
  }
  return text;
}

}  // namespace signedvfs::elf
