#include "importer/values/trusted_key.h"

#include <array>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "importer/python/convert.h"
#include "importer/python/errors.h"
#include "importer/python/heap_type.h"
#include "importer/values/values.h"

namespace signedvfs {
namespace {

constexpr std::size_t kTrustedParameters = 5;
using TrustedArguments = std::array<PyObject*, kTrustedParameters>;
constexpr Parameters<kTrustedParameters> kTrustedSignature{
    "Trusted", 1, {"key", "names", "min_serial", "max_serial", "not_after"}};

bool is_there(PyObject* argument) noexcept { return argument != nullptr && argument != Py_None; }

Result<std::optional<std::uint64_t>> scope_serial(PyObject* given, const char* what) {
  if (!is_there(given)) return std::optional<std::uint64_t>();
  SIGNEDVFS_ASSIGN(const std::uint64_t number, count_of(given, what));
  return std::optional(number);
}

Result<TrustedKey> read_trusted(const Interpreter& home, const TrustedArguments& in) {
  const auto [key, names, min_serial, max_serial, not_after] = in;
  const PublicKey* const public_key = public_key_in(home, key);
  if (public_key == nullptr) return wrong_type("key", "of type signedvfs.PublicKey", key);
  TrustedKey out(*public_key);
  if (is_there(names)) {
    SIGNEDVFS_ASSIGN(const std::vector<std::string> all, texts_of(names, "names", "a name"));
    out.scope.names = std::set<std::string>(all.begin(), all.end());
  }
  SIGNEDVFS_ASSIGN(out.scope.min_serial, scope_serial(min_serial, "min_serial"));
  SIGNEDVFS_ASSIGN(out.scope.max_serial, scope_serial(max_serial, "max_serial"));
  if (is_there(not_after)) {
    SIGNEDVFS_ASSIGN(out.scope.not_after, optional_seconds_of(not_after, "not_after"));
  }
  SIGNEDVFS_TRY(out.scope.validate());
  return out;
}

PyObject* make_trusted(PyTypeObject* type, PyObject* positional, PyObject* named) {
  TrustedArguments in;
  Interpreter* const home = home_of(type);
  if (home == nullptr || !kTrustedSignature.read(positional, named, in)) return nullptr;
  Result<TrustedKey> trusted = read_trusted(*home, in);
  if (!trusted.ok()) return raised(*home, trusted.status(), Activity::kTool);
  Result<PyRef> made = new_object(type, home, std::move(*trusted));
  return made.ok() ? std::move(*made).release() : nullptr;
}

const TrustedKey* trusted_in(const Interpreter& home, PyObject* object) noexcept {
  if (Py_TYPE(object) != Interpreter::type(home.types.trusted_key)) return nullptr;
  const auto& trusted = holder_of<TrustedKey>(object)->value;
  return trusted ? &*trusted : nullptr;
}

Result<PyRef> key_object(Interpreter& home, const TrustedKey& self) {
  return public_key_object(home, self.key);
}

// names_in_order is for people and for text that is kept: sets have no order.
Result<PyRef> names_in_order(Interpreter& /*home*/, const TrustedKey& self) {
  if (!self.scope.names) return PyRef::borrow(Py_None);
  return text_list({self.scope.names->begin(), self.scope.names->end()});
}

Result<PyRef> scope_names(Interpreter& home, const TrustedKey& self) {
  SIGNEDVFS_ASSIGN(PyRef all, names_in_order(home, self));
  if (all.get() == Py_None) return all;
  return owned(PyFrozenSet_New(all.get()));
}

Result<PyRef> min_serial_object(Interpreter& /*home*/, const TrustedKey& self) {
  return optional_number(self.scope.min_serial);
}

Result<PyRef> max_serial_object(Interpreter& /*home*/, const TrustedKey& self) {
  return optional_number(self.scope.max_serial);
}

Result<PyRef> not_after_object(Interpreter& /*home*/, const TrustedKey& self) {
  return optional_number(self.scope.not_after);
}

// trusted_arguments returns a tuple of what the constructor would be given for the same, with what
// `kNames` makes of the names.
template <Result<PyRef> (*kNames)(Interpreter& home, const TrustedKey& self) = &scope_names>
Result<PyRef> trusted_arguments(Interpreter& home, const TrustedKey& self) {
  SIGNEDVFS_ASSIGN(const PyRef key, key_object(home, self));
  SIGNEDVFS_ASSIGN(const PyRef names, kNames(home, self));
  SIGNEDVFS_ASSIGN(const PyRef min_serial, min_serial_object(home, self));
  SIGNEDVFS_ASSIGN(const PyRef max_serial, max_serial_object(home, self));
  SIGNEDVFS_ASSIGN(const PyRef not_after, not_after_object(home, self));
  return owned(PyTuple_Pack(kTrustedParameters, key.get(), names.get(), min_serial.get(),
                            max_serial.get(), not_after.get()));
}

Result<PyRef> trusted_text(Interpreter& home, const TrustedKey& self) {
  SIGNEDVFS_ASSIGN(const PyRef given, trusted_arguments<&names_in_order>(home, self));
  SIGNEDVFS_ASSIGN(const PyRef pattern,
                   owned(PyUnicode_FromString("signedvfs.Trusted(%r, names=%r, min_serial=%r, "
                                              "max_serial=%r, not_after=%r)")));
  return owned(PyUnicode_Format(pattern.get(), given.get()));
}

Result<PyRef> reduced_trusted(Interpreter& home, const TrustedKey& self) {
  SIGNEDVFS_ASSIGN(const PyRef given, trusted_arguments(home, self));
  return owned(PyTuple_Pack(2, home.types.trusted_key.get(), given.get()));
}

// told_by is a getter, or the like, for what `kBody` makes of the key.
template <Result<PyRef> (*kBody)(Interpreter& home, const TrustedKey& key)>
PyObject* told_by(PyObject* self) {
  const auto* const trusted = value_in<TrustedKey>(self);
  if (trusted == nullptr) return nullptr;
  Interpreter& home = *holder_of<TrustedKey>(self)->home;
  return answer(home, kBody(home, *trusted), Activity::kTool);
}

Py_hash_t trusted_hash(PyObject* self) {
  const auto* const trusted = value_in<TrustedKey>(self);
  if (trusted == nullptr) return -1;
  const Result<PyRef> given = trusted_arguments(*holder_of<TrustedKey>(self)->home, *trusted);
  return given.ok() ? PyObject_Hash(given->get()) : -1;
}

PyObject* trusted_compared(PyObject* self, PyObject* other, int operation) {
  if (Py_TYPE(self) != Py_TYPE(other) || (operation != Py_EQ && operation != Py_NE)) {
    Py_RETURN_NOTIMPLEMENTED;
  }
  const auto* const one = value_in<TrustedKey>(self);
  const auto* const two = value_in<TrustedKey>(other);
  if (one == nullptr || two == nullptr) return nullptr;
  return PyBool_FromLong(static_cast<long>((*one == *two) == (operation == Py_EQ)));
}

PyMethodDef trusted_methods[] = {
    method_of<&told_by<&reduced_trusted>>("__reduce__", "Return what it can be made of again."),
    {}};

PyGetSetDef trusted_attributes[] = {
    getter_of<&told_by<&key_object>>("key", "The public key."),
    getter_of<&told_by<&scope_names>>("names", "The names that it may sign, or None."),
    getter_of<&told_by<&min_serial_object>>("min_serial", "The lowest serial, or None."),
    getter_of<&told_by<&max_serial_object>>("max_serial", "The highest serial, or None."),
    getter_of<&told_by<&not_after_object>>(
        "not_after", "The last moment, in seconds since 1970, at which it counts, or None."),
    {}};

PyMemberDef trusted_members[] = {kWeakMember, {}};

PyType_Slot trusted_slots[] = {
    slot(Py_tp_doc,
         "Trusted(key, names=None, min_serial=None, max_serial=None, not_after=None)\n--\n\n"
         "A key, and what it is trusted for; a signature on anything else is as one by a "
         "stranger.\n\n"
         "names: the `@name`s that it may sign; None: any, and none at all.\n"
         "min_serial, max_serial: the lowest and highest `@serial`. With either of them what has "
         "no\n"
         "serial is not trusted. `max_serial` retires a key: what it has signed stays valid, and "
         "no later\n"
         "release is. It does not help against a thief, who signs an old number: revoke the key.\n"
         "not_after: the last moment at which the key counts, whenever it has signed - seconds "
         "since 1970\n"
         "or an aware datetime.\n\n"
         "Raises ValueError where nothing could be trusted."),
    slot(Py_tp_new, &constructor<&make_trusted>),
    slot(Py_tp_repr, &plain<&told_by<&trusted_text>>),
    slot(Py_tp_hash, &hash<&trusted_hash>),
    slot(Py_tp_richcompare, &comparison<&trusted_compared>),
    slot(Py_tp_traverse, &traverse_holder<TrustedKey>),
    slot(Py_tp_clear, &clear_holder<TrustedKey>),
    slot(Py_tp_dealloc, &free_holder<TrustedKey>),
    slot(Py_tp_methods, trusted_methods),
    slot(Py_tp_getset, trusted_attributes),
    slot(Py_tp_members, trusted_members),
    {}};

PyType_Spec trusted_spec{"signedvfs.Trusted", sizeof(Holder<TrustedKey>), 0,
                         Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC, trusted_slots};

}  // namespace

Status add_trusted_key(Interpreter& home) {
  return add_type(home, trusted_spec, home.types.trusted_key);
}

std::optional<TrustedKey> trusted_key_in(const Interpreter& home, PyObject* object) {
  if (const PublicKey* const key = public_key_in(home, object); key != nullptr) return *key;
  if (const TrustedKey* const key = trusted_in(home, object); key != nullptr) return *key;
  return std::nullopt;
}

Result<std::vector<TrustedKey>> trusted_keys_of(const Interpreter& home, PyObject* keys) {
  if (auto one = trusted_key_in(home, keys)) return std::vector<TrustedKey>{std::move(*one)};
  std::vector<TrustedKey> out;
  SIGNEDVFS_TRY(for_each(keys, "keys", [&](PyObject* item) -> Status {
    auto key = trusted_key_in(home, item);
    if (!key) return wrong_type("keys", "of type signedvfs.PublicKey or signedvfs.Trusted", item);
    out.push_back(std::move(*key));
    return {};
  }));
  return out;
}

Result<PyRef> trusted_key_object(Interpreter& home, const TrustedKey& key) {
  if (key.scope == KeyScope()) return public_key_object(home, key.key);
  return new_object(Interpreter::type(home.types.trusted_key), &home, TrustedKey(key));
}

}  // namespace signedvfs
