// Finding a name among many.
#include <benchmark/benchmark.h>

#include <string>
#include <vector>

#include "bench/fixture.h"

namespace signedvfs {
namespace {

// lookup asks for every name once a round, each with `suffix` behind it.
void lookup(benchmark::State& state, const std::string& suffix, bool expected, bool indexed) {
  const auto members = static_cast<std::size_t>(state.range());
  const Result<const Fixture*> made = fixture({.members = members, .indexed = indexed});
  if (!made.ok()) return state.SkipWithError(made.status().what().c_str());
  const SignedVfs& vfs = *made.value()->vfs;
  std::vector<std::string> names;
  for (std::size_t i = 0; i < members; ++i) {
    names.push_back(member_name(i) + suffix);
    const Result<bool> found = vfs.contains(names.back());
    if (!found.ok() || *found != expected) return state.SkipWithError("wrong answer");
  }
  for (auto _ : state) {
    for (const std::string& name : names) benchmark::DoNotOptimize(vfs.contains(name));
  }
  state.SetItemsProcessed(state.iterations() * state.range());
}

void lookup_hit(benchmark::State& state) { lookup(state, "", true, false); }
void lookup_miss(benchmark::State& state) { lookup(state, "c", false, false); }
void lookup_hit_indexed(benchmark::State& state) { lookup(state, "", true, true); }
void lookup_miss_indexed(benchmark::State& state) { lookup(state, "c", false, true); }

// lookup_cold is 500 look-ups in an archive that was just opened: 10 directories of 50 names, so
// that pages are read and checked on the way. Opening is not measured.
void lookup_cold(benchmark::State& state) {
  constexpr std::size_t kDirectories = 10;
  constexpr std::size_t kNames = 50;
  const auto members = static_cast<std::size_t>(state.range());
  const Result<const Fixture*> made = fixture({.members = members, .indexed = true});
  if (!made.ok()) return state.SkipWithError(made.status().what().c_str());
  const auto all = made.value()->vfs->listing().paths();
  if (!all.ok()) return state.SkipWithError(all.status().what().c_str());
  for (auto _ : state) {
    state.PauseTiming();
    auto vfs = SignedVfs::open(made.value()->path, made.value()->policy);
    if (!vfs.ok()) return state.SkipWithError(vfs.status().what().c_str());
    state.ResumeTiming();
    for (std::size_t directory = 0; directory < kDirectories; ++directory) {
      for (std::size_t name = 0; name < kNames; ++name) {
        const std::string_view path = all.value()[directory * (members / kDirectories) + name];
        const Result<bool> found = vfs.value()->contains(path);
        if (!found.ok() || !*found) return state.SkipWithError("wrong answer");
      }
    }
    state.PauseTiming();
    vfs.value().reset();
    state.ResumeTiming();
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(kDirectories * kNames));
}

BENCHMARK(lookup_hit)->Arg(100)->Arg(10'000);
BENCHMARK(lookup_miss)->Arg(100)->Arg(10'000);
BENCHMARK(lookup_hit_indexed)->Arg(100)->Arg(10'000);
BENCHMARK(lookup_miss_indexed)->Arg(100)->Arg(10'000);
BENCHMARK(lookup_cold)->Arg(1000)->Arg(100'000);

}  // namespace
}  // namespace signedvfs
