// The stack that the kernel starts a program with, and what is taken out of it before anybody reads
// it. Private to first_stage/.
//
// From its pointer on lie the number of arguments, pointers to them and a null, pointers to the
// variables of the environment and a null, and the facts, up to one of type 0 (System V psABI,
// "Process Initialization"). The dynamic linker finds each by walking over what is in front of it.
#pragma once

#include <cstddef>
#include <cstdint>

#include "importer/launcher/first_stage/records.h"

namespace signedvfs::first_stage {

// kUnsafeNames are variables by which the C library finds code, configuration or names of machines
// elsewhere, each followed by a null. glibc drops the same where the program has more rights than
// whoever starts it (sysdeps/generic/unsecvars.h). TMPDIR and TZDIR are left: they say where data
// is, and applications are told by them. One text, because an array of pointers would have to be
// relocated.
constexpr char kUnsafeNames[] =
    "GCONV_PATH\0GETCONF_DIR\0GLIBC_TUNABLES\0HOSTALIASES\0LOCALDOMAIN\0LOCPATH\0NIS_PATH\0"
    "NLSPATH\0RESOLV_HOST_CONF\0RES_OPTIONS\0";

// kUnsafePrefixes are those of the dynamic linker's variables and of the allocator's (ld.so(8),
// mallopt(3)).
constexpr char kUnsafePrefixes[] = "LD_\0MALLOC_\0";

// length_of returns the number of bytes in front of the null.
inline std::size_t length_of(const char* text) noexcept {
  std::size_t length = 0;
  while (text[length] != '\0') ++length;
  return length;
}

inline bool starts_with(const char* text, const char* prefix) noexcept {
  std::size_t at = 0;
  while (prefix[at] != '\0' && text[at] == prefix[at]) ++at;
  return prefix[at] == '\0';
}

// is_unsafe tells whether `variable`, "NAME=VALUE" or, as execve(2) allows, anything else, is one
// that no program shall see.
inline bool is_unsafe(const char* variable) noexcept {
  for (const char* one = kUnsafePrefixes; *one != '\0'; one += length_of(one) + 1) {
    if (starts_with(variable, one)) return true;
  }
  for (const char* one = kUnsafeNames; *one != '\0'; one += length_of(one) + 1) {
    const char end = starts_with(variable, one) ? variable[length_of(one)] : 'x';
    if (end == '=' || end == '\0') return true;
  }
  return false;
}

// StartStack borrows the parts of such a stack.
struct StartStack {
  const char* program = nullptr;  // the first argument; null where there is none
  char** environment = nullptr;
  Fact* facts = nullptr;  // null: the stack is not as it has to be
};

// facts_behind returns what stands behind the null of an environment.
inline Fact* facts_behind(char** environment) noexcept {
  while (*environment != nullptr) ++environment;
  return reinterpret_cast<Fact*>(environment + 1);
}

// read_start_stack finds the parts of the stack at `words`.
inline StartStack read_start_stack(std::uintptr_t* words) noexcept {
  StartStack out;
  const std::uintptr_t count = words[0];
  auto** const arguments = reinterpret_cast<char**>(words + 1);
  if (count > 0) out.program = arguments[0];
  if (arguments[count] != nullptr) return out;
  out.environment = arguments + count + 1;
  out.facts = facts_behind(out.environment);
  return out;
}

// scrub takes the unsafe variables out. The others move together, in their order, and the facts
// behind them: the stack pointer stays, so that the stack is aligned as it was. What the pointers
// led to stays as well, and nothing leads there any more.
inline void scrub(StartStack& stack) noexcept {
  char** kept = stack.environment;
  for (char** one = stack.environment; *one != nullptr; ++one) {
    if (!is_unsafe(*one)) *kept++ = *one;
  }
  *kept = nullptr;
  const Fact* from = stack.facts;
  auto* to = reinterpret_cast<Fact*>(kept + 1);
  stack.facts = to;
  // A pointer is half a fact: the place for one may reach into the one that it comes from.
  for (Fact one{~kLastFact, 0}; one.type != kLastFact;) {
    one = *from++;
    *to++ = one;
  }
}

// find returns the one fact of that type; null where there is none, or several.
inline Fact* find(Fact* facts, std::uint64_t type) noexcept {
  Fact* found = nullptr;
  for (; facts->type != kLastFact; ++facts) {
    if (facts->type != type) continue;
    if (found != nullptr) return nullptr;
    found = facts;
  }
  return found;
}

}  // namespace signedvfs::first_stage
