"""The hands of the people in the stand-in for Slack: what they do goes to the bot, signed.

Commands, clicks, forms, opening a tab: each becomes the request Slack would send to
``/slack/events``, and what the bot answers is done as Slack does it.
"""

import asyncio
import json
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from urllib.parse import urlencode

import aiohttp

from bot.playground.slack import payloads as payloads
from bot.playground.slack.forms import chosen, find, labelled, left_out, state_of
from bot.playground.slack.methods import checked_view, content
from bot.playground.slack.signing import slack_headers
from bot.playground.slack.things import Clock, Json, Message, Person, SlackFault
from bot.playground.slack.world import Workspace

ANSWER_SECONDS = 3.0
RETRY_DELAYS = (0.0, 60.0, 300.0)
FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True)
class Answer:
    """What came of something a person did.

    ``status`` is the bot's HTTP status, 0 when nothing was sent or nothing came back; ``problem``
    the sentence a person would see; ``errors`` what a form said about its fields, by block id.
    """

    status: int = 0
    text: str = ""
    ms: float = 0.0
    problem: str | None = None
    errors: dict[str, str] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        """Whether it worked as far as the person can tell."""
        return self.problem is None and not self.errors


@dataclass(frozen=True)
class Refusal:
    """A call the stand-in did not accept."""

    method: str
    code: str
    messages: tuple[str, ...]


