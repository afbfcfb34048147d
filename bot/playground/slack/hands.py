"""The hands of the people in the stand-in for Slack: what they do goes to the bot, signed.

Commands, clicks, forms, opening a tab: each becomes the request Slack would send to
``/slack/events``, and what the bot answers is done as Slack does it.
"""

from dataclasses import replace
from urllib.parse import urlencode

from bot.playground.slack import payloads
from bot.playground.slack.answers import Answer, shown, submitted, suggested
from bot.playground.slack.forms import chosen, find, labelled, left_out, state_of
from bot.playground.slack.things import Json, Message, Person, SlackFault
from bot.playground.slack.unfurling import shared
from bot.playground.slack.wire import FORM, Wire


class People(Wire):
    """A workspace whose people do things: each becomes a request to the bot."""

    async def command(self, who: str, line: str) -> Answer:
        """Type a slash command into the direct message with the app."""
        person = self.person(who)
        command, _, text = line.strip().partition(" ")
        if command not in self.commands:
            return Answer(problem=f"{command} is not a valid command.")
        key = self.new_response_url(who)
        url = f"{self.own_url}/response/{key}"
        form = payloads.slash_command(self, person, command, text.strip(), url)
        answer = await self.to_bot(line.strip(), urlencode(form).encode(), FORM, form)
        if answer.problem is not None:
            code = "operation_timeout" if answer.status == 0 else "dispatch_failed"
            told = f'{command} failed with the error "{code}". {answer.problem}'
            return replace(answer, problem=told)
        return shown(self, who, answer)

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
        versions = [message.shown, *(reversed(message.earlier) if stale else ())]
        element = _control(versions, action_id, label, block_id)
        state = {} if choose is None else chosen(element, choose)
        return await self._act(self.person(by or who), message, None, element, state, {})

    async def shortcut(self, who: str, callback_id: str, ts: str | None = None) -> Answer:
        """Use one of the app's shortcuts: from a message, or without one from anywhere.

        Raises:
            LookupError: the message is not there.
        """
        message = None
        url = ""
        if ts is not None:
            message = self.conversations.get(who, {}).get(ts)
            if message is None or message.deleted:
                raise LookupError(f"{who} has no message {ts}.")
            url = f"{self.own_url}/response/{self.new_response_url(who, ts)}"
        payload = payloads.shortcut(self, self.person(who), callback_id, message, url)
        answer = await self.interaction(f"the shortcut {callback_id}", payload)
        return _trouble(answer) if answer.problem else answer

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
            place = str(container.get("channel") or who)
            message = self.conversations.get(place, {}).get(str(container.get("ts")))
            blocks = message.shown if message and not message.deleted else []
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

    async def suggest(self, who: str, container: Json, action: Json, typed: str) -> Answer:
        """Type into a menu whose entries the app is asked for; the answer's text has them."""
        view: Json | None = None
        if container.get("type") == "view":
            try:
                _, view = self.view(str(container.get("view_id")))
            except SlackFault:
                return Answer(problem="That window is no longer open.")
        message = self.conversations.get(who, {}).get(str(container.get("ts")))
        blocks = view["blocks"] if view else message.blocks if message else []
        element = find(blocks, str(action.get("action_id")), action.get("block_id"))
        if element is None or element["type"] != "external_select":
            return Answer(problem="That menu is no longer there.")
        told = payloads.block_suggestion(self, self.person(who), element, typed, view=view)
        answer = await self.interaction("typing in a menu", told)
        return _trouble(answer) if answer.problem else suggested(self, answer)

    async def submit(
        self, who: str, view_id: str | None = None, values: Json | None = None
    ) -> Answer:
        """Send the form of the modal on top, or of the one with this id.

        ``values`` is Slack's ``state.values``, or shorter ``{block_id: value}``; what is not given
        keeps its first value.
        """
        person = self.person(who)
        view = self.open_one(who, view_id)
        if view is None:
            return Answer(problem="That window is no longer open.")
        state = state_of(view["blocks"], values or {})
        view["state"] = {"values": state}
        errors = left_out(view["blocks"], state)
        if errors:
            return Answer(errors=errors)
        payload = payloads.view_submission(self, person, view)
        answer = await self.interaction("view_submission", payload)
        if answer.problem is not None:
            return _trouble(answer)
        return submitted(self, who, view["id"], answer)

    async def dismiss(
        self, who: str, view_id: str | None = None, *, everything: bool = False
    ) -> Answer:
        """Close the modal on top, or the one with this id; the app is told when it asked to be."""
        person = self.person(who)
        view = self.open_one(who, view_id)
        if view is None:
            return Answer()
        everything = everything or view["clear_on_close"]
        answer = Answer()
        for closed in self.close_view(who, view, everything=everything):
            if closed["notify_on_close"]:
                told = payloads.view_closed(self, person, closed, cleared=everything)
                answer = await self.interaction("view_closed", told)
        return answer

    async def open_tab(self, who: str, tab: str) -> Answer:
        """Open the app's Home or Messages tab; other tabs are nothing to the app."""
        if tab not in ("home", "messages"):
            return Answer()
        return await self.event(payloads.app_home_opened(self, self.person(who), tab))

    async def write(self, who: str, text: str, channel: str | None = None) -> Message:
        """Write an ordinary message to the app, which hears of it, or into a channel."""
        person = self.person(who)
        escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
        if channel is not None:
            message = self.post(channel, escaped, [], sender="person", author=who)
        else:
            message = self.post(who, escaped, [], sender="person")
            await self.event(payloads.message_im(self, person, message))
        event = shared(self, message, channel or who, who)
        if event is not None:
            await self.event(event)
        return message

    def invite(self, channel: str) -> None:
        """Let the app into a channel."""
        self.channels[channel].joined = True
        self.tell({"type": "channels", "channels": self.channels_as_page()})

    async def _act(
        self,
        person: Person,
        message: Message | None,
        view: Json | None,
        element: Json,
        state: Json,
        values: Json,
    ) -> Answer:
        blocks = view["blocks"] if view is not None else message.shown if message else []
        around = state_of(blocks, values)
        if state and element["block_id"] in around:
            around[element["block_id"]].setdefault(element["action_id"], {}).update(state)
        if view is not None:
            view["state"] = {"values": around}
        action = payloads.action(element, state)
        payload = payloads.block_actions(self, person, [action], around, view=view)
        if message is not None and message.is_below_link(element["block_id"]):
            payloads.below_link(payload, self, message)
        elif message is not None:
            place = message.person if message.person in self.channels else None
            key = self.new_response_url(person.id, message.ts, place)
            payloads.in_message(payload, self, message, f"{self.own_url}/response/{key}")
        words = element.get("text")
        name = words["text"] if isinstance(words, dict) else element["action_id"]
        answer = await self.interaction(f"click {name}", payload)
        return _trouble(answer) if answer.problem else answer


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
