// Python's `SignedVfs`, and the function that opens one.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "importer/python/errors.h"
#include "importer/python/interpreter.h"
#include "importer/python/object.h"
#include "vfs/signed_vfs.h"

namespace signedvfs {

// OpenVfs is what a `SignedVfs` holds.
struct OpenVfs {
  std::shared_ptr<const SignedVfs> vfs;

  const SignedVfs* operator->() const noexcept { return vfs.get(); }
  Subject subject() const { return {vfs->path(), std::nullopt}; }
  Subject subject(std::string member) const { return {vfs->path(), std::move(member)}; }

  // asked returns what `question` finds. Only with an index may that read from the file.
  template <class Question>
  auto asked(const Question& question) const {
    return vfs->has_index() ? without_gil(question) : question();
  }
};

Status add_signed_vfs(Interpreter& home);

}  // namespace signedvfs
