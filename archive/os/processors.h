// How many threads it is worth to have at work.
#pragma once

namespace signedvfs {

// processors returns how many processors this process may keep busy: those that its affinity mask
// and its control group (version 2, as a container sees its own) allow. At least 1.
unsigned processors() noexcept;

}  // namespace signedvfs
