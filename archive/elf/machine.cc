#include "archive/elf/machine.h"

#include <algorithm>
#include <array>
#include <bit>

namespace signedvfs {
namespace {

struct Known {
  Machine machine;
  std::string_view name;
  bool read;  // 64-bit, little-endian
};

constexpr Machine kX86 = 62;
constexpr Machine kAarch64 = 183;
constexpr Machine kPower = 21;
constexpr Machine kRiscv = 243;
constexpr Machine kLoongarch = 258;

// Names are those of platform tags, which are what uname(2) says.
constexpr std::array<Known, 8> kKnown{{
    {3, "i686", false},
    {kPower, "ppc64le", true},
    {22, "s390x", false},
    {40, "armv7l", false},
    {kX86, "x86_64", true},
    {kAarch64, "aarch64", true},
    {kRiscv, "riscv64", true},
    {kLoongarch, "loongarch64", true},
}};

}  // namespace

Machine own_machine() noexcept {
  if (sizeof(void*) != 8 || std::endian::native != std::endian::little) return kNoMachine;
#if defined(__x86_64__)
  return kX86;
#elif defined(__aarch64__)
  return kAarch64;
#elif defined(__powerpc64__)
  return kPower;
#elif defined(__riscv)
  return kRiscv;
#elif defined(__loongarch__)
  return kLoongarch;
#else
  return kNoMachine;
#endif
}

std::string machine_name(Machine machine) {
  const auto* const found = std::ranges::find(kKnown, machine, &Known::machine);
  if (found == kKnown.end()) return "machine " + std::to_string(machine);
  return std::string(found->name);
}

std::optional<Machine> machine_named(std::string_view name) noexcept {
  const auto* const found = std::ranges::find(kKnown, name, &Known::name);
  if (found == kKnown.end() || !found->read) return std::nullopt;
  return found->machine;
}

std::uint64_t largest_page(Machine machine) noexcept { return machine == kX86 ? 0x1000 : 0x10000; }

}  // namespace signedvfs
