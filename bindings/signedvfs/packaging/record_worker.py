# Runs a program out of an archive, and notes in which order its members are read.
#
# Run by path, with the words LOG KEY ARCHIVE PACKAGES LIMITS HOW and what HOW needs: "-m" MODULE,
# "-c" CODE, "archive" or "script" FILE, each followed by the program's arguments. Members are noted
# when they are read first, so the list is complete however the program ends; and by this process
# only, because what children read meanwhile comes in between in another way every time.
import os
import sys


def note_what_is_read(archive: str, log: str) -> None:
    process = os.getpid()
    seen = {""}  # the manifest, which is read before anything

    def hear(event: str, arguments: tuple[object, ...]) -> None:
        if event != "signedvfs.verify" or os.getpid() != process or arguments[0] != archive:
            return
        member = str(arguments[1])
        if member in seen:
            return
        seen.add(member)
        # Opened each time: programs that become daemons close what they do not know.
        file = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC)
        try:
            os.write(file, member.encode() + b"\n")
        finally:
            os.close(file)

    sys.addaudithook(hear)


def run_beside(archive: str, key: str, limits: list[str], how: str, words: list[str]) -> None:
    # What `signedvfs run` has no word for: code that is not in the archive, but imports from it.
    import runpy

    import signedvfs

    fields = dict(limit.split("=") for limit in limits)
    signedvfs.set_policy(
        signedvfs.TrustPolicy([signedvfs.PublicKey.load(key)]),
        limits=signedvfs.Limits(**{name: int(number) for name, number in fields.items()}),
    )
    signedvfs.hook.protect(archive)
    sys.path_hooks.insert(0, signedvfs.hook)
    sys.path.insert(0, archive)
    if how == "script":
        sys.argv = words
        runpy.run_path(words[0], run_name="__main__")
    else:
        sys.argv = ["-c", *words[1:]]
        main = type(sys)("__main__")
        sys.modules["__main__"] = main
        exec(compile(words[0], "<string>", "exec"), main.__dict__)


def work() -> object:
    log, key, archive, packages, given, how, *words = sys.argv[1:]
    limits = given.split(",")
    # Python has put the directory of this file first.
    if sys.path[:1] == [__file__.rpartition("/")[0]]:
        del sys.path[0]
    try:
        import signedvfs.cli
    except ImportError:
        sys.path.append(packages)
        import signedvfs.cli

    note_what_is_read(archive, log)
    # The environment is the packer's own, and has fixed the seed of hashes.
    run = ["run", "--no-isolated", "--trust", key, *(f"--limit={limit}" for limit in limits)]
    if how == "archive":
        return signedvfs.cli.main([*run, archive, *words])
    if how == "-m":
        return signedvfs.cli.main([*run, "-m", words[0], archive, *words[1:]])
    run_beside(archive, key, limits, how, words)
    return None


sys.exit(work())  # type: ignore[arg-type]  # an exit code or None
