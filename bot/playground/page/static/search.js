// A menu whose entries the app is asked for as somebody types: Slack's external_select.

import { freshId, h } from "./dom.js";
import { menuAt } from "./menu.js";
import { post, state } from "./state.js";
import { words } from "./inputs.js";

const PAUSE = 200;

/** Open it at `anchor`; `asked` says where it stands, `pick` gets the option that was chosen. */
export function openSearch(anchor, asked, { label, least, clear, pick }) {
  const id = freshId("found");
  const field = h("input", {
    class: "field",
    type: "text",
    role: "combobox",
    autocomplete: "off",
    placeholder: label,
    "aria-label": label,
    "aria-autocomplete": "list",
    "aria-expanded": "true",
    "aria-controls": id,
  });
  const list = h("div", { id, role: "listbox", "aria-label": label });
  const note = h("p", { class: "menu-note", role: "status" });
  const close = menuAt(anchor, h("div", { class: "menu search" }, field, note, list));
  let items = [];
  let active = -1;
  let asking = 0;
  let timer = null;

  const mark = (place) => {
    active = items.length ? (place + items.length) % items.length : -1;
    items.forEach(({ node }, at) => node.setAttribute("aria-selected", String(at === active)));
    if (active < 0) field.removeAttribute("aria-activedescendant");
    else {
      field.setAttribute("aria-activedescendant", items[active].node.id);
      items[active].node.scrollIntoView({ block: "nearest" });
    }
  };
  const choose = (option) => {
    close(true);
    pick(option);
  };
  const draw = (groups) => {
    list.replaceChildren();
    items = [];
    for (const group of groups) {
      if (group.label)
        list.append(h("div", { class: "menu-heading", role: "presentation" }, words(group.label)));
      for (const option of group.options) {
        const node = h(
          "div",
          { class: "menu-item", id: freshId("entry"), role: "option", onclick: () => choose(option) },
          h(
            "span",
            { class: "menu-words" },
            h("span", {}, words(option.text)),
            option.description && h("small", {}, words(option.description)),
          ),
        );
        items.push({ node, option });
        list.append(node);
      }
    }
    if (clear && !field.value)
      list.append(
        h("div", { class: "menu-item", role: "option", onclick: () => choose(null) }, "Clear"),
      );
    mark(0);
  };
  const ask = async () => {
    const turn = ++asking;
    if (field.value.trim().length < least) {
      draw([]);
      note.textContent = `Type at least ${least} letters.`;
      return;
    }
    note.textContent = "Looking…";
    const answer = await post("/ui/suggest", { person: state.person, ...asked, value: field.value });
    // What was asked for meanwhile is what counts.
    if (turn !== asking) return;
    const groups = answer.ok ? (answer.option_groups ?? [{ options: answer.options ?? [] }]) : [];
    draw(groups);
    note.textContent = answer.ok ? (items.length ? "" : "No results") : answer.error;
  };
  field.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(ask, PAUSE);
  });
  field.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown") mark(active + 1);
    else if (event.key === "ArrowUp") mark(active - 1);
    else if (event.key === "Enter") {
      if (items[active]) choose(items[active].option);
    } else if (event.key === "Escape" || event.key === "Tab") close(true);
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
  field.focus();
  ask();
}
