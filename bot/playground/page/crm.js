// The small CRM beside the conversation: deals, contacts and tasks, each change a real webhook.

import { h, icon, reconcile, toast } from "./dom.js";
import { addDeal, drawBoard } from "./board.js";
import { openForm } from "./dialogs.js";
import { openMenu } from "./menu.js";
import { memory, on, person, post, state } from "./state.js";
import { dayFromToday, daysUntil, dayWords, firstName, initials, tabList, tint } from "./words.js";

const at = (id) => document.getElementById(id);
let tab = "deals";
let onlyMine = false;
let known = null;

/** Fill the panel and keep it true. */
export function startCrm() {
  tabList(at("crm-tabs"), (name) => {
    tab = name;
    at(`tab-${name}`).classList.remove("fresh");
    nameAdd();
  });
  at("crm-add").addEventListener("click", () => ({ deals: addDeal, contacts: addContact, tasks: addTask })[tab]());
  at("only-mine").addEventListener("click", () => {
    onlyMine = !onlyMine;
    draw();
  });
  at("hint-close").addEventListener("click", () => {
    at("crm-hint").hidden = true;
    memory.set("hint", "closed");
  });
  at("crm-hint").hidden = memory.get("hint") === "closed";
  on("crm people", draw);
  nameAdd();
}

function nameAdd() {
  at("crm-add-words").textContent = { deals: "Add deal", contacts: "Add contact", tasks: "Add task" }[tab];
}

/** Whether the owner filter lets this deal, contact or task through. */
export function ours(thing) {
  return !onlyMine || thing.owner === state.person;
}

/** "fresh" for a deal or task that is new, or in another state, since the panel was last drawn. */
export function freshness(id) {
  return known && known.get(id) !== signature(id) ? "fresh" : "";
}

function signature(id) {
  const deal = state.crm.deals.find((each) => each.id === id);
  const task = deal ? null : state.crm.tasks.find((each) => each.id === id);
  return deal?.stage ?? (task && `${task.status} ${task.due_date}`);
}

/** Remember what has been shown, and mark the tab whose news somebody is not looking at. */
function remember() {
  for (const name of ["deals", "tasks"]) {
    if (tab !== name && state.crm[name].some((each) => freshness(each.id))) at(`tab-${name}`).classList.add("fresh");
  }
  if (state.ready) known = new Map([...state.crm.deals, ...state.crm.tasks].map((each) => [each.id, signature(each.id)]));
}

/** The owner's initials in their colour. */
export function ownerChip(id) {
  const owner = person(id);
  const name = owner?.name ?? "nobody";
  return h("span", { class: `avatar chip ${tint(id, state.people)}`, role: "img", "aria-label": `Owner: ${name}`, title: name }, owner ? initials(owner.name) : "–");
}

/** The owner field of every form. */
export function ownerField(value) {
  return { name: "owner", label: "Owner", type: "select", options: state.people.map((each) => [each.id, each.name]), value };
}

function draw() {
  at("only-mine").setAttribute("aria-pressed", String(onlyMine));
  at("only-mine").textContent = state.person ? `Only ${firstName(state.person)}'s` : "Only mine";
  drawBoard(at("lanes"), at("wells"));
  drawContacts();
  drawTasks();
  const pending = state.crm.tasks.filter((task) => !done(task)).length;
  at("count-deals").textContent = String(state.crm.deals.filter((deal) => !/closed/i.test(deal.stage)).length);
  at("count-contacts").textContent = String(state.crm.contacts.length);
  at("count-tasks").textContent = String(pending);
  remember();
}

function contactWords(contact) {
  return contact.last_contacted_at ? `Last contact ${dayWords(contact.last_contacted_at)}` : "Never contacted";
}

function isLead(contact) {
  return ["LEAD", "PROSPECT"].includes(contact.status);
}

/** Leads first, the coldest on top: the order in which somebody would call. */
function byWarmth(one, other) {
  if (isLead(one) !== isLead(other)) return isLead(one) ? -1 : 1;
  return (one.last_contacted_at ?? "").localeCompare(other.last_contacted_at ?? "");
}

function drawContacts() {
  const kinds = [["call", "phone"], ["email", "mail"], ["meeting", "meet"]];
  reconcile(
    at("contacts"),
    [...state.crm.contacts].filter(ours).sort(byWarmth).map((contact) => ({
      key: contact.id,
      sig: [contact, contactWords(contact)],
      make: () =>
        h(
          "li",
          { class: "row-item", "data-testid": `contact-${contact.id}` },
          ownerChip(contact.owner),
          h("div", { class: "row-words" },
            h("div", { class: "row-title" }, contact.name, h("span", { class: `status ${isLead(contact) ? "lead" : ""}` }, (contact.status ?? "").toLowerCase())),
            h("div", { class: isLead(contact) && (!contact.last_contacted_at || daysUntil(contact.last_contacted_at) <= -9) ? "row-note cold" : "row-note" }, contactWords(contact), contact.email && h("span", { class: "row-mail" }, contact.email))),
          h("div", { class: "row-acts" },
            kinds.map(([kind, shape]) =>
              h("button", { type: "button", class: "quiet round", "aria-label": `Log ${kind === "email" ? "an email" : `a ${kind}`} with ${contact.name}`, title: `Log ${kind}`, "data-focus": `${kind}-${contact.id}`, onclick: () => log(contact, kind) }, icon(shape)))),
        ),
    })),
  );
}

