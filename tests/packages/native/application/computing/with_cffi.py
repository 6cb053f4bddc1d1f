"""cffi: calls into the C library, and back."""

from __future__ import annotations

import cffi


def compute() -> None:
    ffi = cffi.FFI()
    ffi.cdef(
        "size_t strlen(const char *);"
        "void qsort(void *, size_t, size_t, int (*)(const void *, const void *));"
    )
    c = ffi.dlopen(None)
    assert c.strlen(b"tea") == 3

    @ffi.callback("int(const void *, const void *)")
    def compare(one: object, other: object) -> int:
        return int(ffi.cast("int *", one)[0] - ffi.cast("int *", other)[0])

    numbers = ffi.new("int[]", [3, 1, 2])
    c.qsort(numbers, 3, ffi.sizeof("int"), compare)
    assert list(numbers) == [1, 2, 3]
