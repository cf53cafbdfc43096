"""What a stranger's clone needs: no trace of this machine, settings that explain themselves, pins that hold."""

import re
import tomllib

from gateway.settings import explained
from tests.tidy.house import ROOT, must_be_none

# Where somebody's machine, or somebody's package registry, would show.
_TRACES = re.compile(
    r"(?<![\w.~-])/(home|root|Users|work|mnt|private)/\w|https?://[\w.-]*(pypi|artifactory|nexus|devpi)"
)
_TEXTS = {".py", ".sql", ".md", ".toml", ".txt", ".yaml", ".yml", ".html", ".css", ".js", ".json", ".cfg", ""}
_FOLDERS = ("gateway", "qr", "merchants", "webhooks", "tests", ".ci")
_HOST_OPTIONS = ("--index-url", "--extra-index-url", "--find-links", "--trusted-host", "-i ", "-f ")
_NAME = re.compile(r"^([A-Za-z0-9._-]+)")


def test_nothing_names_a_place_on_somebodys_machine_or_a_registry() -> None:
    # In a second work tree, `.git` is a file that says where the first one is; it is git's own.
    files = [path for path in ROOT.iterdir() if path.is_file() and path.name != ".git"]
    files += [path for folder in _FOLDERS for path in (ROOT / folder).rglob("*") if path.is_file()]
    traces = [
        f"{path.relative_to(ROOT)}:{number} {line.strip()[:80]}"
        for path in files
        if path.suffix in _TEXTS and "__pycache__" not in path.parts and path.name != "test_repository.py"
        for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), 1)
        if _TRACES.search(line)
    ]
    must_be_none(traces)


def test_every_setting_says_what_it_is_for() -> None:
    assert [name for name, _, meaning in explained() if len(meaning.split()) < 3] == []


def test_requirements_name_no_host_and_hold_what_is_asked_for() -> None:
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if line.startswith(_HOST_OPTIONS)] == []
    pinned = {
        _normal(line.split("==")[0]) for line in lines if "==" in line and not line.startswith((" ", "#"))
    }
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    asked = [*project["dependencies"], *project["optional-dependencies"]["dev"]]
    assert {_normal(one) for one in asked} - pinned == set()


def _normal(requirement: str) -> str:
    """The name alone, as registries compare it (PEP 503)."""
    found = _NAME.match(requirement)
    assert found is not None, requirement
    return re.sub(r"[-_.]+", "-", found.group(1)).lower()


def test_every_pin_has_its_hash() -> None:
    text = (ROOT / "requirements.txt").read_text(encoding="utf-8").replace("\\\n", "")
    pins = [line for line in text.splitlines() if re.match(r"^[\w.-]+==", line)]
    assert pins
    assert [pin.split()[0] for pin in pins if "--hash=sha256:" not in pin] == []


def test_every_document_of_the_house_ends_with_one_line_break() -> None:
    names = (
        "README.md",
        "Makefile",
        "openapi.yaml",
        "pyproject.toml",
        "gateway/storage/schema.sql",
        ".ci/run",
    )
    texts = {name: (ROOT / name).read_text(encoding="utf-8") for name in names}
    assert [name for name, text in texts.items() if not text.endswith("\n") or text.endswith("\n\n")] == []
