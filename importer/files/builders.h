// What stands behind the doors of constructor_door.cc. Private to files/.
#pragma once

#include "importer/files/constructor_door.h"

namespace signedvfs {

int build_file_io(Call& call, const Construction& construction);     // file_io.cc
int build_connection(Call& call, const Construction& construction);  // sqlite.cc

}  // namespace signedvfs
