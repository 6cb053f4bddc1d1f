#include "importer/launcher/memory_shortage.h"

#include <new>
#include <string>

#include "archive/os/program_start.h"
#include "importer/launcher/refusing.h"

namespace signedvfs {
namespace {

const std::string* line = nullptr;  // made ahead, and never destroyed: other threads may need it

[[noreturn]] void refuse_in_time() { refuse_to_run(*line, kRefusedStatus); }

}  // namespace

void refuse_without_memory(std::string_view program) {
  line = new std::string(std::string(program).append(
      ": refused: there is too little memory to open it. Raise the limit (ulimit -v)\n"));
  std::set_new_handler(&refuse_in_time);
}

void throw_without_memory() noexcept { std::set_new_handler(nullptr); }

}  // namespace signedvfs
