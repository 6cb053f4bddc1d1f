#include "archive/members/size_check.h"

#include <string>

namespace signedvfs {

Status SizeCheck::add(std::string_view name, std::uint64_t size,
                      std::optional<std::uint64_t> stored_size) {
  const auto refused = [&](std::string_view field, std::uint64_t allowed, const char* more = "") {
    const std::string from = stored_size ? " from " + std::to_string(*stored_size) : "";
    return too_large(field, allowed,
                     in_quotes(name) + ": " + std::to_string(size) + " bytes" + from + more)
        .about(name);
  };
  if (size > limits_.member_bytes) return refused("member_bytes", limits_.member_bytes);
  if (stored_size && !keeps_ratio(size, *stored_size, limits_.ratio)) {
    return refused("ratio", limits_.ratio);
  }
  if (size > limits_.total_bytes || total_ > limits_.total_bytes - size) {
    return refused("total_bytes", limits_.total_bytes, ", with those before it too many");
  }
  total_ += size;
  return {};
}

bool keeps_ratio(std::uint64_t size, std::uint64_t stored_size, std::uint64_t ratio) noexcept {
  return ratio == 0 || size / ratio <= stored_size;
}

}  // namespace signedvfs
