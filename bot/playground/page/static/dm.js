// The direct message with the bot: people to switch between, tabs, messages, Home and About.

import { announce, h, icon, reconcile, redraw, toast } from "./dom.js";
import { renderBlocks } from "./blocks.js";
import { Form } from "./inputs.js";
import { mrkdwn } from "./mrkdwn.js";
import { messageMenu, offered } from "./shortcuts.js";
import {
  channel,
  choosePerson,
  chooseTab,
  now,
  on,
  person as personOf,
  place,
  post,
  shown,
  state,
} from "./state.js";
import { clockTime, dayOf, dayWords, daysUntil, initials, tabList, tint, when } from "./words.js";

const GROUPED = 5 * 60 * 1000;
const forms = new Map();
const at = (id) => document.getElementById(id);
let drawn = null;
let pinned = true;

/** Fill the conversation and keep it true. */
export function startConversation() {
  const select = tabList(at("dm-tabs"), chooseTab);
  on("tab", () => {
    select(state.tab);
    if (state.tab === "messages") toEnd();
  });
  on("people", drawPeople);
  startPeace();
  on("messages shortcuts", drawMessages);
  on("home", drawHome);
  on("people", drawAbout);
  at("messages").addEventListener("scroll", () => {
    pinned = nearEnd();
    at("to-end").hidden = pinned;
  });
  // When the log opens above the last message, or a message grows, its end stays in sight.
  const keepEnd = new ResizeObserver(() => {
    if (pinned) toEnd();
  });
  keepEnd.observe(at("messages"));
  keepEnd.observe(at("message-list"));
  at("to-end").addEventListener("click", toEnd);
}

function avatar(person, size = "") {
  return h(
    "span",
    { class: `avatar ${tint(person.id, state.people)} ${size}`, "aria-hidden": "true" },
    initials(person.name),
  );
}

function coachAvatar() {
  return h("span", { class: "avatar coach", "aria-hidden": "true" }, icon("target"));
}

function drawPeople() {
  reconcile(
    at("people"),
    state.people.map((person) => {
      const unread = state.unread[person.id] ?? 0;
      const chosen = person.id === state.person;
      return {
        key: person.id,
        sig: [person, unread, chosen],
        make: () =>
          h(
            "li",
            {},
            h(
              "button",
              {
                type: "button",
                class: "person",
                "aria-current": chosen ? "true" : null,
                "data-focus": person.id,
                "data-testid": `person-${person.id}`,
                onclick: () => choosePerson(person.id),
              },
              avatar(person),
              h(
                "span",
                { class: "person-words" },
                h("span", { class: "person-name" }, personWords(person.name)),
                h("small", {}, person.title),
              ),
              unread > 0 &&
                h(
                  "span",
                  { class: "unread" },
                  h("span", { class: "hidden-words" }, "Unread messages: "),
                  String(unread),
                ),
            ),
          ),
      };
    }),
  );
}

/** Slack's own Do Not Disturb of the person on show: for an hour, or ended. */
function startPeace() {
  const button = at("peace");
  const isOn = () => new Date(shown()?.peace_until ?? 0) > now();
  const draw = () => {
    button.setAttribute("aria-pressed", String(isOn()));
    button.textContent = isOn()
      ? `Not to be disturbed until ${clockTime(new Date(shown().peace_until))}`
      : "Do not disturb for an hour";
  };
  button.addEventListener("click", async () => {
    const answer = await post("/ui/peace", { person: state.person, minutes: isOn() ? 0 : 60 });
    if (!answer.ok) toast(answer.error, "problem");
  });
  on("people clock", draw);
}

/** "Ana Ruiz", of which a phone shows the first word only. */
function personWords(name) {
  const [first, ...rest] = name.split(" ");
  return [first, h("span", { class: "surname" }, ` ${rest.join(" ")}`)];
}

function nearEnd() {
  const list = at("messages");
  return list.scrollHeight - list.scrollTop - list.clientHeight < 80;
}

function toEnd() {
  const list = at("messages");
  list.scrollTop = list.scrollHeight;
}

function drawMessages({ person, message, added } = {}) {
  if (message && added && message.from === "bot") {
    const where = channel(person)?.name ?? personOf(person)?.name;
    const name = person === state.person ? "" : ` to ${where}`;
    announce(`${state.app.name}${name}: ${h("span", {}, ...mrkdwn(message.text ?? "")).textContent}`);
  }
  if (person && person !== place()) return;
  const eyes = `${state.person} ${place()}`;
  const stay = nearEnd() || drawn !== eyes || (message && message.from === "person");
  if (drawn !== eyes) at("message-list").replaceChildren();
  drawn = eyes;
  const items = [];
  let before = null;
  for (const each of state.messages[place()] ?? []) {
    // In a channel, what only somebody else can see.
    if (each.only && each.only !== state.person) continue;
    const day = dayOf(each.at);
    if (!before || dayOf(before.at) !== day) items.push(dayDivider(day, each.at));
    const close =
      before &&
      before.from === each.from &&
      before.author === each.author &&
      !before.ephemeral &&
      !each.ephemeral &&
      dayOf(before.at) === day &&
      new Date(each.at) - new Date(before.at) < GROUPED;
    const compact = Boolean(close) && each.from === "person";
    items.push({
      key: each.ts,
      sig: [each, compact, offered("message")],
      make: () => messageNode(each, compact, Boolean(added) && each.ts === message.ts),
    });
    before = each;
  }
  at("empty").hidden = items.length > 0 || Boolean(state.channel);
  reconcile(at("message-list"), items);
  if (stay) toEnd();
  else at("to-end").hidden = false;
}

