"""What both parts of the demonstration say and run."""

from __future__ import annotations

import os
import subprocess
import sys

BOLD, GREEN, RED, DIM, PLAIN = (
    ("\033[1m", "\033[32m", "\033[31m", "\033[2m", "\033[0m")
    if sys.stdout.isatty() and "NO_COLOR" not in os.environ
    else ("",) * 5
)


def say(title: str) -> None:
    print(f"\n{BOLD}{title}{PLAIN}", flush=True)


def show(text: str) -> None:
    for line in text.rstrip().splitlines():
        print(f"    {line}", flush=True)


def signedvfs_command(*words: str) -> None:
    """Run the command-line tool as its user does, and show it."""
    print(f"  {DIM}$ signedvfs {' '.join(words)}{PLAIN}", flush=True)
    done = subprocess.run([sys.executable, "-m", "signedvfs", *words], check=False)
    if done.returncode:
        sys.exit(f"demo: signedvfs {words[0]} failed with exit code {done.returncode}")


def verdict(what: str, refused: bool, last: str) -> None:
    """Show how an attack has ended."""
    said = f"{GREEN}refused{PLAIN}" if refused else f"{RED}NOT REFUSED{PLAIN}"
    print(f"  {what:36} {said}")
    show(last or "(it ran)")
