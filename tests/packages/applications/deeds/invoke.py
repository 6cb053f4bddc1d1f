"""runs a task"""
# needs: invoke

from pathlib import Path

from doing import run
from invoke import Program

Path("tasks.py").write_text(
    "from invoke import task\n\n@task\ndef brew(c):\n"
    "    '''Brew tea.'''\n    c.run('echo brewed > tea')\n"
)
program = Program(version="1")
assert "Brew tea." in run(lambda: program.run(["invoke", "--list"]))
run(lambda: program.run(["invoke", "brew"], exit=False))
assert Path("tea").read_text() == "brewed\n"
