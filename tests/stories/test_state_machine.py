from contextlib import AbstractAsyncContextManager

from tests.machine import a_stage, run
from tests.town import Town, a_town


def test_whatever_people_and_cores_do_nobodys_money_is_lost_or_made(
    database_url: str, core_database_url: str
) -> None:
    def opened() -> AbstractAsyncContextManager[Town]:
        return a_town(database_url, core_database_url)

    with a_stage(opened) as stage:
        run(stage, examples=8, steps=10, derandomize=True)
