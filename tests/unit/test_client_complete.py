"""Whatever the gateway can be asked, the client can ask: read from its source against the table of operations."""

import re
from pathlib import Path

from gateway.api.table import OPERATIONS

CLIENT = Path(__file__).parents[2] / "gateway" / "client"
# Keys are fetched by whoever verifies our signatures; an operator signs in with a browser.
NOT_ASKED = (
    "/.well-known/jwks.json",
    "/.well-known/oauth-authorization-server",
    "/admin/v1/sign-ins",
    "/admin/v1/session",
)


def blank(path: str) -> str:
    """A path whatever its parameters are called."""
    return re.sub(r"\{[^}]*\}", "{}", path)


def test_every_operation_has_its_path_in_the_client() -> None:
    source = "\n".join(file.read_text(encoding="utf-8") for file in CLIENT.glob("*.py"))
    named = {
        blank(path)
        for path in re.findall(r'f?"(/[^"\s]*)"', source.replace("{self._path}", "/v1/applications/{}"))
    }
    unasked = {
        f"{one.method} {one.path}"
        for one in OPERATIONS
        if not one.path.startswith(NOT_ASKED) and blank(one.path) not in named
    }
    assert unasked == set()
