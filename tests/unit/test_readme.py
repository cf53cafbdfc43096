"""The README's tables are written from the code; these tests say when they are not true any more."""

from pathlib import Path

from gateway.settings import explained
from gateway.wallet.reference.sandbox import BEHAVIOURS

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")


def between(name: str) -> list[str]:
    begin, end = f"<!-- {name}:begin -->\n", f"\n<!-- {name}:end -->"
    return README.partition(begin)[2].partition(end)[0].splitlines()[2:]


def test_the_readme_explains_every_setting_as_the_code_does() -> None:
    rows = [
        f"| `{name}` | {f'`{default}`' if default else ''} | {meaning} |"
        for name, default, meaning in explained()
    ]
    assert between("settings") == rows


def test_the_readme_lists_every_behaviour_of_sandbox_wallets() -> None:
    assert between("behaviours") == [f"| `{name}` | {meaning} |" for name, meaning in BEHAVIOURS.items()]
