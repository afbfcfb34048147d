// What the page knows: fetched once, kept true by server-sent events, told to whoever listens.

/** The whole state; read it freely, change it only here. */
export const state = {
  ready: false,
  live: false,
  now: null,
  app: { name: "Coach" },
  commands: [],
  shortcuts: [],
  people: [],
  channels: [],
  messages: {},
  homes: {},
  views: {},
  crm: { stages: [], deals: [], contacts: [], tasks: [] },
  log: [],
  person: null,
  channel: null,
  tab: "messages",
  unread: {},
};

const LOG_KEPT = 500;
const listeners = new Map();
let clockAhead = 0;

/** Call `listener(detail)` whenever one of these topics changes: people messages views home crm clock log say live shortcuts. */
export function on(topics, listener) {
  for (const topic of topics.split(" ")) {
    if (!listeners.has(topic)) listeners.set(topic, []);
    listeners.get(topic).push(listener);
  }
}

function tell(topic, detail) {
  for (const listener of listeners.get(topic) ?? []) listener(detail);
}

/** A small memory between visits; a browser that forbids it only forgets. */
export const memory = {
  get(name) {
    try {
      return localStorage.getItem(`playground.${name}`);
    } catch {
      return null;
    }
  },
  set(name, value) {
    try {
      localStorage.setItem(`playground.${name}`, value);
    } catch {
      // Nothing is lost but the convenience.
    }
  },
};

/** POST JSON to the playground; always resolves to {ok, …} with a sentence in `error` when not ok. */
export async function post(path, body) {
  try {
    const answer = await fetch(path, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    });
    const data = await answer.json();
    if (data.ok === undefined)
      return { ok: answer.ok, error: `The playground answered ${answer.status}.`, ...data };
    return data;
  } catch {
    return { ok: false, error: "The playground does not answer. Is “coach demo” still running?" };
  }
}

/** The coach's present time, which the page moves on between the server's words. */
export function now() {
  return new Date(Date.now() + clockAhead);
}

/** A person by Slack id, or undefined. */
export function person(id) {
  return state.people.find((each) => each.id === id);
}

/** A person's name by Slack id, or null when nobody here has it. */
export function personName(id) {
  return person(id)?.name ?? null;
}

/** The person whose Slack is on show. */
export function shown() {
  return person(state.person);
}

/** A channel by its id, or undefined. */
export function channel(id) {
  return state.channels.find((each) => each.id === id);
}

/** What is on show: a channel, or else the direct message of the person on show. */
export function place() {
  return channel(state.channel) ? state.channel : state.person;
}

/** Show a channel, through the same person's eyes. */
export function chooseChannel(id) {
  if (!channel(id)) return;
  state.channel = id;
  state.tab = "messages";
  markSeen();
  tell("tab");
  tell("people");
  tell("messages", {});
}

/** Show another person's Slack, and there their direct message. */
export function choosePerson(id) {
  if (!person(id) || (id === state.person && !state.channel)) return;
  state.person = id;
  state.channel = null;
  memory.set("person", id);
  markSeen();
  tell("people");
  tell("messages", {});
  tell("home");
  tell("views");
  post("/ui/tab", { person: id, tab: state.tab });
}

/** Show another tab of the app's conversation, and tell the bot, as Slack does by app_home_opened. */
export function chooseTab(tab) {
  state.tab = tab;
  markSeen();
  tell("tab");
  tell("people");
  if (state.person) post("/ui/tab", { person: state.person, tab });
}

/** What each person has seen last: a time stamp, after which the app's messages are unread. */
let seen = {};

function recall() {
  try {
    seen = JSON.parse(memory.get("seen") ?? "{}") ?? {};
  } catch {
    seen = {};
  }
}

function markSeen() {
  const last = state.messages[place()]?.at(-1);
  if (state.tab === "messages" && last) seen[place()] = last.ts;
  memory.set("seen", JSON.stringify(seen));
  countUnread();
}

