import logging
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import structlog

from tests.desk import Desk
from tests.town import Town


@pytest.fixture
async def desk(town: Town, tmp_path: Path) -> AsyncIterator[Desk]:
    # What the gateway in this very process logs is none of the commands' output.
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    yield Desk(town, tmp_path)
    structlog.reset_defaults()
