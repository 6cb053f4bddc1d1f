// Pickles of keys: what is accepted has plain numbers, and nothing in it that a text has not.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "vfs/signing/legacy_pickle.h"

namespace signedvfs {
namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

bool is_number(std::string_view text) {
  return !text.empty() && text.front() != '0' &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

bool lies_in(std::string_view part, std::string_view whole) {
  return part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size();
}

void check(std::string_view text) {
  const Result<LegacyKeyNumbers> numbers = parse_legacy_pickle(text);
  if (!numbers.ok()) return;
  require(is_number(numbers->modulus) && lies_in(numbers->modulus, text));
  require(is_number(numbers->exponent) && lies_in(numbers->exponent, text));
  const std::string_view secret = numbers->private_exponent;
  require(secret.empty() || (is_number(secret) && lies_in(secret, text)));
  const auto is_plain = [](char c) { return c == '\n' || (c >= ' ' && c < '\x7f'); };
  require(std::all_of(text.begin(), text.end(), is_plain));
  // Of all objects that pickles can ask for there are these three, and one call.
  require(text.find("_reconstructor") < text.find("RSAKey"));
  require(text.find("\ntR") == std::string_view::npos);
  require(text.ends_with("b.") || text.ends_with(".."));
}

}  // namespace
}  // namespace signedvfs

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  signedvfs::check({reinterpret_cast<const char*>(data), size});
  return 0;
}
