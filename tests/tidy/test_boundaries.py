"""What may be called where: HTTP, waiting, sleeping, standing in for something real."""

import ast

from tests.tidy.house import PRODUCTION, TESTS, Function, Source, must_be_none

# The house speaks HTTP at these places and nowhere else.
HTTP = (
    "gateway/door/",
    "gateway/pages/",
    "gateway/client/",
    "gateway/wallet/rest.py",
    "gateway/identity/provider.py",
    "gateway/wallet/reference/server.py",
    "webhooks/sender.py",
    "webhooks/address_guard.py",  # the sender's resolver
    "gateway/demo/",  # a customer with programs of its own
)
# Loads and bystanders, which are at work and do not wait for anything.
AT_WORK = ("tests/prove/", "tests/benchmarks/", "tests/processes.py")
STAND_INS = {"monkeypatch", "mocker", "unittest.mock", "mock", "MagicMock", "AsyncMock", "Mock", "patch"}


def test_http_is_spoken_where_the_house_has_a_door_or_a_telephone() -> None:
    strays = [
        source.at(node)
        for source in PRODUCTION
        if not source.name.startswith(HTTP)
        for node, module in source.imported
        if module.split(".")[0] == "aiohttp"
    ]
    must_be_none(strays)


def test_nothing_waits_with_wait_for() -> None:
    """On Python 3.11 it can swallow a cancellation; `asyncio.timeout` cannot."""
    strays = [
        source.at(call) for source in PRODUCTION for call, name in source.calls if name == "asyncio.wait_for"
    ]
    must_be_none(strays)


def test_no_test_sleeps_instead_of_waiting_for_what_happens() -> None:
    sleepers = [
        f"{source.at(call)}"
        for source in TESTS
        if not source.name.startswith(AT_WORK)
        for call in _sleeps(source)
    ]
    must_be_none(sleepers)


def _sleeps(source: Source) -> list[ast.Call]:
    """Calls of sleep, but for yielding, in what runs a test; a server made by a test may be slow."""
    found = []
    for function in source.functions:
        is_test = function.name.startswith("test_")
        for node in _own_nodes(function):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in {
                "asyncio.sleep",
                "time.sleep",
                "sleep",
            }:
                yields = ast.unparse(node.args[0]) == "0"
                if is_test and not yields:
                    found.append(node)
    return found


def _own_nodes(function: Function) -> list[ast.AST]:
    """What the function does itself, not what functions inside it do."""
    nodes: list[ast.AST] = []
    waiting: list[ast.AST] = list(function.body)
    while waiting:
        node = waiting.pop()
        nodes.append(node)
        if not isinstance(node, Function):
            waiting += ast.iter_child_nodes(node)
    return nodes


def test_no_test_puts_a_stand_in_for_our_own_code() -> None:
    strays = [
        f"{source.at(node)} {name}"
        for source in TESTS
        if source.path.parent.name != "tidy"
        for node in source.nodes
        for name in _names(node)
        if name in STAND_INS
    ]
    must_be_none(strays)


def _names(node: ast.AST) -> list[str]:
    match node:
        case ast.arg(arg=name):
            return [name]
        case ast.ImportFrom(module=module, names=names):
            return [module or "", *(one.name for one in names)]
        case ast.Import(names=names):
            return [one.name for one in names]
        case _:
            return []


def test_production_code_knows_nothing_of_tests() -> None:
    strays = [
        source.at(node)
        for source in PRODUCTION
        for node, module in source.imported
        if module.split(".")[0] in {"tests", "pytest", "hypothesis", "schemathesis"}
    ]
    must_be_none(strays)
