import logging
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import structlog

from tests.desk import Desk
from tests.town import Town


@pytest.fixture
async def desk(crowded_town: Town, tmp_path: Path) -> AsyncIterator[Desk]:
    # Commands run in this very process too, which must not make the gateway give a payment up in doubt.
    # What the gateway in this very process logs is none of the commands' output.
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    yield Desk(crowded_town, tmp_path)
    structlog.reset_defaults()
