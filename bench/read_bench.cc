// Reading a member: one copy, one decoding, one hash, in memory of its own.
#include <benchmark/benchmark.h>

#include <cstdint>
#include <string>

#include "archive/base/buffer.h"
#include "bench/fixture.h"
#include "vfs/verified_bytes.h"

namespace signedvfs {
namespace {

template <Method method>
void read_member(benchmark::State& state) {
  const auto size = static_cast<std::size_t>(state.range());
  const Result<const Fixture*> made =
      fixture({.method = method, .members = 1, .member_bytes = size});
  if (!made.ok()) return state.SkipWithError(made.status().what().c_str());
  const SignedVfs& vfs = *made.value()->vfs;
  const std::string name = member_name(0);
  for (auto _ : state) {
    const Result<VerifiedBytes> bytes = vfs.read(name);
    if (!bytes.ok()) return state.SkipWithError(bytes.status().what().c_str());
    benchmark::DoNotOptimize(bytes.value().bytes().data());
  }
  state.SetBytesProcessed(state.iterations() * state.range());
}

BENCHMARK_TEMPLATE(read_member, Method::kStored)->RangeMultiplier(4)->Range(1 << 10, 16 << 20);
BENCHMARK_TEMPLATE(read_member, Method::kDeflate)->RangeMultiplier(4)->Range(1 << 10, 16 << 20);
BENCHMARK_TEMPLATE(read_member, Method::kZstd)->RangeMultiplier(4)->Range(1 << 10, 16 << 20);

}  // namespace
}  // namespace signedvfs
