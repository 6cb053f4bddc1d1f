"""runs a session"""
# needs: nox

from pathlib import Path

from doing import run
from nox.__main__ import main

Path("noxfile.py").write_text(
    'import nox\n\n@nox.session(venv_backend="none")\ndef brew(session):\n'
    '    session.run("echo", "brewed", external=True)\n'
)
assert "Session brew was successful" in run(main, "nox", "-s", "brew")
