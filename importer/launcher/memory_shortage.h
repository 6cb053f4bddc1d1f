// What becomes of a process that gets no memory before the unwinder is there. Private to launcher/.
#pragma once

#include <string_view>

namespace signedvfs {

// refuse_without_memory has the process end as one that is refused where it gets no memory;
// `program` says who speaks. The unwinder comes out of the archive (python_library.h), and until
// then an exception would be a call of the address 0. For once, before there are other threads.
void refuse_without_memory(std::string_view program);

// throw_without_memory has it get std::bad_alloc instead, as usual. For when the unwinder is there.
void throw_without_memory() noexcept;

}  // namespace signedvfs