/** Counted anew each time, so that a page that is loaded again counts the same. */
function countUnread() {
  const latest = now().getTime() / 1000 + 1;
  for (const { id } of [...state.people, ...state.channels]) {
    // A time to come is of another demo, which was further ahead and was begun anew.
    const since = Number(seen[id] ?? 0) <= latest ? Number(seen[id] ?? 0) : 0;
    state.unread[id] = (state.messages[id] ?? []).filter(
      (message) => message.from === "bot" && !message.ephemeral && Number(message.ts) > since,
    ).length;
  }
}

function setClock(iso) {
  state.now = iso;
  clockAhead = new Date(iso).getTime() - Date.now();
}

async function load() {
  const answer = await fetch("/ui/state");
  if (!answer.ok) throw new Error(`state: ${answer.status}`);
  const data = await answer.json();
  for (const name of ["app", "commands", "shortcuts", "people", "channels", "messages", "homes", "views", "crm", "log"]) {
    if (data[name] !== undefined) state[name] = data[name];
  }
  for (const each of state.channels) state.messages[each.id] = each.messages ?? [];
  for (const list of Object.values(state.messages)) list.sort(byTs);
  setClock(data.now);
  const first = !state.ready;
  if (!person(state.person)) {
    state.person = person(memory.get("person")) ? memory.get("person") : (state.people[0]?.id ?? null);
  }
  if (first) recall();
  markSeen();
  state.ready = true;
  for (const topic of ["people", "messages", "home", "views", "crm", "clock", "log", "shortcuts"])
    tell(topic, { fresh: true });
  if (first && state.person) post("/ui/tab", { person: state.person, tab: state.tab });
}

function byTs(one, other) {
  return Number(one.ts) - Number(other.ts);
}

const receive = {
  message({ person: id, message }) {
    const list = (state.messages[id] ??= []);
    const at = list.findIndex((each) => each.ts === message.ts);
    if (at >= 0) list[at] = message;
    else {
      list.push(message);
      list.sort(byTs);
    }
    markSeen();
    tell("messages", { person: id, message, added: at < 0 });
    tell("people");
  },
  message_gone({ person: id, ts }) {
    state.messages[id] = (state.messages[id] ?? []).filter((each) => each.ts !== ts);
    markSeen();
    tell("messages", { person: id });
    tell("people");
  },
  channels({ channels }) {
    state.channels = channels;
    tell("people");
  },
  views({ person: id, views }) {
    state.views[id] = views;
    tell("views");
  },
  peace({ person: id, until }) {
    const who = person(id);
    if (who) who.peace_until = until;
    tell("people");
  },
  home({ person: id, view }) {
    state.homes[id] = view;
    tell("home");
  },
  crm({ crm }) {
    state.crm = crm;
    tell("crm");
  },
  clock({ now: iso }) {
    setClock(iso);
    // What came on the way was of a time to come until now.
    markSeen();
    tell("people");
    tell("clock");
    tell("crm");
  },
  log({ entry }) {
    const at = state.log.findIndex((each) => each.id === entry.id);
    if (at >= 0) state.log[at] = entry;
    else state.log.push(entry);
    if (state.log.length > LOG_KEPT) state.log.splice(0, state.log.length - LOG_KEPT);
    tell("log", { entry });
  },
  shortcuts({ shortcuts }) {
    state.shortcuts = shortcuts;
    tell("shortcuts", {});
  },
  say({ person: id, text }) {
    tell("say", { person: id, text });
  },
};

/** Follow the playground: open the stream, fetch the state, apply what came meanwhile, and again after every break. */
export function follow(wait = 500) {
  const source = new EventSource("/ui/events");
  let held = [];
  const apply = (event) => receive[event.type]?.(event);
  const again = () => {
    source.close();
    setTimeout(() => follow(Math.min(wait * 2, 8000)), wait);
  };
  source.onopen = async () => {
    held = [];
    try {
      await load();
    } catch {
      again();
      return;
    }
    const missed = held;
    held = null;
    missed.forEach(apply);
    wait = 500;
    state.live = true;
    tell("live");
  };
  source.onmessage = (message) => {
    const event = JSON.parse(message.data);
    if (held) held.push(event);
    else apply(event);
  };
  source.onerror = () => {
    if (state.live) {
      state.live = false;
      tell("live");
    }
    again();
  };
}
