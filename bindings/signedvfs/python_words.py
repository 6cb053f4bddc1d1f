"""What an interpreter's command line asks for: options, and a script, a module or code.

The grammar is CPython's (Python/getopt.c, and Doc/using/cmdline.rst): short options may be joined;
-c and -m end the options, and so does the first word that is none.
"""

from __future__ import annotations

TYPE_CHECKING = False  # see signedvfs/__init__.py
if TYPE_CHECKING:
    from collections.abc import Sequence

_WITH_VALUE = "WXQ"
_LONG_WITH_VALUE = "--check-hash-based-pycs"

SCRIPT, MODULE, CODE, NOTHING = "script", "module", "code", "nothing"


class Invocation:
    """Invocation is a command line taken apart.

    options: the words in front, without -c or -m; letters: the letters of those that take no value.
    kind: SCRIPT, MODULE, CODE, or NOTHING for an interpreter that reads its standard input, or only
    says something. program: the path, the name or the code. rest: what the program gets.
    """

    __slots__ = ("kind", "letters", "options", "program", "rest")

    def __init__(self, words: Sequence[str]) -> None:
        self.options: list[str] = []
        self.letters = ""
        self.kind = NOTHING
        self.program = ""
        self.rest: list[str] = []
        waiting = list(words)
        while waiting and self._take_option(waiting):
            pass
        if self.kind == NOTHING and waiting and waiting[0] != "-":
            self.kind, self.program = SCRIPT, waiting.pop(0)
        self.rest = waiting

    def _take_option(self, waiting: list[str]) -> bool:
        # Takes the first word, with its value, where it is an option; the last one is no option.
        word = waiting[0]
        if word == "--":
            del waiting[0]
            return False
        if not word.startswith("-") or word == "-":
            return False
        del waiting[0]
        if word.startswith("--"):
            self.options.append(word)
            if word == _LONG_WITH_VALUE and waiting:
                self.options.append(waiting.pop(0))
            return True
        for at, letter in enumerate(word[1:], 1):
            if letter in "cm":
                if at > 1:
                    self.options.append(word[:at])
                self.kind = CODE if letter == "c" else MODULE
                value = word[at + 1 :]
                self.program = value or (waiting.pop(0) if waiting else "")
                return False
            if letter in _WITH_VALUE:
                self.options.append(word)
                if at == len(word) - 1 and waiting:
                    self.options.append(waiting.pop(0))
                return True
            self.letters += letter
        self.options.append(word)
        return True
