// Builds page elements without ever parsing HTML: every text goes in as textContent.

const SVG = "http://www.w3.org/2000/svg";

/** Make an element: h("button", {class: "quiet", onclick: fn, "aria-label": "Close"}, "text", child, …). */
export function h(tag, props = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (name === "class") node.className = value;
    else if (name in PROPERTIES) node[name] = value;
    else node.setAttribute(name, value === true ? "" : String(value));
  }
  node.append(
    ...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false),
  );
  return node;
}

const PROPERTIES = { value: 1, checked: 1, selected: 1, disabled: 1, open: 1 };

/** Links lead out only over schemes that cannot run code; anything else is shown as plain text. */
export function safeLink(url, ...children) {
  let parsed = null;
  try {
    parsed = new URL(url);
  } catch {
    parsed = null;
  }
  if (!parsed || !["http:", "https:", "mailto:"].includes(parsed.protocol)) {
    return h(
      "span",
      { class: "link-refused", title: "This address cannot be opened from Slack" },
      ...children,
    );
  }
  return h("a", { href: parsed.href, target: "_blank", rel: "noopener noreferrer" }, ...children);
}

const SHAPES = {
  back: "M10 3 5 8l5 5",
  bolt: "M9 1.5 3.5 9H8l-1 5.5L12.5 7H8z",
  calendar: "M2.5 4h11v9.5h-11zM2.5 7h11M5.5 2v3M10.5 2v3",
  check: "M3 8.5 6.5 12 13 4.5",
  chevron: "m4 6 4 4 4-4",
  close: "m4 4 8 8M12 4l-8 8",
  down: "M8 3v10M4 9l4 4 4-4",
  eye: "M1.5 8S4 3.5 8 3.5 14.5 8 14.5 8 12 12.5 8 12.5 1.5 8 1.5 8zM8 6.2a1.8 1.8 0 1 0 0 3.6 1.8 1.8 0 0 0 0-3.6z",
  forward: "m3 3.5 5 4.5-5 4.5zM8.5 3.5l5 4.5-5 4.5z",
  list: "M2.5 4h11M2.5 8h11M2.5 12h7",
  mail: "M2 4h12v8.5H2zM2 4.5 8 9l6-4.5",
  meet: "M5.5 7.5a2 2 0 1 0 0-4 2 2 0 0 0 0 4zM11 8a1.6 1.6 0 1 0 0-3.2A1.6 1.6 0 0 0 11 8zM2 13c0-2.4 1.4-3.7 3.5-3.7S9 10.6 9 13M10.5 9.7c2 0 3.5 1 3.5 3.3",
  moon: "M13 9.8A5.5 5.5 0 0 1 6.2 3 5.5 5.5 0 1 0 13 9.8z",
  more: "M3.5 8h.01M8 8h.01M12.5 8h.01",
  pencil: "m3 13 .7-2.8L10.5 3.4l2.1 2.1L5.8 12.3zM9.3 4.6l2.1 2.1",
  phone:
    "M4 2.5 6 2l1.5 3.3-1.5 1.2c.6 1.6 1.9 2.9 3.5 3.5l1.2-1.5L14 10l-.5 2.3c-.2.8-.9 1.2-1.7 1.1C7 12.8 3.2 9 2.6 4.2c-.1-.8.4-1.5 1.4-1.7z",
  plus: "M8 3v10M3 8h10",
  send: "m2.5 2.8 11 5.2-11 5.2 1.7-5.2z",
  sun: "M8 5.2a2.8 2.8 0 1 0 0 5.6 2.8 2.8 0 0 0 0-5.6zM8 1v1.6M8 13.4V15M1 8h1.6M13.4 8H15M3 3l1.2 1.2M11.8 11.8 13 13M13 3l-1.2 1.2M4.2 11.8 3 13",
  target: "M8 1.8a6.2 6.2 0 1 0 0 12.4A6.2 6.2 0 0 0 8 1.8zM8 5a3 3 0 1 0 0 6 3 3 0 0 0 0-6zM8 7.9h.01",
};

/** A small line drawing in the text's own colour; hidden from screen readers, so label the button. */
export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 16 16");
  svg.setAttribute("class", `icon icon-${name}`);
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", SHAPES[name]);
  svg.append(path);
  return svg;
}

/**
 * Make `parent` hold exactly these items in this order, touching only what changed, so that focus,
 * open drawers and scroll stay where they are. Each item: {key, sig, make}.
 */
export function reconcile(parent, items) {
  const old = new Map();
  for (const node of parent.children) if (node.dataset.key) old.set(node.dataset.key, node);
  const wanted = [];
  for (const item of items) {
    const sig = typeof item.sig === "string" ? item.sig : JSON.stringify(item.sig);
    let node = old.get(item.key);
    if (!node || node.sig !== sig) {
      const fresh = item.make();
      fresh.dataset.key = item.key;
      fresh.sig = sig;
      if (node) {
        keepFocus(node, () => node.replaceWith(fresh), fresh);
      }
      node = fresh;
    }
    old.delete(item.key);
    wanted.push(node);
  }
  for (const node of [...parent.children]) if (!wanted.includes(node)) node.remove();
  wanted.forEach((node, place) => {
    if (parent.children[place] !== node) parent.insertBefore(node, parent.children[place] ?? null);
  });
}

/** Redraw `node` as `fresh` and give focus back to the same control, or to the fresh element itself. */
function keepFocus(node, redraw, fresh) {
  const held = heldIn(node);
  redraw();
  if (!held) return;
  if (!giveBack(fresh, held)) {
    fresh.tabIndex = -1;
    fresh.focus({ preventScroll: true });
  }
}

/** Replace what `parent` holds, keeping focus on the control of the same name. */
export function redraw(parent, ...children) {
  const held = heldIn(parent);
  parent.replaceChildren(...children.flat(Infinity).filter(Boolean));
  if (held) giveBack(parent, held);
}

/** The name of the focused control inside `node` and where its caret stands, or null. */
function heldIn(node) {
  const control = document.activeElement;
  if (!control || !node.contains(control)) return null;
  const caret = "selectionStart" in control ? [control.selectionStart, control.selectionEnd] : [null, null];
  return { name: control.closest("[data-focus]")?.dataset.focus, caret };
}

function giveBack(node, { name, caret }) {
  const again =
    name && [...node.querySelectorAll("[data-focus]")].find((item) => item.dataset.focus === name);
  if (!again) return false;
  again.focus({ preventScroll: true });
  if (caret[0] !== null) again.setSelectionRange?.(...caret);
  return true;
}

let count = 0;

/** An id no other element of this page has, for labels and descriptions. */
export function freshId(prefix) {
  count += 1;
  return `${prefix}-${count}`;
}

/** One polite sentence for screen readers. */
export function announce(text) {
  const region = document.getElementById("announcer");
  region.textContent = "";
  requestAnimationFrame(() => {
    region.textContent = text;
  });
}

/** A notice at the edge of the window that leaves by itself; `tone` is "plain" or "problem". */
export function toast(text, tone = "plain") {
  const shelf = document.getElementById("toasts");
  const note = h("div", { class: `toast ${tone}`, "data-testid": "toast" }, text);
  shelf.append(note);
  while (shelf.children.length > 3) shelf.firstChild.remove();
  // Shown again each time so that it lies above a dialog opened since.
  if (shelf.matches(":popover-open")) shelf.hidePopover();
  shelf.showPopover();
  setTimeout(
    () => {
      note.remove();
      if (!shelf.children.length && shelf.matches(":popover-open")) shelf.hidePopover();
    },
    tone === "problem" ? 9000 : 5000,
  );
}
