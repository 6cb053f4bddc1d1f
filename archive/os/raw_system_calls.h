// System calls without a C library: for code that runs before there is one. Nothing here needs a
// relocation, thread-local storage or any function, and everything is inlined into its one user.
#pragma once

#include <cstddef>
#include <cstdint>

namespace signedvfs::raw {

// kIsSupported tells whether the functions below exist for the machine that is compiled for.
#if defined(__linux__) && defined(__LP64__) && (defined(__x86_64__) || defined(__aarch64__))
#define SIGNEDVFS_RAW_SYSTEM_CALLS 1
inline constexpr bool kIsSupported = true;
#else
inline constexpr bool kIsSupported = false;
#endif

#ifdef SIGNEDVFS_RAW_SYSTEM_CALLS

// Numbers of the kernel's own tables (arch/x86/entry/syscalls/syscall_64.tbl,
// include/uapi/asm-generic/unistd.h).
#if defined(__x86_64__)
inline constexpr long kClose = 3;
inline constexpr long kSeek = 8;
inline constexpr long kMap = 9;
inline constexpr long kProtect = 10;
inline constexpr long kUnmap = 11;
inline constexpr long kReadAt = 17;
inline constexpr long kWriteParts = 20;
inline constexpr long kExitGroup = 231;
inline constexpr long kOpenAt = 257;
#else
inline constexpr long kOpenAt = 56;
inline constexpr long kClose = 57;
inline constexpr long kSeek = 62;
inline constexpr long kWriteParts = 66;
inline constexpr long kReadAt = 67;
inline constexpr long kExitGroup = 94;
inline constexpr long kUnmap = 215;
inline constexpr long kMap = 222;
inline constexpr long kProtect = 226;
#endif

// Flags that both machines have in common.
inline constexpr int kReadable = 1;    // PROT_READ
inline constexpr int kWritable = 2;    // PROT_WRITE
inline constexpr int kExecutable = 4;  // PROT_EXEC
inline constexpr int kPrivate = 0x02;  // MAP_PRIVATE
inline constexpr int kFixed = 0x10;    // MAP_FIXED
inline constexpr int kAnonymous = 0x20;
inline constexpr int kNoReserve = 0x4000;

// call makes the system call `number`, and returns what the kernel returns: a negative errno where
// it failed.
inline long call(long number, long a, long b, long c, long d, long e, long f) noexcept {
#if defined(__x86_64__)
  long result = number;
  register long r10 asm("r10") = d;
  register long r8 asm("r8") = e;
  register long r9 asm("r9") = f;
  asm volatile("syscall"
               : "+a"(result)
               : "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
               : "rcx", "r11", "memory");
  return result;
#else
  register long x8 asm("x8") = number;
  register long x0 asm("x0") = a;
  register long x1 asm("x1") = b;
  register long x2 asm("x2") = c;
  register long x3 asm("x3") = d;
  register long x4 asm("x4") = e;
  register long x5 asm("x5") = f;
  asm volatile("svc #0"
               : "+r"(x0)
               : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5)
               : "memory");
  return x0;
#endif
}

// Part is a struct iovec.
struct Part {
  const void* bytes;
  std::size_t size;
};

// open_for_reading returns a descriptor, or a negative errno. It does not wait for what a FIFO is
// going to have.
inline long open_for_reading(const char* path) noexcept {
  constexpr long kHere = -100;               // AT_FDCWD
  constexpr long kFlags = 02000000 | 04000;  // O_RDONLY, O_CLOEXEC, O_NONBLOCK
  return call(kOpenAt, kHere, reinterpret_cast<long>(path), kFlags, 0, 0, 0);
}

inline void close(long descriptor) noexcept { call(kClose, descriptor, 0, 0, 0, 0, 0); }

// size_of returns how many bytes a file has that can be positioned in.
inline long size_of(long descriptor) noexcept {
  return call(kSeek, descriptor, 0, 2, 0, 0, 0);  // SEEK_END
}

// read_at tells whether `size` bytes of the file were read, those from `offset` on.
inline bool read_at(long descriptor, void* to, std::size_t size, std::uint64_t offset) noexcept {
  constexpr long kInterrupted = -4;  // EINTR
  long read = kInterrupted;
  while (read == kInterrupted) {
    read = call(kReadAt, descriptor, reinterpret_cast<long>(to), static_cast<long>(size),
                static_cast<long>(offset), 0, 0);
  }
  return read == static_cast<long>(size);
}

// map returns the address, or a negative errno.
inline long map(std::uintptr_t address, std::size_t size, int protection, int flags,
                long descriptor, std::uint64_t offset) noexcept {
  return call(kMap, static_cast<long>(address), static_cast<long>(size), protection, flags,
              descriptor, static_cast<long>(offset));
}

inline bool unmap(std::uintptr_t address, std::size_t size) noexcept {
  return call(kUnmap, static_cast<long>(address), static_cast<long>(size), 0, 0, 0, 0) == 0;
}

inline bool protect(std::uintptr_t address, std::size_t size, int protection) noexcept {
  return call(kProtect, static_cast<long>(address), static_cast<long>(size), protection, 0, 0, 0) ==
         0;
}

// write_error writes to descriptor 2, as far as that takes it.
inline void write_error(const Part* parts, int count) noexcept {
  call(kWriteParts, 2, reinterpret_cast<long>(parts), count, 0, 0, 0);
}

// end ends the process.
[[noreturn]] inline void end(int status) noexcept {
  for (;;) call(kExitGroup, status, 0, 0, 0, 0, 0);
}

#endif

}  // namespace signedvfs::raw
