// Opening an archive: its directory, its manifest, the signature.
#include <benchmark/benchmark.h>

#include "bench/fixture.h"

namespace signedvfs {
namespace {

void open_archive(benchmark::State& state) {
  const Result<const Fixture*> made = fixture({.members = static_cast<std::size_t>(state.range())});
  if (!made.ok()) return state.SkipWithError(made.status().what().c_str());
  for (auto _ : state) {
    const auto vfs = SignedVfs::open(made.value()->path, made.value()->policy);
    if (!vfs.ok()) return state.SkipWithError(vfs.status().what().c_str());
    benchmark::DoNotOptimize(vfs.value().get());
  }
  state.SetItemsProcessed(state.iterations() * state.range());
}

// open_container_only is opening without the manifest: what the strict reading of the directory
// costs.
void open_container_only(benchmark::State& state) {
  const Result<const Fixture*> made = fixture({.members = static_cast<std::size_t>(state.range())});
  if (!made.ok()) return state.SkipWithError(made.status().what().c_str());
  for (auto _ : state) {
    const auto container = open_container(made.value()->path, {});
    if (!container.ok()) return state.SkipWithError(container.status().what().c_str());
    benchmark::DoNotOptimize(container.value().get());
  }
  state.SetItemsProcessed(state.iterations() * state.range());
}

BENCHMARK(open_archive)->RangeMultiplier(10)->Range(10, 10'000)->Unit(benchmark::kMicrosecond);
BENCHMARK(open_container_only)
    ->RangeMultiplier(10)
    ->Range(10, 10'000)
    ->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace signedvfs
