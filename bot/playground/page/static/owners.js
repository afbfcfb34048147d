// Whose a deal, contact or task is, which of them are on show, and which have just changed.

import { h } from "./dom.js";
import { person, state } from "./state.js";
import { initials, tint } from "./words.js";

let onlyMine = false;
let known = null;

/** Show everybody's, or only the shown person's; answers which it is now. */
export function toggleOnlyMine() {
  onlyMine = !onlyMine;
  return onlyMine;
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

/** From now on, what has been drawn is no longer new. */
export function rememberDrawn() {
  if (!state.ready) return;
  known = new Map([...state.crm.deals, ...state.crm.tasks].map((each) => [each.id, signature(each.id)]));
}

/** The owner's initials in their colour. */
export function ownerChip(id) {
  const owner = person(id);
  const name = owner?.name ?? "nobody";
  return h(
    "span",
    {
      class: `avatar chip ${tint(id, state.people)}`,
      role: "img",
      "aria-label": `Owner: ${name}`,
      title: name,
    },
    owner ? initials(owner.name) : "–",
  );
}

/** The owner field of every form. */
export function ownerField(value) {
  return {
    name: "owner",
    label: "Owner",
    type: "select",
    options: state.people.map((each) => [each.id, each.name]),
    value,
  };
}
