// What stands in an archive and will not stand in the one that takes its place.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace signedvfs {

// Oddity is something that a member may have and that nobody needs.
enum class Oddity : std::uint8_t {
  kComment,
  kDescriptor,
  kZip64,
  kExtra,
  kCodePage,
  kModeBits,
  kBzip2,
  kLzma,
  kEmptyDirectory,
  kDirectoryContent,
  kOlderCopy,
};
inline constexpr std::size_t kOddities = static_cast<std::size_t>(Oddity::kOlderCopy) + 1;

// Vanishing collects it, and how often.
class Vanishing {
 public:
  // note counts one oddity of the member or directory `name`, which keeps the rules for names: it
  // is printable.
  void note(Oddity oddity, std::string_view name);

  // say adds a sentence of its own.
  void say(std::string sentence) { own_.push_back(std::move(sentence)); }

  // sentences returns all of it for people: one for each kind, with the first few names in quotes.
  std::vector<std::string> sentences() const;

 private:
  struct Noted {
    std::uint64_t count = 0;
    std::vector<std::string> first;
  };

  std::array<Noted, kOddities> noted_;
  std::vector<std::string> own_;
};

}  // namespace signedvfs
