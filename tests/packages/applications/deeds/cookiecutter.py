"""makes a project of a template, with a hook"""
# needs: cookiecutter

from pathlib import Path

from cookiecutter.main import cookiecutter

for name, text in {
    "cookiecutter.json": '{"name": "nothing"}',
    "hooks/post_gen_project.py": "open('hooked', 'w').close()\n",
    "{{cookiecutter.name}}/README.md": "# {{cookiecutter.name}}\n",
}.items():
    file = Path("template", name)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
cookiecutter("template", no_input=True, extra_context={"name": "tea"})
assert Path("tea/hooked").exists()
assert Path("tea/README.md").read_text() == "# tea\n"
