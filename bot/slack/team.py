"""Which Slack team a token is of: asked until known, and again when Slack has shut us out."""

import logging
from datetime import datetime, timedelta

from slack_sdk.web.async_slack_response import AsyncSlackResponse

from bot.runtime.backoff import backoff
from bot.runtime.parts import Parts
from bot.slack.faults import CALL_FAILED, Means, fault
from bot.slack.installed import Slack
from coach.errors import CoachError
from storage import installations, workspaces
from storage.database import Tx
from storage.installations import ENVIRONMENT, Installation
from storage.sealing import SealError

log = logging.getLogger(__name__)

#: How long one process has for asking before another may.
LEASE = timedelta(seconds=60)

#: The longest pause between two questions: while Slack cannot be reached, and after it refused.
UNREACHED, REFUSED = timedelta(minutes=1), timedelta(hours=1)

#: After so long without a question the pauses are short again.
WELL = timedelta(days=1)

#: The token is new, and nothing is sent until Slack has said whose it is.
NOT_ASKED = "not_asked"


#: The stored token cannot be read: the key it was sealed with is gone.
SEALED = "sealed"


class WrongTeamError(CoachError):
    """The Slack token cannot be used with this database."""

    def __init__(self, code: str, words: str) -> None:
        super().__init__(words)
        self.code = code


async def adopt(parts: Parts, given: Installation) -> None:
    """Keep the environment's token as the first installation; a start is a reason to ask at once.

    With another token than before nothing is sent until Slack has told whose it is.
    """
    async with parts.database.write() as tx:
        try:
            known = await installations.get(tx, parts.seal, given.id)
        except SealError:
            # Sealed with a key that is gone; the environment has the token all the same.
            known = None
        if known is not None and known.bot_token == given.bot_token:
            await installations.change(tx, given.id, ask_after=None, asks=0)
            return
        now = parts.clock.now()
        await installations.keep(tx, parts.seal, given, now)
        workspace = await workspaces.get(tx, workspaces.DEFAULT)
        if workspace is None or workspace.team_id is None:
            return
        if await installations.of_this_team(tx, workspace.team_id) is None:
            await workspaces.shut_out(tx, [workspaces.DEFAULT], NOT_ASKED, now)


async def ask_due(parts: Parts, slack: Slack) -> int:
    """Ask Slack about every installation whose turn it is; returns how many were asked about.

    Those whose team is not known, and those that have a workspace Slack has shut out; the pauses
    between two questions grow.
    """
    now = parts.clock.now()
    async with parts.database.read() as tx:
        waiting = await installations.to_ask(tx, now)
    asked = 0
    for each in waiting:
        rested = each.ask_after is None or now - each.ask_after > WELL
        asks = 1 if rested else each.asks + 1
        async with parts.database.write() as tx:
            mine = await installations.claim(tx, each, now + LEASE, asks)
        if mine:
            asked += 1
            await _ask(parts, slack, each.id, asks)
    return asked


async def _ask(parts: Parts, slack: Slack, id: str, asks: int) -> None:
    now = parts.clock.now()
    pause = min(backoff(asks + 4, parts.entropy), REFUSED)
    try:
        async with parts.database.read() as tx:
            installation = await installations.get(tx, parts.seal, id)
        if installation is None:
            return
        installation = await slack.good(installation)
        answer = await slack.client(installation).auth_test()
    except SealError:
        await _shut_out(parts, id, SEALED, now + pause)
        return
    except CALL_FAILED as error:
        found = fault(error)
        if found.means is not Means.AGAIN:
            await _shut_out(parts, id, found.code, now + pause)
            return
        log.warning("Slack cannot be reached (%s); trying again", found.code)
        wait = found.retry_after or min(backoff(asks, parts.entropy), UNREACHED)
        async with parts.database.write() as tx:
            await installations.change(tx, id, ask_after=now + wait)
        return
    try:
        async with parts.database.write() as tx:
            await _bind(parts, tx, installation, answer)
            await installations.change(tx, id, ask_after=now + pause)
    except WrongTeamError as error:
        log.error("%s", error)
        await _shut_out(parts, id, error.code, now + pause)
    slack.forget()
    parts.wake.ring_all()


async def _bind(
    parts: Parts, tx: Tx, installation: Installation, answer: AsyncSlackResponse
) -> None:
    """Keep what Slack says of a token (https://docs.slack.dev/reference/methods/auth.test).

    Raises `WrongTeamError` when it belongs to nothing we serve.
    """
    team_id, enterprise_id = str(answer["team_id"]), answer.get("enterprise_id")
    whole = bool(answer.get("is_enterprise_install"))
    if whole and installation.id == ENVIRONMENT:
        raise WrongTeamError(
            "org_token",
            f"SLACK_BOT_TOKEN is of the whole organisation {answer['team']}. Install the app in "
            "one of its teams and set SLACK_BOT_TOKEN to that team's token.",
        )
    if installation.id == ENVIRONMENT:
        another = await installations.of_this_team(tx, team_id)
        if another not in {None, ENVIRONMENT}:
            # It is renewed where it ends, and follows what the team does; this one would not.
            log.warning("SLACK_BOT_TOKEN is not used: its team has installed the app by itself.")
            await installations.remove(tx, ENVIRONMENT)
            return
    headers = {str(name).lower(): str(value) for name, value in answer.headers.items()}
    scopes = [scope.strip() for scope in headers.get("x-oauth-scopes", "").split(",")]
    await installations.change(
        tx,
        installation.id,
        team_id=None if whole else team_id,
        enterprise_id=enterprise_id,
        is_enterprise_install=whole,
        bot_user_id=str(answer["user_id"]),
        scopes=",".join(scope for scope in scopes if scope),
    )
    if whole:
        await workspaces.let_in(tx, await installations.workspaces_of(tx, installation.id))
        return
    known = await workspaces.by_team(tx, team_id)
    if known is None and installation.id == ENVIRONMENT:
        known = await workspaces.get(tx, workspaces.DEFAULT)
    if known is None:
        return
    if known.team_id not in {None, team_id}:
        raise WrongTeamError(
            "wrong_team",
            f"This database belongs to the Slack team {known.name} ({known.team_id}), "
            f"but the token is of {answer['team']} ({team_id}). Set DATABASE_URL to another "
            "database, or SLACK_BOT_TOKEN to that team's token.",
        )
    name = str(answer["team"])
    await workspaces.change(tx, known.id, team_id=team_id, enterprise_id=enterprise_id, name=name)
    await workspaces.let_in(tx, [known.id])


async def _shut_out(parts: Parts, id: str, code: str, ask_after: datetime) -> None:
    async with parts.database.write() as tx:
        reached = await installations.workspaces_of(tx, id)
        if not reached and id == ENVIRONMENT:
            # Nobody knows whose the token is: it is meant for the one workspace there is.
            reached = [workspaces.DEFAULT]
        await workspaces.shut_out(tx, reached, code, parts.clock.now())
        await installations.change(tx, id, ask_after=ask_after)
    log.error("Slack does not accept the token: %s. Run coach doctor.", code)
