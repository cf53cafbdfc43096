"""Style 1, 13 and the names: small files, small functions, words that say something."""

import ast

from gateway.api.table import OPERATIONS
from gateway.door.problems import STATUS
from tests.tidy.house import FLOORS, PRODUCTION, ROOT, TESTS, Function, Source, must_be_none

FILE_LINES, FILE_LINES_ASKED = 400, 250
FUNCTION_LINES, FUNCTION_LINES_ASKED = 60, 40
# They say where something was put, not what it is.
EMPTY_WORDS = {
    "util", "utils", "common", "helper", "helpers", "base", "manager", "misc", "shared", "handler", "service",
}  # fmt: skip
# A test that says less is a label, not a sentence.
SENTENCE_WORDS = 4


def test_no_file_is_longer_than_anybody_reads() -> None:
    lengths = {source.name: len(source.lines) for source in (*PRODUCTION, *TESTS)}
    _hold(lengths, limit=FILE_LINES, asked=FILE_LINES_ASKED)


def test_no_function_is_longer_than_a_screen() -> None:
    lengths = {
        f"{source.at(one)} {one.name}": (one.end_lineno or one.lineno) - one.lineno + 1
        for source in (*PRODUCTION, *TESTS)
        for one in source.functions
    }
    _hold(lengths, limit=FUNCTION_LINES, asked=FUNCTION_LINES_ASKED)


def _hold(lengths: dict[str, int], *, limit: int, asked: int) -> None:
    """Fails over the limit; then it also names what is over the length that needs a reason."""
    longest = sorted(lengths.items(), key=lambda one: -one[1])
    if longest[0][1] > limit:
        named = "\n".join(f"{length:4} {name}" for name, length in longest if length > asked)
        raise AssertionError(f"over {limit} is refused, over {asked} needs a reason:\n{named}")


def test_a_file_is_named_after_a_noun_or_a_deed() -> None:
    vague = [
        source.name
        for source in (*PRODUCTION, *TESTS)
        if EMPTY_WORDS.intersection(source.path.stem.split("_"))
        or EMPTY_WORDS.intersection(source.path.parent.name.split("_"))
    ]
    must_be_none(vague)


def test_what_a_caller_is_told_stands_in_a_rooms_errors() -> None:
    told = {*STATUS, *(error for one in OPERATIONS for error in one.problems)}
    must_be_none(
        [f"{one.__module__}.{one.__name__}" for one in told if not one.__module__.endswith(".errors")]
    )


def test_each_floor_has_its_errors() -> None:
    must_be_none(
        [floor for floor in ("qr", "merchants", "webhooks") if not (ROOT / floor / "errors.py").exists()]
    )


def test_every_package_says_who_plays_in_it() -> None:
    silent = [
        source.name
        for source in PRODUCTION
        if source.path.name == "__init__.py" and not ast.get_docstring(source.tree)
    ]
    must_be_none(silent)


def test_every_module_says_what_it_is() -> None:
    assert [source.name for source in PRODUCTION if not ast.get_docstring(source.tree)] == []


def test_a_floors_public_functions_are_documented() -> None:
    """Those that another package calls: an `__all__`, or a name without underscore in a package's `__init__`."""
    undocumented = [
        f"{source.at(one)} {one.name}"
        for source in PRODUCTION
        if source.path.name == "__init__.py"
        for one in source.tree.body
        if isinstance(one, Function | ast.ClassDef)
        if not one.name.startswith("_") and not ast.get_docstring(one)
    ]
    must_be_none(undocumented)


def test_an_import_inside_a_function_gives_its_reason() -> None:
    unexplained = [
        source.at(node)
        for source in (*PRODUCTION, *TESTS)
        for function in source.functions
        for node in ast.walk(function)
        if isinstance(node, ast.Import | ast.ImportFrom) and not _commented(source, node.lineno)
    ]
    must_be_none(unexplained)


def _commented(source: Source, lineno: int) -> bool:
    here, above = source.lines[lineno - 1], source.lines[lineno - 2].strip()
    return "# " in here.replace("# noqa", "") or above.startswith("#")


def test_the_name_of_a_test_is_a_sentence() -> None:
    labels = [
        f"{source.at(one)} {one.name}"
        for source in TESTS
        for one in source.functions
        if one.name.startswith("test_") and len(one.name.removeprefix("test_").split("_")) < SENTENCE_WORDS
    ]
    must_be_none(labels)


def test_the_floors_are_all_there_is() -> None:
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")} - {"tests"}
    assert packages == set(FLOORS)
