#include "archive/members/names.h"

#include <utf8proc.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <new>
#include <optional>

namespace signedvfs {
namespace {

struct Free {
  void operator()(utf8proc_uint8_t* text) const noexcept { std::free(text); }
};

const utf8proc_uint8_t* data_of(std::string_view text) noexcept {
  return reinterpret_cast<const utf8proc_uint8_t*>(text.data());
}

// mapped returns `text` transformed by utf8proc, or nothing where it is not valid UTF-8.
std::optional<std::string> mapped(std::string_view text, int options) {
  utf8proc_uint8_t* out = nullptr;
  const utf8proc_ssize_t size =
      utf8proc_map(data_of(text), static_cast<utf8proc_ssize_t>(text.size()), &out,
                   static_cast<utf8proc_option_t>(options));
  const std::unique_ptr<utf8proc_uint8_t, Free> owner(out);
  if (size == UTF8PROC_ERROR_NOMEM) throw std::bad_alloc();
  if (size < 0) return {};
  return std::string(reinterpret_cast<const char*>(out), static_cast<std::size_t>(size));
}

constexpr int kNfc = UTF8PROC_STABLE | UTF8PROC_COMPOSE;
constexpr int kNfkcCasefold =
    UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_COMPAT | UTF8PROC_CASEFOLD | UTF8PROC_IGNORE;

bool is_printable(utf8proc_int32_t code_point) noexcept {
  switch (utf8proc_category(code_point)) {
    case UTF8PROC_CATEGORY_CC:
    case UTF8PROC_CATEGORY_CF:
    case UTF8PROC_CATEGORY_CN:
    case UTF8PROC_CATEGORY_CO:
    case UTF8PROC_CATEGORY_CS:
    case UTF8PROC_CATEGORY_ZL:
    case UTF8PROC_CATEGORY_ZP:
      return false;
    default:
      return true;
  }
}

// What a byte can be to the rules below.
constexpr std::uint8_t kForbidden = 1;
constexpr std::uint8_t kBeyondAscii = 2;
constexpr std::uint8_t kSlash = 4;
constexpr std::uint8_t kNoEnd = 8;     // no component ends in it
constexpr std::uint8_t kBadEnd = 128;  // a component does

constexpr std::array<std::uint8_t, 256> kByteKinds = [] {
  std::array<std::uint8_t, 256> kinds{};
  for (std::size_t byte = 0; byte < kinds.size(); ++byte) {
    const bool forbidden = byte < 0x20 || byte == 0x7f || byte == '\\' || byte == ':';
    kinds[byte] = byte >= 0x80 ? kBeyondAscii : forbidden ? kForbidden : 0;
  }
  kinds['/'] = kSlash | kNoEnd;
  kinds['.'] = kinds[' '] = kNoEnd;
  return kinds;
}();

// byte_kinds returns the union of what the bytes of `text` are, and kBadEnd where a component is
// empty or ends as none may. Every name of every archive comes by here; nearly all of them need no
// other look.
std::uint8_t byte_kinds(std::string_view text) noexcept {
  std::uint8_t kinds = 0;
  std::uint8_t before = kNoEnd;
  for (const char c : text) {
    const std::uint8_t kind = kByteKinds[static_cast<unsigned char>(c)];
    kinds |= static_cast<std::uint8_t>(kind | (kind & kSlash & before >> 1U) << 5U);
    before = kind;
  }
  return static_cast<std::uint8_t>(kinds | (before & kNoEnd) << 4U);
}

// component_problem says what is wrong with a '/'-separated structure in which something is.
const char* component_problem(std::string_view text) noexcept {
  for (std::size_t begin = 0;;) {
    const std::size_t slash = text.find('/', begin);
    const std::string_view component = text.substr(begin, slash - begin);
    if (component.empty()) return "has an empty component";
    if (component == "." || component == "..") return "has a '.' or '..' component";
    if (component.back() == '.' || component.back() == ' ' || slash == std::string_view::npos) {
      return "has a component that ends in a dot or a space";
    }
    begin = slash + 1;
  }
}

// unicode_problem returns what is wrong beyond ASCII, or null.
const char* unicode_problem(std::string_view text) {
  for (std::string_view rest = text; !rest.empty();) {
    utf8proc_int32_t code_point = 0;
    const utf8proc_ssize_t width =
        utf8proc_iterate(data_of(rest), static_cast<utf8proc_ssize_t>(rest.size()), &code_point);
    if (width <= 0) return "is not UTF-8";
    if (!is_printable(code_point)) return "contains an unprintable or unassigned code point";
    rest.remove_prefix(static_cast<std::size_t>(width));
  }
  if (mapped(text, kNfc) != text) return "is not in Unicode normalization form C";
  const std::string folded = fold_name(text);
  if ((byte_kinds(folded) & (kForbidden | kBadEnd)) != 0 ||
      std::count(folded.begin(), folded.end(), '/') != std::count(text.begin(), text.end(), '/')) {
    return "looks like another path to a system that normalises names";
  }
  return nullptr;
}

Status bad_name(std::string_view name, const std::string& problem) {
  constexpr std::size_t kShown = 200;
  const std::string shown = in_quotes(name.substr(0, kShown)) + (name.size() > kShown ? "..." : "");
  return {Errc::kBadName, shown + ": the name " + problem};
}

}  // namespace

bool is_ascii(std::string_view text) noexcept {
  std::uint8_t seen = 0;
  for (const char c : text) seen |= static_cast<std::uint8_t>(c);
  return seen < 0x80;
}

Status check_member_name(std::string_view name, const Limits& limits) {
  if (name.size() > limits.name_bytes) {
    return bad_name(name, "is longer than " + std::to_string(limits.name_bytes) +
                              " bytes, which the limit name_bytes allows")
        .beyond("name_bytes");
  }
  const std::uint8_t kinds = byte_kinds(name);
  if ((kinds & kForbidden) != 0) {
    return bad_name(name, "contains a backslash, a colon or a control character");
  }
  const char* problem = (kinds & kBadEnd) != 0 ? component_problem(name) : nullptr;
  if (problem == nullptr && (kinds & kBeyondAscii) != 0) problem = unicode_problem(name);
  return problem == nullptr ? Status() : bad_name(name, problem);
}

Status check_directory_name(std::string_view name, const Limits& limits) {
  if (name.empty() || name.back() != '/') {
    return bad_name(name, "is a directory's, but does not end in '/'");
  }
  return check_member_name(name.substr(0, name.size() - 1), limits);
}

std::string fold_name(std::string_view name) {
  if (!is_ascii(name)) {
    if (auto folded = mapped(name, kNfkcCasefold)) return *std::move(folded);
    return std::string(name);
  }
  std::string folded(name);
  for (char& c : folded) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + ('a' - 'A'));
  }
  return folded;
}

}  // namespace signedvfs
