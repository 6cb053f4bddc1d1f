// Finding a name among many.
#include <benchmark/benchmark.h>

#include <string>
#include <vector>

#include "bench/fixture.h"

namespace signedvfs {
namespace {

// lookup asks for every name once a round, each with `suffix` behind it.
void lookup(benchmark::State& state, const std::string& suffix, bool expected) {
  const auto members = static_cast<std::size_t>(state.range());
  const Result<const Fixture*> made = fixture({.members = members});
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

void lookup_hit(benchmark::State& state) { lookup(state, "", true); }
void lookup_miss(benchmark::State& state) { lookup(state, "c", false); }

BENCHMARK(lookup_hit)->Arg(100)->Arg(10'000);
BENCHMARK(lookup_miss)->Arg(100)->Arg(10'000);

}  // namespace
}  // namespace signedvfs
