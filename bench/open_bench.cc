// Opening an archive: its directory, its manifest, the signature.
#include <benchmark/benchmark.h>

#include <algorithm>

#include "archive/opening.h"
#include "bench/fixture.h"

namespace signedvfs {
namespace {

void open_shape(benchmark::State& state, const Shape& shape) {
  const Result<const Fixture*> made = fixture(shape);
  if (!made.ok()) return state.SkipWithError(made.status().what().c_str());
  for (auto _ : state) {
    const auto vfs = SignedVfs::open(made.value()->path, made.value()->policy);
    if (!vfs.ok()) return state.SkipWithError(vfs.status().what().c_str());
    benchmark::DoNotOptimize(vfs.value().get());
  }
  state.SetItemsProcessed(state.iterations() * state.range());
}

void open_archive(benchmark::State& state) {
  open_shape(state, {.members = static_cast<std::size_t>(state.range())});
}

// open_indexed should take the same time for any number of members.
void open_indexed(benchmark::State& state) {
  open_shape(state, {.members = static_cast<std::size_t>(state.range()), .indexed = true});
}

// open_and_read is what a program that imports 20 modules of an archive asks of it, in a process
// that has not seen the archive before.
void open_and_read(benchmark::State& state, Method method, bool indexed) {
  constexpr std::size_t kReads = 20;
  const auto members = static_cast<std::size_t>(state.range());
  const Result<const Fixture*> made =
      fixture({.method = method, .members = members, .member_bytes = 8192, .indexed = indexed});
  if (!made.ok()) return state.SkipWithError(made.status().what().c_str());
  for (auto _ : state) {
    const auto vfs = SignedVfs::open(made.value()->path, made.value()->policy);
    if (!vfs.ok()) return state.SkipWithError(vfs.status().what().c_str());
    for (std::size_t i = 0; i < std::min(kReads, members); ++i) {
      const auto bytes = vfs.value()->read(member_name(i * 50 % members));
      if (!bytes.ok()) return state.SkipWithError(bytes.status().what().c_str());
      benchmark::DoNotOptimize(bytes.value().bytes().data());
    }
  }
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
BENCHMARK(open_indexed)->RangeMultiplier(10)->Range(10, 100'000)->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(open_and_read, stored_by_manifest, Method::kStored, false)
    ->RangeMultiplier(10)
    ->Range(1, 1000)
    ->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(open_and_read, stored_by_index, Method::kStored, true)
    ->RangeMultiplier(10)
    ->Range(1, 1000)
    ->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(open_and_read, deflated_by_manifest, Method::kDeflate, false)
    ->RangeMultiplier(10)
    ->Range(1, 1000)
    ->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(open_and_read, deflated_by_index, Method::kDeflate, true)
    ->RangeMultiplier(10)
    ->Range(1, 1000)
    ->Unit(benchmark::kMicrosecond);
BENCHMARK(open_container_only)
    ->RangeMultiplier(10)
    ->Range(10, 10'000)
    ->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace signedvfs
