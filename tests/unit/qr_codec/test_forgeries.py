"""The short form of the proof `codes`."""

import random

from tests.prove.forgeries import forged, garbage


def test_of_3000_bent_or_re_signed_codes_none_is_accepted() -> None:
    tally = forged(3_000, random.Random(1))
    assert tally.faults == ()
    assert sum(tally.refusals.values()) == 3_000


def test_3000_random_texts_raise_only_the_readers_own_errors() -> None:
    assert garbage(3_000, random.Random(2)).faults == ()
