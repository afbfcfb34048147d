"""Senders before a gate."""

from collections.abc import AsyncIterator

import pytest

from bot.runtime.parts import Parts
from tests.bot.slack.gated import Gated, behind_a_gate


@pytest.fixture
async def gated(parts: Parts) -> AsyncIterator[Gated]:
    async with behind_a_gate(parts) as made:
        yield made


@pytest.fixture
async def sqlite_gated(sqlite_parts: Parts) -> AsyncIterator[Gated]:
    async with behind_a_gate(sqlite_parts) as made:
        yield made
