#include "vfs/signing/legacy_pickle.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <string>

namespace signedvfs {
namespace {

// How a pickle begins that makes an object without calling its class (PEP 307), of either module.
constexpr std::string_view kMake = "ccopy_reg\n_reconstructor\np0\n(csignedimp.";
constexpr std::array<std::string_view, 2> kModules{"crypto.rsa\n", "cryptobase.rsa\n"};
constexpr std::string_view kObject = "RSAKey\np1\nc__builtin__\nobject\np2\nNtp3\nRp4\n(dp5\n";

enum KeyNumber : std::size_t { kModulus, kExponent, kPrivateExponent, kOthers };
constexpr std::array<std::string_view, 8> kKeyAttributes{"modulus",
                                                         "pub_exponent",
                                                         "priv_exponent",
                                                         "size",
                                                         "default_padding_scheme",
                                                         "allowed_padding_schemes",
                                                         "randbytes",
                                                         "_fingerprint"};

constexpr std::size_t kMostDigits = 5000;  // of 16384 bits
constexpr std::size_t kMostCharacters = 64;
constexpr int kMostTexts = 16;

bool is_decimal(char c) noexcept { return c >= '0' && c <= '9'; }

// Reader walks over the text. What fails leaves it anywhere: nothing is tried twice.
class Reader {
 public:
  explicit Reader(std::string_view rest) noexcept : rest_(rest) {}

  bool take(std::string_view expected) noexcept {
    if (!rest_.starts_with(expected)) return false;
    rest_.remove_prefix(expected.size());
    return true;
  }

  // number reads I...\n or L...L\n, without a sign and without zeros in front.
  std::optional<std::string_view> number() noexcept {
    const bool is_long = rest_.starts_with('L');
    if (!is_long && !rest_.starts_with('I')) return {};
    rest_.remove_prefix(1);
    const auto end = std::find_if_not(rest_.begin(), rest_.end(), is_decimal);
    const std::string_view digits = rest_.substr(0, static_cast<std::size_t>(end - rest_.begin()));
    rest_.remove_prefix(digits.size());
    const bool is_canonical = !digits.empty() && digits.front() != '0';
    if (!is_canonical || digits.size() > kMostDigits || !take(is_long ? "L\n" : "\n")) return {};
    return digits;
  }

  // text reads S'...'\n and the memo behind it, where no character needs an escape.
  std::optional<std::string_view> text() noexcept {
    if (!take("S'")) return {};
    const std::size_t size = rest_.find('\'');
    if (size > kMostCharacters) return {};
    const std::string_view out = rest_.substr(0, size);
    const auto is_plain = [](char c) { return c >= ' ' && c < '\x7f' && c != '\\'; };
    if (!std::all_of(out.begin(), out.end(), is_plain)) return {};
    rest_.remove_prefix(size);
    if (!take("'\n") || !memo('p')) return {};
    return out;
  }

  // memo reads an opcode that keeps an object under a number, or gets it again.
  bool memo(char opcode) noexcept {
    if (!rest_.starts_with(opcode)) return false;
    rest_.remove_prefix(1);
    const std::size_t digits = std::min(rest_.find('\n'), rest_.size());
    const std::string_view number = rest_.substr(0, digits);
    rest_.remove_prefix(digits);
    return !number.empty() && number.size() < 4 &&
           std::all_of(number.begin(), number.end(), is_decimal) && take("\n");
  }

  // other reads a value of which nothing is taken.
  bool other() noexcept {
    if (rest_.starts_with('N')) return take("N");
    if (rest_.starts_with('I') || rest_.starts_with('L')) return number().has_value();
    if (rest_.starts_with('S')) return text().has_value();
    if (rest_.starts_with('g')) return memo('g');
    return take("(") && texts();
  }

  // at_end tells whether nothing is left but the STOPs that signedimp fills blocks up with.
  bool at_end() const noexcept {
    return !rest_.empty() && rest_.find_first_not_of('.') == std::string_view::npos;
  }

 private:
  bool one_text() noexcept { return rest_.starts_with('g') ? memo('g') : text().has_value(); }

  // texts reads what is behind the mark of a list or tuple.
  bool texts() noexcept {
    if (take("l")) {
      if (!memo('p')) return false;
      for (int i = 0; rest_.starts_with('S') || rest_.starts_with('g'); ++i) {
        if (i == kMostTexts || !one_text() || !take("a")) return false;
      }
      return true;
    }
    for (int i = 0; !rest_.starts_with('t'); ++i) {
      if (i == kMostTexts || !one_text()) return false;
    }
    return take("t") && memo('p');
  }

  std::string_view rest_;
};

Status not_a_key(const char* where) {
  return {Errc::kBadKey, std::string("not a key that signedimp wrote: ") + where};
}

}  // namespace

Result<LegacyKeyNumbers> parse_legacy_pickle(std::string_view text) {
  Reader reader(text);
  const bool is_key = reader.take(kMake) &&
                      (reader.take(kModules[0]) || reader.take(kModules[1])) &&
                      reader.take(kObject);
  if (!is_key) return not_a_key("it does not begin as one");
  std::array<bool, kKeyAttributes.size()> seen{};
  std::array<std::string_view, kOthers> numbers;
  while (!reader.take("b")) {
    const auto name = reader.text();
    if (!name) return not_a_key("something else stands where the name of an attribute should be");
    const auto* const found = std::find(kKeyAttributes.begin(), kKeyAttributes.end(), *name);
    const auto i = static_cast<std::size_t>(found - kKeyAttributes.begin());
    if (i == kKeyAttributes.size() || seen[i]) return not_a_key("an attribute that no key has");
    seen[i] = true;
    if (i >= kOthers || (i == kPrivateExponent && reader.take("N"))) {
      if (i >= kOthers && !reader.other()) return not_a_key("an attribute of another kind");
    } else {
      const auto number = reader.number();
      if (!number) return not_a_key("something else stands where a number should be");
      numbers[i] = *number;
    }
    if (!reader.take("s")) return not_a_key("an attribute does not end as one");
  }
  if (!reader.at_end()) return not_a_key("something follows it");
  if (numbers[kModulus].empty() || numbers[kExponent].empty()) {
    return not_a_key("there is no modulus, or no public exponent");
  }
  return LegacyKeyNumbers{numbers[kModulus], numbers[kExponent], numbers[kPrivateExponent]};
}

}  // namespace signedvfs
