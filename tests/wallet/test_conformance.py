"""The one suite for every adapter, run on the reference core over real HTTP."""

from collections.abc import AsyncIterator

import pytest

from gateway.wallet.conformance import CHECKS, Check, Subject, run_one
from gateway.wallet.rest import RestCore
from tests.cores import Cast, SandboxCore, a_signer


@pytest.fixture
async def subject(sandbox: SandboxCore, cast: Cast) -> AsyncIterator[Subject]:
    await sandbox.wallet(cast.payer_id)
    stranger = a_signer()
    async with RestCore(name="bank", url=sandbox.url, signer=lambda: stranger) as asked:
        yield Subject(core=sandbox.core, stranger=asked, payer=cast.payer, merchant=cast.merchant)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
async def test_the_reference_core_honours(check: Check, subject: Subject, sandbox: SandboxCore) -> None:
    result = await run_one(check, subject)

    assert result.verdict == "honoured", result.why
    await sandbox.assert_books_sum_to_zero()
