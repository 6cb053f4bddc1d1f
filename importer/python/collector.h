// Keeping the cyclic garbage collector out of bursts of imports.
#pragma once

#include <cstddef>
#include <cstdint>

#include "archive/base/status.h"
#include "importer/python/object.h"

namespace signedvfs {

// Collector defers collections while modules of ours are executed, once a program has asked for
// that. Importing makes many objects and hardly any garbage: what the collector goes through again
// and again is modules, classes and functions that stay.
//
// During a burst, which is the outermost execution of a module and all imports inside it, the
// threshold of the youngest generation (gc.set_threshold) is `kObjects`: a module that never
// returns, because the program runs inside it, still has its garbage collected. At the end the
// thresholds are what they were, unless the burst's code has set others; and what the burst has
// made is old, as it would be after the collections that were saved, unless objects are frozen
// (gc.freeze) already: by the program, or by Python 3.12, which starts with some.
//
// A small module by itself makes too few objects to have any collected: with such a one the burst
// begins where it imports another.
//
// Belongs to one interpreter; everything needs the GIL, so free-threaded Python never defers.
class Collector {
 public:
  static constexpr long kObjects = 200'000;
  static constexpr std::size_t kSmallBytes = 4096;  // of source or bytecode

  // defer switches deferring on or off, from the next burst on. Imports the module gc.
  Status defer(bool on);

  // Burst is one execution of a module, of so many bytes. An exception that is set stays set.
  class [[nodiscard]] Burst {
   public:
    Burst(Collector& collector, std::size_t bytes) : collector_(collector) {
      collector_.enter(bytes);
    }
    Burst(const Burst&) = delete;
    Burst& operator=(const Burst&) = delete;
    ~Burst() {
      in_destructor([&] { collector_.leave(); });
    }

   private:
    Collector& collector_;
  };

 private:
  void enter(std::size_t bytes);
  void leave();

  PyRef gc_;
  bool on_ = false;
  std::uint32_t depth_ = 0;
  bool has_begun_ = false;
  PyRef before_;  // what gc.get_threshold() said at the beginning; empty: nothing was changed
  PyRef during_;  // what it said after we had set ours
};

}  // namespace signedvfs