class People(Workspace):
    """A workspace whose people act on a bot at ``bot_url``.

    ``own_url`` is where the stand-in itself is served, for response urls.
    """

    def __init__(
        self,
        people: Iterable[Person],
        *,
        signing_secret: str,
        bot_url: str,
        own_url: str,
        clock: Clock | None,
        timer: Callable[[], float],
        changed: Callable[[Json], None] | None,
        log: Callable[[Json], None] | None,
        session: aiohttp.ClientSession | None,
        retry_delays: tuple[float, ...],
        answer_seconds: float,
    ) -> None:
        super().__init__(people, clock=clock, timer=timer, changed=changed)
        self.signing_secret = signing_secret
        self.bot_url = bot_url
        self.own_url = own_url
        self.log = log
        self.commands = {"/coach"}
        self.refusals: list[Refusal] = []
        self.retry_delays = retry_delays
        self.answer_seconds = answer_seconds
        self._session = session
        self._own_session: aiohttp.ClientSession | None = None
        self._retries: set[asyncio.Task[None]] = set()

    async def close(self) -> None:
        """Stop retrying events and close the connections made here."""
        for task in list(self._retries):
            task.cancel()
        await asyncio.gather(*self._retries, return_exceptions=True)
        if self._own_session is not None:
            await self._own_session.close()
            self._own_session = None

    # What people do

    async def command(self, who: str, line: str) -> Answer:
        """Type a slash command into the direct message with the app."""
        person = self.person(who)
        command, _, text = line.strip().partition(" ")
        if command not in self.commands:
            return Answer(problem=f"{command} is not a valid command.")
        key = self.new_response_url(who)
        url = f"{self.own_url}/response/{key}"
        form = payloads.slash_command(self, person, command, text.strip(), url)
        answer = await self._to_bot(line.strip(), urlencode(form).encode(), FORM, form)
        if answer.problem is not None:
            code = "operation_timeout" if answer.status == 0 else "dispatch_failed"
            told = f'{command} failed with the error "{code}". {answer.problem}'
            return replace(answer, problem=told)
        return self._shown(who, answer)

    async def press(
        self,
        who: str,
        ts: str,
        *,
        action_id: str | None = None,
        label: str | None = None,
        choose: object = None,
        block_id: str | None = None,
        stale: bool = False,
        by: str | None = None,
    ) -> Answer:
        """Use a control of a message: a button by its id or label, a menu with ``choose``.

        ``choose`` is the value of an option, a date or a text. ``stale`` also finds controls the
        message had before it was changed, as a client does that has not caught up. ``by`` lets
        somebody else press it.

        Raises:
            LookupError: the message, or the control in it, is not there.
        """
        message = self.conversations.get(who, {}).get(ts)
        if message is None or (message.deleted and not stale):
            raise LookupError(f"{who} has no message {ts}.")
        versions = [message.blocks, *(reversed(message.earlier) if stale else ())]
        element = _control(versions, action_id, label, block_id)
        state = {} if choose is None else chosen(element, choose)
        return await self._act(self.person(by or who), message, None, element, state, {})

    async def press_in_view(
        self,
        who: str,
        view_id: str,
        *,
        action_id: str | None = None,
        label: str | None = None,
        choose: object = None,
        block_id: str | None = None,
        values: Json | None = None,
    ) -> Answer:
        """Use a control of an open modal or of the Home tab.

        Raises:
            LookupError: the view, or the control in it, is not there.
        """
        try:
            _, view = self.view(view_id)
        except SlackFault:
            raise LookupError(f"The view {view_id} is not open.") from None
        element = _control([view["blocks"]], action_id, label, block_id)
        state = {} if choose is None else chosen(element, choose)
        return await self._act(self.person(who), None, view, element, state, values or {})

    async def act(self, who: str, container: Json, action: Json, values: Json) -> Answer:
        """Use a control the way the page tells it: container, action and the values around it."""
        person = self.person(who)
        message: Message | None = None
        view: Json | None = None
        if container.get("type") == "message":
            message = self.conversations.get(who, {}).get(str(container.get("ts")))
            blocks = message.blocks if message and not message.deleted else []
        else:
            try:
                _, view = self.view(str(container.get("view_id")))
            except SlackFault:
                return Answer(problem="That window is no longer open.")
            blocks = view["blocks"]
        element = find(blocks, str(action.get("action_id")), action.get("block_id"))
        if element is None:
            return Answer(problem="That button is no longer there.")
        given = {
            name: value
            for name, value in action.items()
            if name.startswith("selected_") or (name == "value" and element["type"] != "button")
        }
        return await self._act(person, message, view, element, given, values)

    async def submit(
        self, who: str, view_id: str | None = None, values: Json | None = None
    ) -> Answer:
        """Send the form of the modal on top, or of the one with this id.

        ``values`` is Slack's ``state.values``, or shorter ``{block_id: value}``; what is not given
        keeps its first value.
        """
        person = self.person(who)
        view = self._open(who, view_id)
        if view is None:
            return Answer(problem="That window is no longer open.")
        state = state_of(view["blocks"], values or {})
        view["state"] = {"values": state}
        errors = left_out(view["blocks"], state)
        if errors:
            return Answer(errors=errors)
        payload = payloads.view_submission(self, person, view)
        answer = await self._interaction("view_submission", payload)
        if answer.problem is not None:
            return _trouble(answer)
        return self._submitted(who, view["id"], answer)

    async def dismiss(
        self, who: str, view_id: str | None = None, *, everything: bool = False
    ) -> Answer:
        """Close the modal on top, or the one with this id; the app is told when it asked to be."""
        person = self.person(who)
        view = self._open(who, view_id)
        if view is None:
            return Answer()
        everything = everything or view["clear_on_close"]
        answer = Answer()
        for closed in self.close_view(who, view, everything=everything):
            if closed["notify_on_close"]:
                told = payloads.view_closed(self, person, closed, cleared=everything)
                answer = await self._interaction("view_closed", told)
        return answer

    async def open_tab(self, who: str, tab: str) -> Answer:
        """Open the app's Home or Messages tab; other tabs are nothing to the app."""
        if tab not in ("home", "messages"):
            return Answer()
        return await self.event(payloads.app_home_opened(self, self.person(who), tab))

    async def write(self, who: str, text: str) -> Message:
        """Write an ordinary message to the app, which has not asked to hear of these."""
        self.person(who)
        escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
        return self.post(who, escaped, [], sender="person")

    async def event(self, event: Json) -> Answer:
        """Send an event; when the bot does not take it, again at once, after 1 and 5 minutes."""
        envelope = payloads.event_callback(self, event)
        answer = await self._event_once(envelope, 0, None)
        if answer.problem is not None and _wants_retry(answer):
            task = asyncio.create_task(self._event_again(envelope, answer))
            self._retries.add(task)
            task.add_done_callback(self._retries.discard)
        return answer

    # Requests to the bot

    async def _event_again(self, envelope: Json, answer: Answer) -> None:
        for attempt, delay in enumerate(self.retry_delays, start=1):
            await asyncio.sleep(delay)
            reason = "http_timeout" if answer.status == 0 else "http_error"
            answer = await self._event_once(envelope, attempt, reason)
            if answer.problem is None or not _wants_retry(answer):
                return

    async def _event_once(self, envelope: Json, attempt: int, reason: str | None) -> Answer:
        headers = {}
        if attempt:
            headers = {"X-Slack-Retry-Num": str(attempt), "X-Slack-Retry-Reason": reason or ""}
        name = f"event {envelope['event']['type']}"
        body = json.dumps(envelope).encode()
        return await self._to_bot(name, body, "application/json", envelope, headers)

    async def _interaction(self, name: str, payload: Json) -> Answer:
        body = urlencode({"payload": json.dumps(payload)}).encode()
        return await self._to_bot(name, body, FORM, payload)

    async def _to_bot(
        self,
        name: str,
        body: bytes,
        content_type: str,
        shown: Json,
        more: dict[str, str] | None = None,
    ) -> Answer:
        headers = {
            "Content-Type": content_type,
            "User-Agent": "Slackbot 1.0 (+https://api.slack.com/robots)",
            **slack_headers(self.signing_secret, body, time.time()),
            **(more or {}),
        }
        begun = time.perf_counter()
        status, text, got = 0, "", {}
        problem: str | None = None
        try:
            async with self._client().post(
                f"{self.bot_url}/slack/events",
                data=body,
                headers=headers,
                timeout=aiohttp.ClientTimeout(total=self.answer_seconds),
            ) as response:
                text = await response.text(errors="replace")
                status, got = response.status, dict(response.headers)
        except TimeoutError:
            problem = f"The app did not answer within {self.answer_seconds:g} seconds."
        except aiohttp.ClientError:
            problem = "The app could not be reached."
        if status and status != 200:
            problem = f"The app answered with HTTP status {status}."
        ms = (time.perf_counter() - begun) * 1000
        if self.log is not None:
            self.log(
                {
                    "direction": "to bot",
                    "name": name,
                    "status": status,
                    "ms": round(ms, 1),
                    "request": shown,
                    "response": text,
                    "problem": problem,
                }
            )
        return Answer(status, text, ms, problem, headers=got)

    def _client(self) -> aiohttp.ClientSession:
        if self._session is not None:
            return self._session
        if self._own_session is None:
            self._own_session = aiohttp.ClientSession(trust_env=False)
        return self._own_session

    # What comes of it

    async def _act(
        self,
        person: Person,
        message: Message | None,
        view: Json | None,
        element: Json,
        state: Json,
        values: Json,
    ) -> Answer:
        blocks = view["blocks"] if view is not None else message.blocks if message else []
        around = state_of(blocks, values)
        if state and element["block_id"] in around:
            around[element["block_id"]].setdefault(element["action_id"], {}).update(state)
        if view is not None:
            view["state"] = {"values": around}
        action = payloads.action(element, state)
        payload = payloads.block_actions(self, person, [action], around, view=view)
        if message is not None:
            key = self.new_response_url(person.id, message.ts)
            payloads.in_message(payload, self, message, f"{self.own_url}/response/{key}")
        words = element.get("text")
        name = words["text"] if isinstance(words, dict) else element["action_id"]
        answer = await self._interaction(f"click {name}", payload)
        return _trouble(answer) if answer.problem else answer

    def _open(self, who: str, view_id: str | None) -> Json | None:
        if view_id is None:
            return self.top_view(who)
        return next((one for one in self.views.get(who, []) if one["id"] == view_id), None)

    def _shown(self, who: str, answer: Answer) -> Answer:
        """Show what a command's own answer says, if anything."""
        if not answer.text.strip():
            return answer
        try:
            told = json.loads(answer.text)
        except json.JSONDecodeError:
            told = {"text": answer.text}
        try:
            text, blocks = content(told if isinstance(told, dict) else {"text": str(told)})
        except SlackFault as fault:
            return self._refused("the command's answer", fault, answer)
        self.post(who, text, blocks, quiet=told.get("response_type") != "in_channel")
        return answer

    def _submitted(self, who: str, view_id: str, answer: Answer) -> Answer:
        """Do what the app answered to a form: close, show errors, update, push or clear."""
        try:
            told = json.loads(answer.text) if answer.text.strip() else {}
        except json.JSONDecodeError:
            told = {"response_action": "something that is not JSON"}
        view = self._open(who, view_id)
        wanted = told.get("response_action") if isinstance(told, dict) else "nothing Slack knows"
        try:
            if wanted == "errors":
                return self._field_errors(view, told.get("errors"), answer)
            if wanted in ("update", "push"):
                given = checked_view(told.get("view"), "modal")
                if wanted == "push":
                    self.open_view(who, given, push=True)
                elif view is not None:
                    self.replace_view(who, view, given)
                return answer
        except SlackFault as fault:
            return self._refused("the form's answer", fault, answer)
        if wanted not in (None, "clear"):
            unknown = SlackFault("invalid_arguments", [f"unknown response_action: {wanted}"])
            return self._refused("the form's answer", unknown, answer)
        if view is not None:
            self.close_view(who, view, everything=wanted == "clear")
        return answer

    def _field_errors(self, view: Json | None, errors: object, answer: Answer) -> Answer:
        inputs = {one["block_id"] for one in (view or {}).get("blocks", []) if _asks(one)}
        if not isinstance(errors, dict) or not errors or not set(errors) <= inputs:
            named = f"errors name no input block of the modal: {errors}"
            raise SlackFault("invalid_arguments", [named])
        told = {str(block): str(sentence) for block, sentence in errors.items()}
        return replace(answer, errors=told)

    def _refused(self, name: str, fault: SlackFault, answer: Answer) -> Answer:
        messages = tuple(str(one) for one in fault.answer.get("errors", ()))
        self.refusals.append(Refusal(name, str(fault), messages))
        problem = f"Slack does not accept {name}: {fault}. " + " ".join(messages)
        return replace(answer, problem=problem)


def _control(
    versions: list[list[Json]], action_id: str | None, label: str | None, block_id: str | None
) -> Json:
    for blocks in versions:
        if action_id is not None:
            element = find(blocks, action_id, block_id)
        else:
            element = labelled(blocks, label or "")
        if element is not None:
            return element
    raise LookupError(f"There is no control {action_id or label!r}.")


def _trouble(answer: Answer) -> Answer:
    return replace(answer, problem=f"We had some trouble connecting. {answer.problem}")


def _asks(block: Json) -> bool:
    return bool(block["type"] == "input")


def _wants_retry(answer: Answer) -> bool:
    names = {name.lower(): value for name, value in answer.headers.items()}
    return names.get("x-slack-no-retry") != "1"
