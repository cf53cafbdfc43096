"""The short form of the proof `legibility`."""

import random

from tests.prove.legibility import DISTORTIONS, PAYLOADS, rates, sizes


def test_every_kind_with_and_without_a_logo_is_read_after_every_one_of_7_distortions() -> None:
    found = rates(2, random.Random(3))
    assert len(found) == len(PAYLOADS) * (2 * len(DISTORTIONS) - 1)
    missed = [
        rate for rate in found if rate.ours < rate.pictures and not rate.distortion.startswith("thermal")
    ]
    assert missed == []


def test_a_link_is_half_the_modules_of_a_jws() -> None:
    found = sizes()
    assert "version 6-M" in found["order code, link"]
    assert "version 16-M" in found["the same order as a JWS in a URL"]
