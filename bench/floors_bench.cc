// What reading can never be faster than: the copy and the hash alone, on the same content.
#include <benchmark/benchmark.h>
#include <openssl/evp.h>

#include <array>
#include <cstring>
#include <memory>
#include <string>

#include "archive/base/buffer.h"
#include "bench/fixture.h"
#include "vfs/crypto/digest.h"

namespace signedvfs {
namespace {

void floor_copy(benchmark::State& state) {
  const std::string content = content_of(0, static_cast<std::size_t>(state.range()));
  for (auto _ : state) {
    // New memory each time, as for a member.
    Buffer copy(content.size());
    std::memcpy(copy.bytes().data(), content.data(), content.size());
    benchmark::DoNotOptimize(copy.bytes().data());
    benchmark::ClobberMemory();
  }
  state.SetBytesProcessed(state.iterations() * state.range());
}

void floor_sha256(benchmark::State& state) {
  const std::string content = content_of(0, static_cast<std::size_t>(state.range()));
  const std::unique_ptr<EVP_MD, decltype(&EVP_MD_free)> algorithm(
      EVP_MD_fetch(nullptr, "SHA256", nullptr), EVP_MD_free);
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(),
                                                                        EVP_MD_CTX_free);
  std::array<unsigned char, 32> digest{};
  const auto hash = [&] {
    return EVP_DigestInit_ex2(context.get(), algorithm.get(), nullptr) == 1 &&
           EVP_DigestUpdate(context.get(), content.data(), content.size()) == 1 &&
           EVP_DigestFinal_ex(context.get(), digest.data(), nullptr) == 1;
  };
  const Result<Digest> expected = digest_of(HashType::kSha256, bytes_of(content));
  if (!expected.ok() || !hash() ||
      Digest(HashType::kSha256, std::as_bytes(std::span(digest))) != expected.value()) {
    return state.SkipWithError("wrong digest");
  }
  for (auto _ : state) {
    if (!hash()) return state.SkipWithError("hashing failed");
    benchmark::DoNotOptimize(digest);
  }
  state.SetBytesProcessed(state.iterations() * state.range());
}

BENCHMARK(floor_copy)->RangeMultiplier(4)->Range(1 << 10, 16 << 20);
BENCHMARK(floor_sha256)->RangeMultiplier(4)->Range(1 << 10, 16 << 20);

}  // namespace
}  // namespace signedvfs
