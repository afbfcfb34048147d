// The small CRM beside the conversation: deals, contacts and tasks, each change a real webhook.

import { addDeal, drawBoard } from "./board.js";
import { addContact, drawContacts } from "./contacts.js";
import { freshness, ours, rememberDrawn, toggleOnlyMine } from "./owners.js";
import { drawPretends, startPretends } from "./pretends.js";
import { memory, on, state } from "./state.js";
import { addTask, done, drawTasks } from "./tasks.js";
import { firstName, tabList } from "./words.js";

const at = (id) => document.getElementById(id);
let tab = "deals";
let won = null;

/** Fill the panel and keep it true. */
export function startCrm() {
  tabList(at("crm-tabs"), (name) => {
    tab = name;
    at(`tab-${name}`).classList.remove("fresh");
    nameAdd();
  });
  at("crm-add").addEventListener("click", () =>
    ({ deals: addDeal, contacts: addContact, tasks: addTask })[tab](),
  );
  at("only-mine").addEventListener("click", () => {
    at("only-mine").setAttribute("aria-pressed", String(toggleOnlyMine()));
    draw();
  });
  at("hint-close").addEventListener("click", closeHint);
  at("crm-hint").hidden = memory.get("hint") === "closed";
  startPretends();
  on("crm people", draw);
  nameAdd();
}

function closeHint() {
  at("crm-hint").hidden = true;
  memory.set("hint", "closed");
}

/** Whoever has won a deal needs to be told no more how that is done. */
function followHint() {
  if (!state.ready) return;
  const now = new Set(
    state.crm.deals.filter((deal) => /won/i.test(deal.stage)).map((deal) => deal.id),
  );
  if (won && [...now].some((id) => !won.has(id))) closeHint();
  won = now;
}

function nameAdd() {
  at("crm-add-words").textContent = { deals: "Add deal", contacts: "Add contact", tasks: "Add task" }[tab];
}

function draw() {
  at("only-mine").textContent = state.person ? `Only ${firstName(state.person)}'s` : "Only mine";
  drawPretends();
  drawBoard(at("lanes"), at("wells"));
  drawContacts(at("contacts"));
  drawTasks(at("tasks"));
  const open = (deal) => !/closed/i.test(deal.stage);
  const count = (name, kept) => {
    at(`count-${name}`).textContent = String(state.crm[name].filter(ours).filter(kept).length);
  };
  count("deals", open);
  count("contacts", () => true);
  count("tasks", (task) => !done(task));
  followHint();
  markNews();
  rememberDrawn();
}

/** Mark the tab whose news somebody is not looking at. */
function markNews() {
  for (const name of ["deals", "tasks"]) {
    if (tab !== name && state.crm[name].some((each) => freshness(each.id))) {
      at(`tab-${name}`).classList.add("fresh");
    }
  }
}
