import os

import pytest

from merchants.sealing import SealBroken, Sealing

OLD, NEW = os.urandom(32), os.urandom(32)


def test_what_was_sealed_is_revealed_to_its_owner_only() -> None:
    sealing = Sealing(NEW)
    sealed = sealing.seal(b"6222 0000", owner="mer_a")
    assert b"6222" not in sealed
    assert sealing.reveal(sealed, owner="mer_a") == b"6222 0000"
    with pytest.raises(SealBroken):
        sealing.reveal(sealed, owner="mer_b")


def test_the_same_text_never_seals_to_the_same_bytes() -> None:
    sealing = Sealing(NEW)
    assert sealing.seal(b"x", owner="o") != sealing.seal(b"x", owner="o")


def test_every_altered_or_cut_byte_breaks_the_seal() -> None:
    sealing = Sealing(NEW)
    sealed = sealing.seal(b"secret", owner="o")
    for at in range(len(sealed)):
        altered = sealed[:at] + bytes([sealed[at] ^ 1]) + sealed[at + 1 :]
        for broken in (altered, sealed[:at]):
            with pytest.raises(SealBroken):
                sealing.reveal(broken, owner="o")


def test_a_retired_master_key_reveals_and_no_longer_seals() -> None:
    before, after = Sealing(OLD), Sealing(NEW, retired=[OLD])
    sealed = before.seal(b"kept", owner="o")
    assert after.reveal(sealed, owner="o") == b"kept"
    assert not after.is_current(sealed)
    assert after.is_current(after.seal(b"kept", owner="o"))
    with pytest.raises(SealBroken):
        Sealing(NEW).reveal(sealed, owner="o")


def test_an_index_finds_the_same_text_for_the_same_purpose_across_a_rotation() -> None:
    before, after = Sealing(OLD), Sealing(NEW, retired=[OLD])
    stored = before.index("91110108551385082Q", purpose="credit_code")
    assert stored in after.indexes("91110108551385082Q", purpose="credit_code")
    assert stored not in after.indexes("91110108551385082Q", purpose="account")
    assert stored != after.index("91110108551385082Q", purpose="credit_code")
