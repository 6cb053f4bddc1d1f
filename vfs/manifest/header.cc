#include "vfs/manifest/header.h"

#include <algorithm>
#include <array>
#include <bitset>
#include <charconv>

#include "archive/base/buffer.h"
#include "archive/members/names.h"
#include "vfs/manifest/line_reader.h"
#include "vfs/manifest/rfc3339.h"

namespace signedvfs {
namespace {

constexpr std::size_t kMaxNameBytes = 255;
constexpr std::size_t kMaxRootBytes = 32;
constexpr std::size_t kMaxRoots = 16;

bool parse_number(std::string_view text, std::uint64_t& out) {
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, out);
  return error == std::errc() && stop == end;
}

// A digest and a number: the shape of @index, @members, @order and @prefix.
bool parse_digest_and_number(std::string_view text, Digest& digest, std::uint64_t& number) {
  const std::size_t space = text.find(' ');
  if (space == std::string_view::npos) return false;
  const auto parsed = Digest::from_hex(HashType::kSha256, text.substr(0, space));
  if (!parsed) return false;
  digest = *parsed;
  return parse_number(text.substr(space + 1), number);
}

std::string digest_and_number(const Digest& digest, std::uint64_t number) {
  return digest.hex() + ' ' + std::to_string(number);
}

bool parse_time(std::string_view text, std::optional<std::int64_t>& out) {
  out = parse_utc(text);
  return out.has_value();
}

std::string time_text(const std::optional<std::int64_t>& time) {
  return time ? format_utc(*time) : "";
}

bool is_product_name(std::string_view text) {
  Limits limits;
  limits.name_bytes = kMaxNameBytes;
  return check_member_name(text, limits).ok() && text.front() != ' ' && text.back() != ' ';
}

bool parse_roots(std::string_view text, std::vector<std::string>& out) {
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(' ', begin), text.size());
    const std::string_view root = text.substr(begin, end - begin);
    if (!is_root_name(root) || out.size() == kMaxRoots) return false;
    if (!out.empty() && out.back() >= root) return false;
    out.emplace_back(root);
    begin = end + 1;
  }
  return true;
}

std::string roots_text(const std::vector<std::string>& roots) {
  std::string out;
  for (const std::string& root : roots) out += (out.empty() ? "" : " ") + root;
  return out;
}

// Attribute is one kind of `@` line. `parse` may accept several spellings of a value; a line counts
// only where `text` gives the same spelling back, so there is one text for each value.
struct Attribute {
  std::string_view name;
  std::string_view form;
  bool mandatory;
  bool (*parse)(std::string_view value, HeaderFields& header);
  std::string (*text)(const HeaderFields& header);  // empty: the header has no such line
};

constexpr std::array kAttributes{
    Attribute{"@expires", "a UTC time such as 2027-06-30T00:00:00Z", false,
              [](std::string_view value, HeaderFields& header) {
                return parse_time(value, header.attributes.expires);
              },
              [](const HeaderFields& header) { return time_text(header.attributes.expires); }},
    Attribute{"@index", "the SHA-256 of the index's root and its size", false,
              [](std::string_view value, HeaderFields& header) {
                IndexRoot& index = header.index.emplace();
                return parse_digest_and_number(value, index.digest, index.size);
              },
              [](const HeaderFields& header) {
                return header.index ? digest_and_number(header.index->digest, header.index->size)
                                    : "";
              }},
    Attribute{
        "@members", "the SHA-256 of the member lines and their number", true,
        [](std::string_view value, HeaderFields& header) {
          return parse_digest_and_number(value, header.body, header.members);
        },
        [](const HeaderFields& header) { return digest_and_number(header.body, header.members); }},
    Attribute{"@name", "a name of 1 to 255 bytes, written like a member's", false,
              [](std::string_view value, HeaderFields& header) {
                if (!is_product_name(value)) return false;
                header.attributes.name = value;
                return true;
              },
              [](const HeaderFields& header) { return header.attributes.name.value_or(""); }},
    Attribute{"@not-before", "a UTC time such as 2026-01-01T00:00:00Z", false,
              [](std::string_view value, HeaderFields& header) {
                return parse_time(value, header.attributes.not_before);
              },
              [](const HeaderFields& header) { return time_text(header.attributes.not_before); }},
    Attribute{"@order", "the SHA-256 of the recorded order and the number of its lines", false,
              [](std::string_view value, HeaderFields& header) {
                Order& order = header.attributes.order.emplace();
                return parse_digest_and_number(value, order.digest, order.members) &&
                       order.members > 0;
              },
              [](const HeaderFields& header) {
                const auto& order = header.attributes.order;
                return order ? order->digest.hex() + ' ' + std::to_string(order->members) : "";
              }},
    Attribute{"@prefix", "the SHA-256 of the bytes in front of the archive and their number", false,
              [](std::string_view value, HeaderFields& header) {
                Prefix& prefix = header.attributes.prefix.emplace();
                return parse_digest_and_number(value, prefix.digest, prefix.length) &&
                       prefix.length > 0;
              },
              [](const HeaderFields& header) {
                const auto& prefix = header.attributes.prefix;
                return prefix ? digest_and_number(prefix->digest, prefix->length) : "";
              }},
    Attribute{"@roots", "names of roots in ascending order with one space between them", false,
              [](std::string_view value, HeaderFields& header) {
                return parse_roots(value, header.attributes.roots);
              },
              [](const HeaderFields& header) { return roots_text(header.attributes.roots); }},
    Attribute{"@serial", "a whole number below 2 to the 64th", false,
              [](std::string_view value, HeaderFields& header) {
                return parse_number(value, header.attributes.serial.emplace());
              },
              [](const HeaderFields& header) {
                const auto& serial = header.attributes.serial;
                return serial ? std::to_string(*serial) : "";
              }},
};

