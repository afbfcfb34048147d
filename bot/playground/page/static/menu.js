// A list that opens beside a button: menus, drop-downs and overflow, all by keyboard as well.

import { h, icon } from "./dom.js";

let open = null;

/**
 * Open a list at `anchor`. Entries: {label, description, pick(), danger, checked, href} or {heading}.
 * `kind` is "menu" (things to do) or "listbox" (things to choose).
 */
export function openMenu(anchor, entries, { kind = "menu", label = "" } = {}) {
  if (open?.anchor === anchor) {
    closeMenu();
    return;
  }
  closeMenu();
  const role = kind === "menu" ? "menuitem" : "option";
  const items = [];
  const list = h("div", {
    class: `menu ${kind}`,
    role: kind,
    "aria-label": label,
    tabindex: "-1",
  });
  for (const entry of entries) {
    if (entry.heading) {
      list.append(h("div", { class: "menu-heading", role: "presentation" }, entry.heading));
      continue;
    }
    const item = h(
      "div",
      {
        class: entry.danger ? "menu-item danger" : "menu-item",
        role,
        tabindex: "-1",
        "aria-selected": kind === "listbox" ? String(Boolean(entry.checked)) : null,
        onclick: () => choose(entry),
      },
      kind === "listbox" && h("span", { class: "menu-tick" }, entry.checked && icon("check")),
      h(
        "span",
        { class: "menu-words" },
        h("span", {}, entry.label),
        entry.description && h("small", {}, entry.description),
      ),
    );
    items.push(item);
    list.append(item);
  }
  list.addEventListener("keydown", (event) => onKey(event, items));
  list.addEventListener("pointermove", (event) =>
    event.target.closest("[tabindex='-1'].menu-item")?.focus({ preventScroll: true }),
  );
  menuAt(anchor, list);
  (
    items[entries.filter((entry) => !entry.heading).findIndex((entry) => entry.checked)] ??
    items[0] ??
    list
  ).focus();

  function choose(entry) {
    closeMenu(true);
    entry.pick();
  }
}

/** Whether the list that is open, if any, is this button's. */
export function isOpenAt(anchor) {
  return open?.anchor === anchor;
}

/** Show a list of one's own beside `anchor`; gives the function that closes it. */
export function menuAt(anchor, list) {
  closeMenu();
  list.setAttribute("popover", "manual");
  // Inside a dialog only what the dialog holds can be reached, so the list goes there.
  (anchor.closest("dialog") ?? document.body).append(list);
  list.showPopover();
  place(list, anchor);
  anchor.setAttribute("aria-expanded", "true");
  open = { anchor, list };
  setTimeout(() => document.addEventListener("pointerdown", onOutside, true));
  window.addEventListener("resize", closeMenu);
  return closeMenu;
}

/** Close the open list, if any, and give focus back to its button. */
export function closeMenu(refocus = false) {
  if (!open) return;
  const { anchor, list } = open;
  open = null;
  document.removeEventListener("pointerdown", onOutside, true);
  window.removeEventListener("resize", closeMenu);
  anchor.setAttribute("aria-expanded", "false");
  list.remove();
  if (refocus === true) anchor.focus({ preventScroll: true });
}

function onOutside(event) {
  if (open && !open.list.contains(event.target) && !open.anchor.contains(event.target)) closeMenu();
}

function onKey(event, items) {
  const at = items.indexOf(document.activeElement);
  const go = (place) => {
    event.preventDefault();
    items[(place + items.length) % items.length]?.focus();
  };
  if (event.key === "ArrowDown") go(at + 1);
  else if (event.key === "ArrowUp") go(at < 0 ? -1 : at - 1);
  else if (event.key === "Home") go(0);
  else if (event.key === "End") go(-1);
  else if (event.key === "Enter" || event.key === " ") {
    event.preventDefault();
    items[at]?.click();
  } else if (event.key === "Escape" || event.key === "Tab") {
    event.preventDefault();
    event.stopPropagation();
    closeMenu(true);
  } else if (event.key.length === 1) {
    const wanted = event.key.toLowerCase();
    const next = [...items.slice(at + 1), ...items].find((item) =>
      item.textContent.trim().toLowerCase().startsWith(wanted),
    );
    next?.focus();
  }
}

function place(list, anchor) {
  const spot = anchor.getBoundingClientRect();
  const room = { wide: document.documentElement.clientWidth, tall: document.documentElement.clientHeight };
  list.style.minWidth = `${Math.max(spot.width, 180)}px`;
  list.style.maxHeight = `${Math.min(360, room.tall - 24)}px`;
  const size = list.getBoundingClientRect();
  const below = spot.bottom + 6 + size.height <= room.tall - 8;
  const top = below ? spot.bottom + 6 : Math.max(8, spot.top - 6 - size.height);
  list.style.top = `${Math.min(top, room.tall - size.height - 8)}px`;
  list.style.left = `${Math.max(8, Math.min(spot.left, room.wide - size.width - 8))}px`;
}
