# Compiles modules, each in a process forked from one and the same untouched interpreter.
#
# What marshal writes depends on what else a process has done: which strings it has interned, how
# often an object is referred to. A child that compiles one file and ends sees the state that every
# other one sees, so its answer depends on the file alone. That is also why this script imports
# nothing that is not built in, and why its parent process does nothing between two forks.
#
# A request on standard input is two lengths (4 and 8 bytes, little-endian), the file name and the
# source. An answer on standard output is a status, a length (8 bytes) and that many bytes: "+" and
# the marshalled code, or "-" and the error's text.
import marshal
import posix

END_OF_INPUT = 3


def read_exactly(size: int) -> bytes:
    pieces = []
    while size:
        piece = posix.read(0, min(size, 1 << 20))
        if not piece:
            posix._exit(END_OF_INPUT)
        pieces.append(piece)
        size -= len(piece)
    return b"".join(pieces)


def answer(status: bytes, text: bytes) -> None:
    text = status + len(text).to_bytes(8, "little") + text
    while text:
        text = text[posix.write(1, text) :]


def compile_one() -> None:
    lengths = read_exactly(12)
    name = read_exactly(int.from_bytes(lengths[:4], "little")).decode()
    source = read_exactly(int.from_bytes(lengths[4:], "little"))
    try:
        text = marshal.dumps(compile(source, name, "exec", dont_inherit=True, optimize=0))
    except Exception as error:
        answer(b"-", f"{type(error).__name__}: {error}".encode("utf-8", "backslashreplace"))
    else:
        answer(b"+", text)


def serve() -> None:
    while True:
        child = posix.fork()
        if child == 0:
            compile_one()
            posix._exit(0)
        status = posix.waitpid(child, 0)[1]
        if posix.WIFEXITED(status) and posix.WEXITSTATUS(status) == END_OF_INPUT:
            break
        if status != 0:
            answer(b"-", f"the compiler ended with wait status {status}".encode())


serve()
