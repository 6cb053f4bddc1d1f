// Signers as Python gives them: private keys, and objects that ask somebody else.
#pragma once

#include <pybind11/pybind11.h>

#include <vector>

#include "bindings/home.h"
#include "importer/python/progress.h"
#include "vfs/signing/custody.h"

namespace signedvfs {

// Signers keeps the objects that are asked while something is signed. Made and gone with the GIL.
class Signers {
 public:
  // Signers takes one signer, or an iterable of them; a TypeError for anything else. `progress`,
  // which must outlive it, runs the work in which they are asked.
  Signers(const Home& home, const pybind11::object& keys, Progress& progress);

  // signers is for that work: they hold no references of their own, so any thread may copy them.
  const std::vector<Signer>& signers() const& noexcept { return signers_; }

 private:
  void add(const Home& home, const pybind11::object& key, Progress& progress);

  std::vector<pybind11::object> asked_;
  std::vector<Signer> signers_;
};

}  // namespace signedvfs
