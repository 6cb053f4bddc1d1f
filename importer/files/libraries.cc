// Libraries in C that open paths by themselves, and sockets that have one. Nothing of that can be
// verified, and nothing signed is a socket: what is below an archive is refused.
#include <cerrno>

#include "importer/files/answering.h"
#include "importer/files/answers.h"

namespace signedvfs {
namespace {

// by_itself refuses the path at `parameter` where it is ours, the archive's own file included.
PyObject* by_itself(Call& call, const Passing& passing, const Parameter& parameter) {
  const Result<Target> target = call.target_at(parameter);
  if (!target.ok()) return refused(call, target.status());
  if (target->kind == Target::Kind::kElsewhere) return passing.original(call.given());
  const bool is_missing = target->is_inside() && !target->entry.is_there();
  return os_error(is_missing ? target->entry.error : ENOTSUP, *target);
}

// Address is that of a socket. `error` is what is said of one that leads to us; 0: it does not, or
// has no path.
struct Address {
  int error = 0;
  Target target;
};

// address_at reads the one at `position`, where a socket is to be made or has to be already.
Result<Address> address_at(Call& call, Py_ssize_t position, bool is_made) {
  Address out;
  PyObject* const address = call.at({position, nullptr});
  if (address == nullptr || PyTuple_Check(address) != 0 || PyIndex_Check(address) != 0) return out;
  SIGNEDVFS_ASSIGN(out.target, call.target_at({position, nullptr}));
  if (out.target.kind == Target::Kind::kElsewhere) return out;
  const VirtualEntry& entry = out.target.entry;
  const bool is_there = entry.is_there() || out.target.kind == Target::Kind::kOwnFile;
  if (is_made) {
    out.error = is_there ? EADDRINUSE : entry.has_parent ? EROFS : entry.error;
  } else {
    out.error = is_there ? ECONNREFUSED : entry.error;
  }
  return out;
}

PyObject* with_address(Call& call, const Passing& passing, Py_ssize_t position, bool is_made) {
  const Result<Address> address = address_at(call, position, is_made);
  if (!address.ok()) return refused(call, address.status());
  if (address->error == 0) return passing.original(call.given());
  return os_error(address->error, {});  // the system's has no filename either
}

}  // namespace

PyObject* answer_by_itself(Call& call, const Passing& passing) {
  return by_itself(call, passing, {0, "filename"});
}

PyObject* answer_appending(Call& call, const Passing& passing) {
  return by_itself(call, passing, {1, nullptr});
}

// gettext of the C library; the module of that name in Python opens its files as everybody does.
PyObject* answer_text_domain(Call& call, const Passing& passing) {
  return by_itself(call, passing, {1, nullptr});
}

PyObject* answer_bind(Call& call, const Passing& passing) {
  return with_address(call, passing, 0, true);
}

PyObject* answer_connect(Call& call, const Passing& passing) {
  return with_address(call, passing, 0, false);
}

PyObject* answer_connect_ex(Call& call, const Passing& passing) {
  const Result<Address> address = address_at(call, 0, false);
  if (!address.ok()) return refused(call, address.status());
  if (address->error == 0) return passing.original(call.given());
  return PyLong_FromLong(address->error);
}

PyObject* answer_send(Call& call, const Passing& passing) {
  // sendto(data[, flags], address), sendmsg(buffers, ancillary, flags, address): the last one.
  const Py_ssize_t count = call.given().count;
  return with_address(call, passing, count < 2 ? 4 : count - 1, false);
}

}  // namespace signedvfs
