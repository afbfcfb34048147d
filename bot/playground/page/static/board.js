// The board of deals: open stages as lanes, the two ways to close always in reach below them.

import { h, icon, reconcile, toast } from "./dom.js";
import { paste } from "./composer.js";
import { openForm } from "./dialogs.js";
import { openMenu } from "./menu.js";
import { freshness, ours, ownerChip, ownerField } from "./owners.js";
import { post, state } from "./state.js";
import { dayOf, daysUntil, firstName, money } from "./words.js";

const CLOSED = /closed|won|lost/i;
let carried = null;

/** Draw every lane: open stages into `lanes`, closed ones into `wells`. */
export function drawBoard(lanes, wells) {
  const closed = state.crm.stages.filter((stage) => CLOSED.test(stage));
  reconcile(lanes, state.crm.stages.filter((stage) => !closed.includes(stage)).map(lane));
  reconcile(wells, closed.map(lane));
}

function lane(stage) {
  const deals = state.crm.deals.filter((deal) => deal.stage === stage && ours(deal)).sort(byNewest);
  const closed = CLOSED.test(stage);
  const kind = /won/i.test(stage) ? "won" : closed ? "lost" : "open";
  return {
    key: stage,
    // Names and days are part of what a card shows, so they are part of what makes it stale.
    sig: [deals, deals.map(daysHere), state.crm.contacts.map((each) => each.name)],
    make: () => {
      const cards = h("ul", { class: "cards" });
      reconcile(
        cards,
        deals.map((deal) => ({ key: deal.id, sig: deal, make: () => card(deal) })),
      );
      const node = h(
        "section",
        {
          class: `lane ${kind}`,
          "data-testid": `stage-${stage}`,
          "aria-label": `${stage}, ${deals.length} ${deals.length === 1 ? "deal" : "deals"}`,
        },
        h(
          "header",
          { class: "lane-head" },
          h("h3", {}, stage),
          h("span", { class: "count" }, String(deals.length)),
          h("span", { class: "sum" }, deals.length ? money(total(deals), deals[0].currency) : ""),
        ),
        cards,
        !deals.length && h("p", { class: "lane-empty" }, closed ? "Drop a deal here" : "No deals"),
      );
      node.addEventListener("dragover", (event) => {
        if (!carried || carried.stage === stage) return;
        event.preventDefault();
        event.dataTransfer.dropEffect = "move";
        node.classList.add("over");
      });
      node.addEventListener("dragleave", (event) => {
        if (!node.contains(event.relatedTarget)) node.classList.remove("over");
      });
      node.addEventListener("drop", (event) => {
        event.preventDefault();
        node.classList.remove("over");
        if (carried) move(carried, stage);
      });
      return node;
    },
  };
}

function byNewest(one, other) {
  return CLOSED.test(one.stage)
    ? String(other.stage_entered_at).localeCompare(String(one.stage_entered_at))
    : Number(other.value) - Number(one.value);
}

function total(deals) {
  return deals.reduce((sum, deal) => sum + Number(deal.value ?? 0), 0);
}

/** Days as people count them, by midnights where they are: the coach counts the same. */
function daysHere(deal) {
  return Math.max(0, -daysUntil(dayOf(deal.stage_entered_at)));
}

function own() {
  return !state.crm.pretends?.vendor;
}

async function link(deal) {
  const answer = await post(`/ui/crm/deals/${deal.id}/link`, {});
  if (answer.ok) paste(answer.url);
  else toast(answer.error, "problem");
}

