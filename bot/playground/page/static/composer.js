// The message box: sends messages and slash commands, and completes /coach by keyboard.

import { h, reconcile, toast } from "./dom.js";
import { channel, choosePerson, on, place, post, state } from "./state.js";

const SHOWN = 14;
const box = () => document.getElementById("composer");
const list = () => document.getElementById("completions");
let offers = [];
let active = -1;
let sent = [];
let recalled = -1;

/** Wire the box. */
export function startComposer() {
  const field = box();
  field.addEventListener("input", () => {
    recalled = -1;
    grow();
    offer();
  });
  field.addEventListener("keydown", onKey);
  field.addEventListener("blur", () => setTimeout(hide, 120));
  document.getElementById("composer-form").addEventListener("submit", (event) => {
    event.preventDefault();
    send();
  });
  document.getElementById("slash").addEventListener("click", () => {
    put(`${state.commands[0]?.command ?? "/coach"} `);
    offer();
  });
  for (const chip of document.querySelectorAll("[data-say]")) {
    chip.addEventListener("click", () => {
      put(chip.dataset.say);
      send();
    });
  }
  on("people", ({ fresh } = {}) => {
    const name = channel(place())?.name;
    field.placeholder = name
      ? `Message #${name}`
      : `Message ${state.app.name}, or type / for a command`;
    // What was typed before the commands were known is completed now.
    if (fresh && document.activeElement === field) offer();
  });
}

function grow() {
  const field = box();
  field.style.height = "auto";
  field.style.height = `${Math.min(field.scrollHeight, 160)}px`;
}

/** Add something to what is being written. */
export function paste(text) {
  const before = box().value.trimEnd();
  put(before ? `${before} ${text} ` : `${text} `);
}

function put(text) {
  const field = box();
  field.value = text;
  field.focus();
  field.setSelectionRange(text.length, text.length);
  grow();
}

/** What may follow the words typed so far: the command itself, then its sub-commands. */
function possible(text) {
  if (!text.startsWith("/")) return [];
  const wanted = text.toLowerCase();
  const all = state.commands.flatMap((each) => [
    { text: each.command, note: each.usage_hint },
    ...(each.completions ?? []).map((word) => ({ text: `${each.command} ${word}`, note: "" })),
  ]);
  const deep = text.includes(" ");
  const found = all.filter(
    (each) => each.text.toLowerCase().startsWith(wanted) && (deep || !each.text.includes(" ")),
  );
  return found.some((each) => each.text.toLowerCase() === wanted) ? [] : found.slice(0, SHOWN);
}

function offer() {
  const text = box().value;
  offers = possible(text);
  // Only a started word is chosen in advance, so that Enter after "/coach " still sends.
  active = offers.length && !/\s$/.test(text) ? 0 : -1;
  draw();
}

function hide() {
  offers = [];
  draw();
}

function draw() {
  const field = box();
  list().hidden = offers.length === 0;
  field.setAttribute("aria-expanded", String(offers.length > 0));
  reconcile(
    list(),
    offers.map((each, place) => ({
      key: each.text,
      sig: [each, place, place === active],
      make: () =>
        h(
          "li",
          {
            id: `completion-${place}`,
            class: "completion",
            role: "option",
            "aria-selected": String(place === active),
            onpointerdown: (event) => {
              event.preventDefault();
              complete(place);
            },
          },
          h("strong", {}, each.text),
          each.note && h("small", {}, each.note),
        ),
    })),
  );
  if (active >= 0 && offers.length) field.setAttribute("aria-activedescendant", `completion-${active}`);
  else field.removeAttribute("aria-activedescendant");
}

function complete(place) {
  const whole = offers[place].text;
  const command = state.commands.some((each) => each.command === whole);
  put(command ? `${whole} ` : whole);
  offer();
}

function onKey(event) {
  if (event.isComposing) return;
  const { key } = event;
  if (offers.length && (key === "ArrowDown" || key === "ArrowUp")) {
    event.preventDefault();
    active = (active + (key === "ArrowDown" ? 1 : -1) + offers.length) % offers.length;
    draw();
  } else if (offers.length && ((key === "Tab" && !event.shiftKey) || (key === "Enter" && active >= 0))) {
    event.preventDefault();
    complete(Math.max(active, 0));
  } else if (offers.length && key === "Escape") {
    hide();
  } else if (key === "Enter" && !event.shiftKey) {
    event.preventDefault();
    send();
  } else if (key === "ArrowUp" && sent.length && (recalled >= 0 || !box().value)) {
    event.preventDefault();
    recalled = Math.min(recalled + 1, sent.length - 1);
    put(sent.at(-1 - recalled));
  }
}

async function send() {
  const text = box().value.trim();
  if (!text || !state.person) return;
  sent = [...sent.filter((each) => each !== text), text].slice(-20);
  recalled = -1;
  put("");
  hide();
  const answer = await post(text.startsWith("/") ? "/ui/command" : "/ui/message", {
    person: state.person,
    text,
    channel: state.channel,
  });
  // What a command answers stands in the direct message.
  if (state.channel && text.startsWith("/") && !text.startsWith("/invite ")) choosePerson(state.person);
  if (answer.ok) return;
  toast(answer.error ?? "This was not sent.", "problem");
  if (!box().value) put(text);
}
