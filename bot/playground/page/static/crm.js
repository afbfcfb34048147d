// The small CRM beside the conversation: deals, contacts and tasks, each change a real webhook.

import { addDeal, drawBoard } from "./board.js";
import { addContact, drawContacts } from "./contacts.js";
import { freshness, rememberDrawn, toggleOnlyMine } from "./owners.js";
import { drawPretends, startPretends } from "./pretends.js";
import { memory, on, state } from "./state.js";
import { addTask, done, drawTasks } from "./tasks.js";
import { firstName, tabList } from "./words.js";

const at = (id) => document.getElementById(id);
let tab = "deals";

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
  at("hint-close").addEventListener("click", () => {
    at("crm-hint").hidden = true;
    memory.set("hint", "closed");
  });
  at("crm-hint").hidden = memory.get("hint") === "closed";
  startPretends();
  on("crm people", draw);
  nameAdd();
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
  const pending = state.crm.tasks.filter((task) => !done(task)).length;
  at("count-deals").textContent = String(
    state.crm.deals.filter((deal) => !/closed/i.test(deal.stage)).length,
  );
  at("count-contacts").textContent = String(state.crm.contacts.length);
  at("count-tasks").textContent = String(pending);
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