function dayDivider(day, moment) {
  const away = daysUntil(day);
  const words =
    away === 0 || away === -1
      ? dayWords(day)
      : when(moment, { weekday: "long", day: "numeric", month: "long" });
  return {
    key: `day-${day}`,
    sig: words,
    make: () => h("li", { class: "day" }, h("span", {}, words[0].toUpperCase() + words.slice(1))),
  };
}

function messageNode(message, compact, arriving) {
  const bot = message.from === "bot";
  const person = shown();
  const writer = personOf(message.author) ?? person;
  const author = bot ? state.app.name : writer.name;
  const time = h(
    "time",
    { datetime: message.at, title: when(message.at, { dateStyle: "full", timeStyle: "short" }) },
    clockTime(message.at),
  );
  const key = `${person.id}/${message.ts}`;
  if (!forms.has(key)) forms.set(key, new Form());
  const form = forms.get(key);
  form.begin();
  const ctx = {
    form,
    where: { type: "message", ts: message.ts },
    act: (action) =>
      post("/ui/action", {
        person: person.id,
        container: { type: "message", ts: message.ts, channel: state.channel },
        action,
        values: form.values,
      }),
  };
  const body = message.blocks?.length
    ? h("div", { class: "blocks" }, ...renderBlocks(message.blocks, ctx))
    : h("div", { class: "text" }, ...mrkdwn(message.text ?? ""));
  return h(
    "li",
    {
      class: ["message", compact && "compact", message.ephemeral && "ephemeral", arriving && "arriving"]
        .filter(Boolean)
        .join(" "),
      "data-testid": "message",
      "data-ts": message.ts,
      "data-from": message.from,
      "aria-label": `${author}, ${clockTime(message.at)}`,
    },
    compact ? time : bot ? coachAvatar() : avatar(writer),
    h(
      "div",
      { class: "message-body" },
      message.ephemeral && h("div", { class: "only-you" }, icon("eye"), "Only visible to you"),
      !compact &&
        h(
          "div",
          { class: "message-head" },
          h("strong", {}, author),
          bot && h("span", { class: "badge" }, "APP"),
          time,
          message.edited && h("span", { class: "edited" }, "(edited)"),
        ),
      body,
      ...(message.unfurls ?? []).map((blocks) =>
        h("div", { class: "blocks unfurl", "data-testid": "unfurl" }, ...renderBlocks(blocks, ctx)),
      ),
      compact && message.edited && h("span", { class: "edited" }, "(edited)"),
    ),
    // What only one person can see Slack has no shortcuts for.
    !message.ephemeral && !state.channel && messageMenu(person.id, message),
  );
}

const homeForm = new Form();
let homeDrawn = null;

function drawHome() {
  const view = state.homes[state.person];
  const sig = JSON.stringify([state.person, view]);
  if (sig === homeDrawn) return;
  homeDrawn = sig;
  const person = state.person;
  if (!view) {
    redraw(
      at("home"),
      h(
        "div",
        { class: "nothing" },
        h("strong", {}, `Nothing here yet for ${shown()?.name ?? "this person"}`),
        h("p", {}, `${state.app.name} fills this tab when it is opened.`),
      ),
    );
    return;
  }
  homeForm.begin();
  const ctx = {
    form: homeForm,
    where: { type: "view", view_id: view.id },
    act: (action) =>
      post("/ui/action", {
        person,
        container: { type: "view", view_id: view.id },
        action,
        values: homeForm.values,
      }),
  };
  redraw(
    at("home"),
    h("div", { class: "home-blocks", "data-testid": "home" }, ...renderBlocks(view.blocks, ctx)),
  );
}

function drawAbout() {
  const person = shown();
  if (!person) return;
  redraw(
    at("about"),
    h(
      "div",
      { class: "about" },
      coachAvatar(),
      h("h3", {}, state.app.name),
      h(
        "p",
        {},
        "A business coach that watches the CRM beside this conversation and tells each person, privately, the one thing worth doing next.",
      ),
      h("h4", {}, "Commands"),
      h(
        "dl",
        {},
        ...state.commands.flatMap((each) => [
          h("dt", {}, h("code", {}, each.command)),
          h("dd", {}, each.usage_hint),
        ]),
      ),
      h("h4", {}, "You are looking through the eyes of"),
      h(
        "p",
        {},
        `${person.name}, ${person.title}${person.admin ? ", workspace owner" : ""} · ${person.email} · ${person.tz}`,
      ),
      h(
        "p",
        { class: "hint" },
        "This is a stand-in for Slack on your own computer. The bot talks to it over HTTP exactly as it would to Slack; nothing leaves this machine.",
      ),
    ),
  );
}
