// What a shared object says of itself to the dynamic linker: its name, what it needs, and where
// that shall be looked for (System V gABI, chapter 5; Linux Standard Base, "Symbol Versioning").
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "archive/base/status.h"
#include "archive/elf/machine.h"

namespace signedvfs {

// NeededVersion is a version of symbols, such as "GLIBC_2.17", that has to be in a library.
struct NeededVersion {
  std::string library;  // "libc.so.6"
  std::string version;

  friend auto operator<=>(const NeededVersion&, const NeededVersion&) = default;
};

// SharedObject owns its texts. All of them are printable ASCII.
struct SharedObject {
  Machine machine = kNoMachine;
  std::uint32_t machine_flags = 0;  // e_flags: on some machines, which calling convention it has
  std::string soname;               // DT_SONAME; "" where there is none
  std::vector<std::string> needed;  // DT_NEEDED, in order; never ""; may be paths or have a '$'

  // DT_RUNPATH, or DT_RPATH where there is no DT_RUNPATH, which is what glibc goes by; split at
  // ':', with empty entries, which mean the current directory.
  std::vector<std::string> search_paths;
  bool is_runpath = false;  // false: DT_RPATH, which what it needs inherits

  // Whether it may have these searched while it runs: it has `search_paths`, and the name of a
  // function that loads libraries (dlopen(3)).
  bool may_search = false;

  // What has other libraries loaded in other ways: "DT_AUDIT libx.so", also DT_DEPAUDIT, DT_FILTER
  // and DT_AUXILIARY.
  std::vector<std::string> hooks;

  // DT_VERNEED, sorted, each once; without weak ones, which may be missing.
  std::vector<NeededVersion> versions;

  // How many of the file's first bytes a loader reads or maps. The rest is section headers, and
  // symbols for debuggers.
  std::uint64_t loaded_size = 0;

  bool has_text_relocations = false;    // its code is written to while it is loaded
  bool needs_executable_stack = false;  // PT_GNU_STACK says so, or is missing

  friend bool operator==(const SharedObject&, const SharedObject&) = default;
};

// read_shared_object reads a shared object for `machine`, of 64-bit, little-endian kind.
//
// It sees what glibc's loader sees (elf/dl-load.c, elf/get-dynamic-info.h), and refuses what leaves
// that unclear: entries given twice, segments mapped over one another, and tables that are not
// inside one segment's file part. It also refuses what glibc would not load by dlopen(3). Fails
// with `kBadLibrary`; the text says "it" of the file.
Result<SharedObject> read_shared_object(std::span<const std::byte> file,
                                        Machine machine = own_machine());

// loaded_size_by returns what `loaded_size` would be of a file of `size` bytes that begins with
// `first`, and `size` where it does not say. Nothing is checked: the front of the file that this
// names is to be given to read_shared_object, which takes it for all of it.
std::uint64_t loaded_size_by(std::span<const std::byte> first, std::uint64_t size);

}  // namespace signedvfs
