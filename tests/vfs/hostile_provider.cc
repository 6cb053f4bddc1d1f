// A module for OpenSSL, of the kind that an attacker's configuration file would name. Whoever loads
// it runs its constructor, which leaves a file behind.
#include <cstdio>
#include <cstdlib>

namespace {

[[gnu::constructor]] void leave_trace() {
  const char* const path = std::getenv("SIGNEDVFS_TEST_TRACE");
  std::FILE* const trace = path != nullptr ? std::fopen(path, "w") : nullptr;
  if (trace != nullptr) std::fclose(trace);
}

}  // namespace

extern "C" [[gnu::visibility("default")]] int OSSL_provider_init() { return 0; }
