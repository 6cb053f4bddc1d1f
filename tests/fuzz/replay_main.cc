// Runs a fuzz target over the files and directories that are its arguments, without libFuzzer.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <fstream>
#include <ios>
#include <memory>
#include <system_error>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

namespace fs = std::filesystem;

// files_under returns `path` itself, or the regular files below it.
std::vector<fs::path> files_under(const fs::path& path) {
  if (!fs::is_directory(path)) return {path};
  std::vector<fs::path> files;
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(path)) {
    if (entry.is_regular_file()) files.push_back(entry.path());
  }
  return files;
}

// replay runs the target on the file's bytes, in an allocation of exactly their size, so that
// AddressSanitizer sees the first byte read too many.
bool replay(const fs::path& path) {
  std::error_code error;
  const std::uintmax_t size = fs::file_size(path, error);
  std::ifstream file(path, std::ios::binary);
  if (error || !file) return false;
  const auto bytes = std::make_unique<std::uint8_t[]>(size);
  // iostreams read char only.
  if (!file.read(reinterpret_cast<char*>(bytes.get()), static_cast<std::streamsize>(size))) {
    return false;
  }
  return LLVMFuzzerTestOneInput(bytes.get(), size) == 0;
}

int replay_all(int argc, char** argv) {
  std::size_t inputs = 0;
  for (int i = 1; i < argc; ++i) {
    for (const fs::path& path : files_under(argv[i])) {
      if (!replay(path)) {
        std::fprintf(stderr, "%s: cannot be read, or the target refused it\n", path.c_str());
        return EXIT_FAILURE;
      }
      ++inputs;
    }
  }
  if (inputs == 0) {
    std::fprintf(stderr, "usage: %s FILE-OR-DIRECTORY...; there was no input\n", argv[0]);
    return EXIT_FAILURE;
  }
  std::printf("%zu inputs replayed\n", inputs);
  return EXIT_SUCCESS;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return replay_all(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return EXIT_FAILURE;
  }
}
