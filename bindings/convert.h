// Python's paths, names, passwords and times as the core wants them, and back.
#pragma once

#include <pybind11/pybind11.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace signedvfs {

// All functions need the GIL and throw the Python exception that an unsuitable object deserves.

// path_of returns the bytes of a str, bytes or os.PathLike in the file system's encoding. A NUL in
// it raises ValueError.
std::string path_of(pybind11::handle path);

// optional_path_of does the same, and gives nothing for None.
std::optional<std::string> optional_path_of(pybind11::handle path);

// path_object returns the str for a path's bytes, as os.fsdecode would.
pybind11::str path_object(std::string_view path);

// utf8_of returns a str's UTF-8; surrogates pass through, and then match no name of any archive.
// `what` names the argument in the TypeError for other objects.
std::string utf8_of(pybind11::handle text, const char* what);

// text_object returns the str for UTF-8; bytes that are none become surrogates.
pybind11::str text_object(std::string_view utf8);

// text_list does the same for each of `all`.
pybind11::list text_list(const std::vector<std::string>& all);

// optional_object returns None, or the value as pybind11 has it.
template <class T>
pybind11::object optional_object(const std::optional<T>& value) {
  if (!value) return pybind11::none();
  return pybind11::cast(*value);
}

// seconds_of returns the seconds since 1970-01-01T00:00:00Z for an int, a float (rounded down) or
// an aware datetime. `what` names the argument in messages.
std::int64_t seconds_of(pybind11::handle time, const char* what);
std::optional<std::int64_t> optional_seconds_of(pybind11::handle time, const char* what);

// bytes_of_buffer returns `data` itself where it is bytes, and a bytes copy of any other object
// with the buffer protocol: what another thread could change is never read without the GIL.
pybind11::bytes bytes_of_buffer(pybind11::handle data);

// for_each calls `use` with each item of the iterable `items`, which may not be a str or bytes: a
// lone string is a common mistake for a sequence of one. `what` names the argument in messages.
void for_each(pybind11::handle items, const char* what,
              const std::function<void(pybind11::handle)>& use);

// keys_of returns the Keys (PublicKey, PrivateKey) of `keys`: one key, or an iterable of them.
template <typename Key>
std::vector<Key> keys_of(const pybind11::object& keys) {
  if (pybind11::isinstance<Key>(keys)) return {keys.cast<const Key&>()};
  std::vector<Key> out;
  for_each(keys, "keys", [&](pybind11::handle key) {
    if (!pybind11::isinstance<Key>(key)) {
      const auto wanted = pybind11::type::of<Key>().attr("__name__").template cast<std::string>();
      throw pybind11::type_error("keys must be of type signedvfs." + wanted + ", not " +
                                 Py_TYPE(key.ptr())->tp_name);
    }
    out.push_back(key.cast<const Key&>());
  });
  return out;
}

// Password is a str's UTF-8, bytes, or None, cleared from memory when it goes.
class Password {
 public:
  explicit Password(pybind11::handle password);
  Password(const Password&) = delete;
  Password& operator=(const Password&) = delete;
  ~Password();

  const std::optional<std::string>& text() const& noexcept { return text_; }

 private:
  std::optional<std::string> text_;
};

}  // namespace signedvfs
