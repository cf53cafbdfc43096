from tests.town import ISSUER, Town

PAYER = {"id": "wallet-1", "person_id": "person-1", "segments": ["student"], "factors": 2}


async def test_a_wallet_gets_a_code_that_lives_a_minute(town: Town) -> None:
    made = await town.wallet.post("/wallet/v1/payment-codes", {"payer": PAYER})
    assert made.status == 201, made.body
    assert len(made.body["code"]) == 19
    [row] = await town.pool.fetch(
        """SELECT id, issuer, payer_id, segments, factors,
                  extract(epoch FROM expires_at - issued_at)::int AS life_s FROM qr.payment_codes"""
    )
    assert tuple(row) == (made.body["id"], ISSUER, "wallet-1", ["student"], 2, 60)


async def test_a_repeated_request_gets_the_same_code_and_no_second_one(town: Town) -> None:
    first = await town.wallet.post("/wallet/v1/payment-codes", {"payer": PAYER}, key="once")
    again = await town.wallet.post("/wallet/v1/payment-codes", {"payer": PAYER}, key="once")
    assert first.body == again.body
    assert again.headers["Idempotency-Replayed"] == "true"
    assert await town.pool.fetchval("SELECT count(*) FROM qr.payment_codes") == 1


async def test_tills_and_partners_get_no_payment_codes(town: Town) -> None:
    shop = await town.supermarket()
    for caller in (shop.till, shop.office):
        made = await caller.post("/wallet/v1/payment-codes", {"payer": PAYER})
        assert (made.status, made.body["code"]) == (403, "insufficient_scope")


async def test_a_till_learns_why_a_code_is_refused(town: Town) -> None:
    shop = await town.supermarket()
    made = await town.wallet.post("/wallet/v1/payment-codes", {"payer": PAYER})
    code = made.body["code"]
    await town.pool.execute("UPDATE qr.payment_codes SET expires_at = clock_timestamp()")
    wrong_digit = code[:-1] + str((int(code[-1]) + 1) % 10)
    for scanned, status, said in (
        (code, 409, "code_expired"),
        (wrong_digit, 422, "code_malformed"),
        ("134567890123456789", 422, "code_foreign"),
    ):
        asked = await shop.ask(100, code=scanned)
        assert (asked.status, asked.body["code"]) == (status, said)
        assert scanned not in str(asked.body)
