"""Offers, payments, refunds and coupons in any order; `make prove ONLY=offers_any_order` has the long form."""

from tests.machine import a_stage
from tests.prove import any_order
from tests.town import a_town


def test_in_5_random_scenes_of_8_steps_every_sum_holds_and_full_refunds_leave_all_but_spent_points_as_it_was(
    database_url: str, core_database_url: str
) -> None:
    with a_stage(lambda: a_town(database_url, core_database_url)) as stage:
        any_order.run(stage, examples=5, steps=8, derandomize=True)
