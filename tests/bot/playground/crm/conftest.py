"""The office of a test."""

from collections.abc import AsyncIterator

import pytest

from tests.bot.playground.crm.office import Office, an_office


@pytest.fixture
async def office() -> AsyncIterator[Office]:
    async with an_office() as made:
        yield made