function card(deal) {
  const contact = state.crm.contacts.find((each) => each.id === deal.contact_id);
  const days = daysHere(deal);
  const menu = h(
    "button",
    {
      type: "button",
      class: "move",
      "aria-haspopup": "menu",
      "aria-expanded": "false",
      "aria-label": `Move ${deal.title} to…`,
      title: "Move to…",
      "data-focus": `move-${deal.id}`,
    },
    icon("more"),
  );
  menu.addEventListener("click", () =>
    openMenu(
      menu,
      [
        { heading: "Move to…" },
        ...state.crm.stages
          .filter((stage) => stage !== deal.stage)
          .map((stage) => ({ label: stage, pick: () => move(deal, stage) })),
        { heading: "This deal" },
        { label: "Edit…", pick: () => editDeal(deal) },
        // Of a CRM that it only pretends to be there are no pages.
        ...(own() ? [{ label: "Paste its link", pick: () => link(deal) }] : []),
        { label: "Delete", danger: true, pick: () => remove(deal) },
      ],
      { label: `Move ${deal.title} to` },
    ),
  );
  const node = h(
    "li",
    {
      class: `card ${freshness(deal.id)}`,
      draggable: "true",
      "data-testid": `deal-${deal.id}`,
      "data-stage": deal.stage,
    },
    h("div", { class: "card-title" }, deal.title),
    h("div", { class: "card-contact" }, contact?.name ?? "No contact"),
    h(
      "div",
      { class: "card-foot" },
      h("span", { class: "card-value" }, money(deal.value, deal.currency)),
      h(
        "span",
        {
          class: days >= 14 && !CLOSED.test(deal.stage) ? "days long" : "days",
          title: `In ${deal.stage} for ${days} ${days === 1 ? "day" : "days"}`,
        },
        days === 0 ? "today" : `${days} d`,
      ),
      ownerChip(deal.owner),
    ),
    menu,
  );
  node.addEventListener("dragstart", (event) => {
    carried = deal;
    event.dataTransfer.effectAllowed = "move";
    event.dataTransfer.setData("text/plain", deal.title);
    node.classList.add("carried");
    document.body.classList.add("carrying");
  });
  node.addEventListener("dragend", () => {
    carried = null;
    node.classList.remove("carried");
    document.body.classList.remove("carrying");
  });
  return node;
}

async function move(deal, stage) {
  carried = null;
  document.body.classList.remove("carrying");
  const answer = await post(`/ui/crm/deals/${encodeURIComponent(deal.id)}`, { stage });
  const watch = /won/i.test(stage) ? ` Watch ${firstName(deal.owner)}'s messages.` : "";
  if (answer.ok) toast(`${deal.title} moved to ${stage}.${watch}`);
  else toast(answer.error ?? "The deal was not moved.", "problem");
}

async function remove(deal) {
  const answer = await post(`/ui/crm/deals/${encodeURIComponent(deal.id)}/delete`, {});
  toast(
    answer.ok ? `${deal.title} deleted.` : (answer.error ?? "The deal was not deleted."),
    answer.ok ? "plain" : "problem",
  );
}

function editDeal(deal) {
  openForm(
    "Edit deal",
    [
      { name: "title", label: "Title", value: deal.title, required: true },
      {
        name: "value",
        label: `Value (${deal.currency})`,
        value: deal.value,
        inputmode: "decimal",
        half: true,
      },
      { ...ownerField(deal.owner), half: true },
    ],
    (values) => post(`/ui/crm/deals/${encodeURIComponent(deal.id)}`, values),
  );
}

/** The form for a new deal. */
export function addDeal() {
  const stages = state.crm.stages.filter((stage) => !CLOSED.test(stage));
  openForm(
    "Add a deal",
    [
      { name: "title", label: "Title", required: true, placeholder: "Harbour Foods rollout" },
      { name: "value", label: "Value", value: "5000", inputmode: "decimal", required: true, half: true },
      {
        name: "stage",
        label: "Stage",
        type: "select",
        options: stages.map((stage) => [stage, stage]),
        value: stages[0],
        half: true,
      },
      {
        name: "contact_id",
        label: "Contact",
        type: "select",
        options: [["", "No contact"], ...state.crm.contacts.map((each) => [each.id, each.name])],
        half: true,
      },
      { ...ownerField(state.person), half: true },
    ],
    (values) => post("/ui/crm/deals", values),
    "Add deal",
  );
}
