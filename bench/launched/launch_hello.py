"""Says hello: what the interpreter itself costs."""

from __future__ import annotations

import sys


def main() -> None:
    print("hello")
    if sys.argv[-1] == "--modules":
        print(len(sys.modules))


if __name__ == "__main__":
    main()
