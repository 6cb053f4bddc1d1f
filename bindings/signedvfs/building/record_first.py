# Notes in which order a trial executable reads its members.
#
# In the trial this text stands in front of the library's `encodings`, the first module that comes
# out of an archive, with a call of note_what_is_read behind it. Nothing is imported yet: what it
# uses is built into Python. Members are noted when they are read first, by the process that was
# started first, and in its main interpreter: what others read comes in between in another way every
# time.
def note_what_is_read(archive: str, log: str) -> None:
    import posix
    import sys

    try:
        posix.close(posix.open(log, posix.O_CREAT | posix.O_EXCL | posix.O_WRONLY, 0o600))
    except FileExistsError:
        return
    process = posix.getpid()
    seen = {""}  # the manifest

    def hear(event: str, arguments: tuple[object, ...]) -> None:
        if event != "signedvfs.verify" or posix.getpid() != process or arguments[0] != archive:
            return
        member = str(arguments[1])
        if member in seen:
            return
        seen.add(member)
        # Opened each time: programs that become daemons close what they do not know.
        file = posix.open(log, posix.O_WRONLY | posix.O_APPEND | posix.O_CLOEXEC)
        try:
            posix.write(file, member.encode() + b"\n")
        finally:
            posix.close(file)

    sys.addaudithook(hear)