constexpr bool attributes_in_order() {
  for (std::size_t i = 1; i < kAttributes.size(); ++i) {
    if (kAttributes[i - 1].name >= kAttributes[i].name) return false;
  }
  return true;
}
static_assert(attributes_in_order());

bool is_accepted(HashType type) {
  return type == HashType::kSha256 || type == HashType::kSha384 || type == HashType::kSha512;
}

Status malformed_header(std::size_t line, const std::string& why) {
  return {Errc::kBadManifest, "line " + std::to_string(line) + " of the header: " + why};
}

using Rows = std::bitset<kAttributes.size()>;

Status parse_attribute(std::string_view line, std::size_t number, Rows& seen, HeaderFields& out) {
  const std::size_t space = line.find(' ');
  const std::string_view name = line.substr(0, space);
  std::size_t row = 0;
  while (row < kAttributes.size() && kAttributes[row].name != name) ++row;
  if (row == kAttributes.size()) {
    return {Errc::kUnknownAttribute, "line " + std::to_string(number) +
                                         " of the header: " + in_quotes(name.substr(0, 64)) +
                                         "; a newer version of signedvfs may know it"};
  }
  if ((seen >> row).any())
    return malformed_header(number, in_quotes(name) + " is repeated or out of order");
  seen.set(row);
  const Attribute& attribute = kAttributes[row];
  const std::string_view value =
      space == std::string_view::npos ? std::string_view() : line.substr(space + 1);
  if (value.empty() || !attribute.parse(value, out) || attribute.text(out) != value) {
    return malformed_header(number, in_quotes(name) + " must be " + std::string(attribute.form) +
                                        ", not " + in_quotes(value.substr(0, 128)));
  }
  return {};
}

}  // namespace

bool is_root_name(std::string_view text) noexcept {
  const auto is_letter = [](char c) { return c >= 'a' && c <= 'z'; };
  const auto is_inner = [&](char c) { return is_letter(c) || (c >= '0' && c <= '9') || c == '-'; };
  return !text.empty() && text.size() <= kMaxRootBytes && is_letter(text.front()) &&
         std::all_of(text.begin(), text.end(), is_inner);
}

Result<HeaderFields> parse_header(std::string_view header) {
  HeaderFields out;
  LineReader lines(header);
  const auto hash = lines.next();
  if (!hash) return malformed_header(1, "the hash type is missing");
  const auto type = hash_type_of(*hash);
  if (!type || !is_accepted(*type)) {
    return Status(Errc::kWeakHash,
                  in_quotes(hash->substr(0, 64)) + " where sha256, sha384 or sha512 was expected");
  }
  out.hash_type = *type;

  Rows seen;
  while (const auto line = lines.next()) {
    SIGNEDVFS_TRY(parse_attribute(*line, lines.number(), seen, out));
  }
  if (!lines.at_end()) return malformed_header(lines.number() + 1, "it does not end in LF");
  for (std::size_t row = 0; row < kAttributes.size(); ++row) {
    if (kAttributes[row].mandatory && !seen[row]) {
      return malformed_header(lines.number() + 1, in_quotes(kAttributes[row].name) + " is missing");
    }
  }
  return out;
}

Result<std::string> encode_header(HashType type, const Attributes& attributes,
                                  std::string_view body, const std::optional<IndexRoot>& index) {
  HeaderFields header;
  header.hash_type = type;
  header.attributes = attributes;
  header.index = index;
  SIGNEDVFS_ASSIGN(header.body, digest_of(HashType::kSha256, bytes_of(body)));
  header.members = static_cast<std::uint64_t>(std::count(body.begin(), body.end(), '\n'));

  std::string text(hash_name(type));
  text += '\n';
  for (const Attribute& attribute : kAttributes) {
    const std::string value = attribute.text(header);
    if (value.empty()) continue;
    text.append(attribute.name).append(" ").append(value).append("\n");
  }
  // An attribute whose value has no text would vanish: nothing may be signed but what was asked
  // for.
  SIGNEDVFS_ASSIGN(const HeaderFields again, parse_header(text));
  if (again.attributes != attributes) {
    return Status(Errc::kUsage,
                  "the attributes cannot be written: times need a year of four digits, a name may "
                  "not be empty");
  }
  return text;
}

}  // namespace signedvfs
