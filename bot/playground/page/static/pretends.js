// What the CRM pretends to be: a menu, and below it what went between it and Coach in plain words.

import { h, reconcile, redraw, toast } from "./dom.js";
import { post, state } from "./state.js";

const at = (id) => document.getElementById(id);
let offered = "";

/** Wire the menu. */
export function startPretends() {
  at("pretends").addEventListener("change", async () => {
    const menu = at("pretends");
    const called = menu.selectedOptions[0].textContent;
    menu.disabled = true;
    toast(`Coach is being linked to ${called}…`);
    const answer = await post("/ui/crm/pretend", { as: menu.value });
    menu.disabled = false;
    menu.focus();
    if (answer.ok) toast(`The CRM is ${called} now. Coach forgets what it knew and takes this over.`);
    else toast(answer.error ?? "The CRM is what it was.", "problem");
    drawPretends();
  });
}

/** Show what it is, and what was told and done last. */
export function drawPretends() {
  const pretends = state.crm.pretends;
  at("pretends-label").hidden = !pretends;
  at("exchange").hidden = !pretends?.vendor;
  if (!pretends) return;
  const menu = at("pretends");
  const choices = JSON.stringify(pretends.choices);
  if (choices !== offered) {
    offered = choices;
    redraw(menu, ...pretends.choices.map(([name, called]) => h("option", { value: name }, called)));
  }
  if (!menu.disabled) menu.value = pretends.name;
  if (pretends.vendor) drawExchange(pretends.vendor);
}

function drawExchange(vendor) {
  const recent = [...vendor.recent].reverse();
  at("exchange-last").textContent =
    recent[0]?.said ?? `Nothing has gone between ${vendor.called} and Coach yet.`;
  reconcile(
    at("exchange-list"),
    recent.slice(1).map((each, place) => ({
      key: String(place),
      sig: [each.said, each.at],
      make: () =>
        h("li", {}, h("time", {}, new Date(each.at).toLocaleTimeString("en-GB")), h("span", {}, each.said)),
    })),
  );
  at("exchange-about").textContent = `${vendor.called}'s webhooks come ${vendor.signs}. ${vendor.remark}`;
}
