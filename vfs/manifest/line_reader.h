// Reading text line by line, where only LF ends a line.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace signedvfs {

// LineReader is a cursor over `text`, which it borrows.
class LineReader {
 public:
  explicit LineReader(std::string_view text) noexcept : text_(text) {}

  // next returns the next line without its LF, or nothing where no whole line is left.
  std::optional<std::string_view> next() noexcept {
    const std::size_t end = text_.find('\n', position_);
    if (end == std::string_view::npos) return {};
    const std::string_view line = text_.substr(position_, end - position_);
    position_ = end + 1;
    ++number_;
    return line;
  }

  // at tells whether the next line starts with `c`.
  bool at(char c) const noexcept { return position_ < text_.size() && text_[position_] == c; }
  bool at_end() const noexcept { return position_ == text_.size(); }
  std::size_t position() const noexcept { return position_; }

  // number returns how many lines have been returned.
  std::size_t number() const noexcept { return number_; }

 private:
  std::string_view text_;
  std::size_t position_ = 0;
  std::size_t number_ = 0;
};

}  // namespace signedvfs
