"""The README's section on the states of a payment is written from the table of transitions, and stays true."""

from pathlib import Path

from gateway.payments.payment import IN_FLIGHT, SETTLED, TRANSITIONS, State, leading_to
from gateway.payments.view import MEANINGS, NEXT_ACTIONS

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
RESOLVES_BY = {
    "show_qr": "`expires_at`",
    "confirm": "`expires_at`",
    "capture": "`expires_at`",
    "wait": "the core's time",
}


def section() -> str:
    """What stands between the README's marks."""
    return "\n".join(
        [
            "## States of a payment",
            "",
            "```mermaid",
            "stateDiagram-v2",
            *(f"    [*] --> {one}" for one in (State.REQUIRES_PAYER, State.PROCESSING)),
            *(
                f"    {one} --> {then}"
                for one, after in TRANSITIONS.items()
                for then in State
                if then in after
            ),
            *(f"    {one} --> [*]" for one, after in TRANSITIONS.items() if not after),
            "```",
            "",
            "| state | meaning | `reason`, if nothing special happened | `next_action` | `resolves_by` |",
            "|---|---|---|---|---|",
            *(_row(one) for one in State),
        ]
    )


def _row(state: State) -> str:
    code, words = MEANINGS[state]
    action = NEXT_ACTIONS[state]
    return f"| `{state}` | {words} | `{code}` | `{action}` | {RESOLVES_BY.get(action, '')} |"


def test_the_readmes_states_are_those_of_the_code() -> None:
    written = README.partition("<!-- states:begin -->\n")[2].partition("\n<!-- states:end -->")[0]
    assert written == section()


def test_every_state_says_why_it_is_there_and_what_moves_it_on() -> None:
    assert MEANINGS.keys() == NEXT_ACTIONS.keys() == TRANSITIONS.keys() == set(State)


def test_nobody_has_to_do_anything_while_the_core_is_asked() -> None:
    assert {one for one, action in NEXT_ACTIONS.items() if action == "wait"} == IN_FLIGHT
    assert not IN_FLIGHT & SETTLED


def test_a_final_state_leads_nowhere_and_every_other_can_end() -> None:
    final = {one for one, after in TRANSITIONS.items() if not after}
    assert final == {State.DECLINED, State.EXPIRED, State.CANCELED, State.REVERSED}
    ending, reached = set(final), set[State]()
    while ending != reached:
        reached = set(ending)
        ending |= {one for to in reached for one in leading_to(to)}
    assert ending == set(State)


def test_what_was_promised_to_be_undone_never_succeeds_but_with_a_refund() -> None:
    assert State.SUCCEEDED in TRANSITIONS[State.REVERSING]
    assert not TRANSITIONS[State.CANCELED] | TRANSITIONS[State.REVERSED]
