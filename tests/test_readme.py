"""The README's commands are those that CI runs. Its links and files: test_docs.py."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def quick_start() -> list[list[str]]:
    """The steps of the README's first two commands."""
    blocks = re.findall(r"```bash\n(.+?)\n```", README, re.S)
    return [block.split(" && ") for block in blocks[:2]]


def test_ci_runs_the_install_and_test_steps_of_the_readme() -> None:
    album, tests = quick_start()
    ci = (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()
    assert [line for line in ci if line in tests] == tests
    assert album[:2] == tests[:2], "both commands make the same environment"


def test_ci_runs_the_first_command_in_an_environment_of_its_own() -> None:
    """The same install and the same two scripts, but beside the environment of the whole suite."""
    ci = (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()
    album, _ = quick_start()
    small = [step.replace("python ", ".venv-small/bin/python ", 1) for step in album[2:]]
    assert [line for line in ci if line in small] == small


def test_the_project_names_no_private_place() -> None:
    """No absolute path of a developer's machine in what we ship."""
    text = "".join(
        path.read_text(encoding="utf-8")
        for folder in ("tools", "data_configs", ".ci")
        for path in (ROOT / folder).rglob("*")
        if path.suffix in {"", ".py", ".yaml"} and path.is_file()
    )
    assert not re.findall(r"/(?:home|root|Users)/\w+", text)
