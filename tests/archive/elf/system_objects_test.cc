// What is read of the libraries of this very process is what its loader has made of them, and stays
// so without their search paths.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <link.h>

#include <cstddef>
#include <cstdint>
#include <fstream>
#include <span>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "archive/elf/editing.h"
#include "archive/elf/machine.h"
#include "archive/elf/shared_object.h"

namespace signedvfs {
namespace {

struct Loaded {
  std::string path;
  std::string soname;
  std::vector<std::string> needed;
};

// loaded_object reads the dynamic section of one object in memory.
Loaded loaded_object(const dl_phdr_info& info) {
  Loaded out;
  out.path = info.dlpi_name;
  for (std::size_t i = 0; i < info.dlpi_phnum; ++i) {
    if (info.dlpi_phdr[i].p_type != PT_DYNAMIC) continue;
    const auto* const section =
        reinterpret_cast<const ElfW(Dyn)*>(info.dlpi_addr + info.dlpi_phdr[i].p_vaddr);
    const char* strings = nullptr;
    for (const auto* one = section; one->d_tag != DT_NULL; ++one) {
      // The loader has turned the offset into an address, where it could write to the section.
      if (one->d_tag != DT_STRTAB) continue;
      const std::uint64_t at = one->d_un.d_ptr;
      strings = reinterpret_cast<const char*>(at < info.dlpi_addr ? info.dlpi_addr + at : at);
    }
    for (const auto* one = section; one->d_tag != DT_NULL; ++one) {
      if (one->d_tag == DT_NEEDED) out.needed.emplace_back(strings + one->d_un.d_val);
      if (one->d_tag == DT_SONAME) out.soname = strings + one->d_un.d_val;
    }
  }
  return out;
}

std::vector<Loaded> loaded_objects() {
  std::vector<Loaded> found;
  const auto add = [](dl_phdr_info* info, std::size_t, void* out) {
    // The program has no name here, and the kernel's own object no file.
    if (std::string_view(info->dlpi_name).starts_with('/')) {
      static_cast<std::vector<Loaded>*>(out)->push_back(loaded_object(*info));
    }
    return 0;
  };
  dl_iterate_phdr(add, &found);
  return found;
}

TEST(SystemObjects, AreWhatTheLoaderMadeOfThem) {
  if (own_machine() == kNoMachine) GTEST_SKIP() << "objects of this machine's kind are not read";
  const std::vector<Loaded> objects = loaded_objects();
  ASSERT_GE(objects.size(), 3U);  // libc, libstdc++, and the loader
  for (const Loaded& expected : objects) {
    SCOPED_TRACE(expected.path);
    std::ifstream file(expected.path, std::ios::binary);
    std::ostringstream copy;
    copy << file.rdbuf();
    std::string content = copy.str();
    auto object = read_shared_object(std::as_bytes(std::span(content)));
    ASSERT_TRUE(object.ok()) << object.status().what();
    EXPECT_EQ(object->soname, expected.soname);
    EXPECT_EQ(object->needed, expected.needed);
    EXPECT_LE(object->loaded_size, content.size());

    const auto removed = remove_search_path(std::as_writable_bytes(std::span(content)));
    ASSERT_TRUE(removed.ok()) << removed.status().what();
    EXPECT_EQ(*removed, !object->search_paths.empty());
    object->search_paths.clear();
    object->is_runpath = false;
    object->may_search = false;
    const auto edited = read_shared_object(std::as_bytes(std::span(content)));
    ASSERT_TRUE(edited.ok()) << edited.status().what();
    EXPECT_EQ(*edited, *object);
  }
}

}  // namespace
}  // namespace signedvfs