async function log(contact, kind) {
  const answer = await post(`/ui/crm/contacts/${encodeURIComponent(contact.id)}/log`, { kind });
  const name = { call: "Call", email: "Email", meeting: "Meeting" }[kind];
  toast(answer.ok ? `${name} with ${contact.name} logged.` : answer.error ?? "This was not logged.", answer.ok ? "plain" : "problem");
}

function done(task) {
  return Boolean(task.completed_at) || task.status === "completed" || task.status === "done";
}

function byDue(one, other) {
  if (done(one) !== done(other)) return done(one) ? 1 : -1;
  if (done(one)) return (other.completed_at ?? "").localeCompare(one.completed_at ?? "");
  return (one.due_date ?? "9999").localeCompare(other.due_date ?? "9999");
}

function drawTasks() {
  reconcile(
    at("tasks"),
    [...state.crm.tasks].filter(ours).sort(byDue).map((task) => {
      const late = !done(task) && task.due_date && daysUntil(task.due_date) < 0;
      const due = done(task) ? "Done" : task.due_date ? `${late ? "Was due" : "Due"} ${dayWords(task.due_date)}` : "No date";
      return { key: task.id, sig: [task, due], make: () => taskRow(task, due, late) };
    }),
  );
}

function taskRow(task, due, late) {
  const finished = done(task);
  const change = h("button", { type: "button", class: "quiet due", "aria-haspopup": "menu", "aria-expanded": "false", "aria-label": `${due}. Change the date of ${task.title}`, "data-focus": `due-${task.id}` }, icon("calendar"), h("span", {}, due));
  change.addEventListener("click", () =>
    openMenu(change, [
      ...[["Today", 0], ["Tomorrow", 1], ["In a week", 7]].map(([label, days]) => ({ label, pick: () => setTask(task, { due_date: dayFromToday(days) }, "moved") })),
      { label: "Pick a date…", pick: () => openForm("Change the date", [{ name: "due_date", label: "Due date", type: "date", value: task.due_date ?? dayFromToday(1), required: true }], (values) => post(taskPath(task), values)) },
    ], { label: "New date" }),
  );
  return h(
    "li",
    { class: `row-item ${finished ? "finished" : ""} ${freshness(task.id)}`, "data-testid": `task-${task.id}`, "data-status": finished ? "completed" : "pending" },
    h("button", { type: "button", class: "tick", "aria-label": finished ? `${task.title} is done` : `Complete ${task.title}`, disabled: finished, "data-focus": `tick-${task.id}`, onclick: () => setTask(task, { completed: true }, "completed") }, icon("check")),
    h("div", { class: "row-words" },
      h("div", { class: "row-title" }, h("span", { class: "task-title" }, task.title), task.from_coach && h("span", { class: "status coach" }, icon("target"), "from Coach")),
      h("div", { class: late ? "row-note late" : "row-note" }, finished ? h("span", {}, due) : change, ["high", "urgent"].includes(task.priority) && !finished && h("span", { class: "urgent" }, `${task.priority} priority`)),
      task.note && h("div", { class: "row-memo" }, task.note)),
    ownerChip(task.owner),
  );
}

function taskPath(task) {
  return `/ui/crm/tasks/${encodeURIComponent(task.id)}`;
}

async function setTask(task, change, verb) {
  const answer = await post(taskPath(task), change);
  toast(answer.ok ? `“${task.title}” ${verb}.` : answer.error ?? "The task was not changed.", answer.ok ? "plain" : "problem");
}

function addContact() {
  openForm(
    "Add a contact",
    [
      { name: "name", label: "Name", required: true, placeholder: "Maria Santos" },
      { name: "email", label: "Email", type: "email", placeholder: "maria@harbour.example" },
      { name: "status", label: "Status", type: "select", options: [["LEAD", "Lead"], ["PROSPECT", "Prospect"], ["CUSTOMER", "Customer"]], half: true },
      { ...ownerField(state.person), half: true },
    ],
    (values) => post("/ui/crm/contacts", values),
    "Add contact",
  );
}

function addTask() {
  openForm(
    "Add a task",
    [
      { name: "title", label: "Title", required: true, placeholder: "Send the proposal" },
      { name: "due_date", label: "Due date", type: "date", value: dayFromToday(1), half: true },
      { name: "priority", label: "Priority", type: "select", options: [["low", "Low"], ["medium", "Medium"], ["high", "High"], ["urgent", "Urgent"]], value: "medium", half: true },
      ownerField(state.person),
    ],
    (values) => post("/ui/crm/tasks", values),
    "Add task",
  );
}
