// Tables of zip archives that must be refused.
#pragma once

#include <gtest/gtest.h>

#include <ostream>
#include <string>

#include "archive/base/limits.h"
#include "archive/base/status.h"
#include "archive/zip/directory.h"
#include "support/failing_source.h"
#include "support/zip_builder.h"

namespace signedvfs {

// ZipCase is one way to depart from `ordinary_zip`, and the code it must be refused with.
struct ZipCase {
  std::string name;
  Errc code;
  void (*change)(ZipPlan&);
  Limits limits = {};
};

inline void PrintTo(const ZipCase& zip_case, std::ostream* out) { *out << zip_case.name; }

// ordinary_zip is an archive that is accepted.
inline ZipPlan ordinary_zip() {
  ZipPlan plan;
  plan.entries = {{"pkg/", ""},
                  {"pkg/__init__.py", "import os\n"},
                  {"pkg/data.txt", std::string(1000, 'd'), Method::kDeflate},
                  {"pkg/more.txt", std::string(1000, 'z'), Method::kZstd}};
  return plan;
}

// read_index reads the index and, as every reader of a member does, each local header.
inline Result<ZipDirectory> read_index(const std::string& bytes, const Limits& limits = {}) {
  const MemorySource source(bytes);
  SIGNEDVFS_ASSIGN(ZipDirectory index, ZipDirectory::read(source, limits));
  for (const ZipRecord& member : index.members()) {
    SIGNEDVFS_ASSIGN(const Buffer stored, copy_stored(source, member));
    EXPECT_EQ(stored.size(), member.stored_size);
  }
  return index;
}

// expect_refused builds the case's archive and requires its code.
inline void expect_refused(const ZipCase& zip_case) {
  ZipPlan plan = ordinary_zip();
  ASSERT_TRUE(read_index(build_zip(plan)).ok());
  zip_case.change(plan);
  const auto index = read_index(build_zip(plan), zip_case.limits);
  ASSERT_FALSE(index.ok());
  EXPECT_EQ(name(index.code()), name(zip_case.code)) << index.status().what();
}

struct ZipCaseName {
  std::string operator()(const testing::TestParamInfo<ZipCase>& info) const {
    return info.param.name;
  }
};

}  // namespace signedvfs
