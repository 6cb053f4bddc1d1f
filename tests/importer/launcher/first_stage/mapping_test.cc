#include "importer/launcher/first_stage/mapping.h"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstring>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "tests/support/temporary_directory.h"

namespace signedvfs::first_stage {
namespace {

#ifdef SIGNEDVFS_RAW_SYSTEM_CALLS

const auto kPage = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));

std::string content_of(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

FileHeader header_of(const std::string& content) {
  FileHeader header;
  std::memcpy(&header, content.data(), sizeof(header));
  return header;
}

std::vector<Segment> segments_of(const std::string& content) {
  const FileHeader header = header_of(content);
  std::vector<Segment> out(header.segments);
  std::memcpy(out.data(), content.data() + header.segments_at, out.size() * sizeof(Segment));
  return out;
}

// linker_of_test returns the path of the dynamic linker that has started this program.
std::string linker_of_test() {
  const std::string content = content_of("/proc/self/exe");
  for (const Segment& one : segments_of(content)) {
    if (one.type == elf::kInterpreter) return content.c_str() + one.offset;
  }
  return {};
}

std::string fault_of(const std::string& path) {
  Mapped mapped;
  const Fault fault = map_linker(path.c_str(), kPage, mapped);
  return fault == nullptr ? "" : fault;
}

// with returns `content` with the bytes of `value` at `at`.
template <typename T>
std::string with(std::string content, std::size_t at, T value) {
  std::memcpy(content.data() + at, &value, sizeof(value));
  return content;
}

TEST(Mapping, IsAsInTheFile) {
  const std::string path = linker_of_test();
  ASSERT_FALSE(path.empty());
  const std::string content = content_of(path);
  Mapped mapped;
  ASSERT_EQ(map_linker(path.c_str(), kPage, mapped), nullptr);
  EXPECT_EQ(mapped.entry - mapped.base, header_of(content).entry);
  for (const Segment& one : segments_of(content)) {
    if (one.type != elf::kLoad) continue;
    EXPECT_EQ((mapped.base + one.address) % kPage, one.offset % kPage);
    const auto* const at = reinterpret_cast<const char*>(mapped.base + one.address);
    EXPECT_EQ(std::memcmp(at, content.data() + one.offset, one.file_size), 0);
    for (std::uint64_t i = one.file_size; i < one.memory_size; ++i) ASSERT_EQ(at[i], 0);
    if ((one.flags & elf::kWritable) != 0) {
      // The last byte is there, and is ours alone.
      *reinterpret_cast<char*>(mapped.base + one.address + one.memory_size - 1) = 1;
    }
  }
  EXPECT_EQ(content_of(path), content);
}

TEST(Mapping, IsAlignedAsTheFileWants) {
  for (const std::uint64_t alignment : {kPage, 4 * kPage, std::uint64_t{1} << 21}) {
    for (const std::uint64_t begin : {std::uint64_t{0}, kPage, alignment, 3 * alignment + kPage}) {
      const Image image{begin, begin + 5 * kPage, alignment};
      const std::uint64_t base = reserve(image, kPage);
      ASSERT_NE(base, 0);
      EXPECT_EQ(base % alignment, 0);
      EXPECT_EQ(::munmap(reinterpret_cast<void*>(base + begin), 5 * kPage), 0);
    }
  }
}

TEST(Mapping, SaysWhatIsWrongWithAFile) {
  const TemporaryDirectory directory;
  const std::string linker = content_of(linker_of_test());
  const auto fault = [&](const std::string& content) {
    return fault_of(directory.write("linker", content));
  };
  EXPECT_EQ(fault(linker), "");
  EXPECT_EQ(fault_of(linker_of_test() + ".none"), "cannot be opened");
  EXPECT_EQ(fault_of("/"), "cannot be read");
  EXPECT_EQ(fault(""), "is no file with content");
  EXPECT_EQ(fault("#!/bin/sh\n"), "cannot be read");
  EXPECT_EQ(fault(std::string(100, 'x')), "is no ELF file of this kind of machine");
  EXPECT_EQ(fault(linker.substr(0, 100)), "is cut short");
  EXPECT_EQ(fault(linker.substr(0, linker.size() / 2)), "is cut short");
  EXPECT_EQ(fault(with<std::uint16_t>(linker, 18, 3)), "is for another machine");
  EXPECT_EQ(fault(with<std::uint16_t>(linker, 16, elf::kTypeExecutable)), "is no shared object");
  EXPECT_EQ(fault(with<std::uint16_t>(linker, 56, 0)), "has program headers that cannot be read");
  EXPECT_EQ(fault(with<std::uint16_t>(linker, 56, 65)), "has program headers that cannot be read");
  EXPECT_EQ(fault(with<std::uint16_t>(linker, 54, 32)), "has program headers that cannot be read");
  EXPECT_EQ(fault(with<std::uint64_t>(linker, 24, 0)), "does not begin in its code");
}

TEST(Mapping, DoesNotWaitForAPipe) {
  const TemporaryDirectory directory;
  const std::string pipe = directory.write("other", "") + ".pipe";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  EXPECT_EQ(fault_of(pipe), "is no file with content");
}

#endif

constexpr std::uint64_t kFileSize = 0x8000;

std::string image_fault(const std::vector<Segment>& segments, std::uint64_t entry = 0x1010) {
  Image image;
  const Fault fault =
      check_segments(segments.data(), segments.size(), entry, 0x1000, kFileSize, image);
  return fault == nullptr ? "" : fault;
}

// text_and_data is an image that is as it has to be.
std::vector<Segment> text_and_data() {
  return {{elf::kLoad, 5, 0x1000, 0x1000, 0, 0x800, 0x800, 0x1000},
          {elf::kNote, 4, 0, 0, 0, 0x20, 0x20, 4},
          {elf::kLoad, 6, 0x1f00, 0x3f00, 0, 0x100, 0x4000, 0x1000}};
}

TEST(Images, SayWhichAddressesTheyTake) {
  Image image;
  const auto segments = text_and_data();
  ASSERT_EQ(check_segments(segments.data(), 3, 0x17ff, 0x1000, kFileSize, image), nullptr);
  EXPECT_EQ(image.begin, 0x1000);
  EXPECT_EQ(image.end, 0x8000);
  EXPECT_EQ(image.alignment, 0x1000);
}

TEST(Images, AreRefusedByTheirFirstFault) {
  EXPECT_EQ(image_fault({}), "does not begin in its code");
  EXPECT_EQ(image_fault(text_and_data(), 0x1800), "does not begin in its code");
  EXPECT_EQ(image_fault(text_and_data(), 0x3f00), "does not begin in its code");
  const auto fault = [](std::size_t index, auto change) {
    auto segments = text_and_data();
    change(segments[index]);
    return image_fault(segments);
  };
  EXPECT_EQ(fault(0, [](Segment& it) { it.memory_size = 0x7ff; }),
            "has a segment that is too large");
  EXPECT_EQ(fault(2, [](Segment& it) { it.memory_size = ~0ULL; }),
            "has a segment that is too large");
  EXPECT_EQ(fault(2, [](Segment& it) { it.address = ~0ULL - 0x100; }),
            "has a segment that is too large");
  EXPECT_EQ(fault(2, [](Segment& it) { it.offset = ~0ULL; }), "is cut short");
  EXPECT_EQ(fault(0, [](Segment& it) { it.offset = 0x7900; }), "is cut short");
  EXPECT_EQ(fault(2, [](Segment& it) { it.address = 0x1f00; }),
            "has segments that cannot be mapped");
  EXPECT_EQ(fault(2, [](Segment& it) { it.address = 0x3f01; }),
            "has segments that cannot be mapped");
  EXPECT_EQ(fault(2, [](Segment& it) { it.alignment = 0x1800; }),
            "has segments that cannot be mapped");
  EXPECT_EQ(fault(2, [](Segment& it) { it.alignment = 1ULL << 40; }),
            "has segments that cannot be mapped");
  EXPECT_EQ(fault(2, [](Segment& it) { it.flags = 4; }),
            "has a read-only segment that is not all in the file");
  EXPECT_EQ(fault(0, [](Segment& it) { it.flags = 4; }), "does not begin in its code");
}

}  // namespace
}  // namespace signedvfs::first_stage
