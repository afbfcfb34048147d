// The app's shortcuts, once somebody has switched them on: on each message, and beside the message box.

import { h, icon, toast } from "./dom.js";
import { openMenu } from "./menu.js";
import { on, post, state } from "./state.js";

/** The shortcuts that are offered on a message, or anywhere ("global"). */
export function offered(type) {
  return state.shortcuts.filter((each) => each.type === type);
}

/** Wire the button beside the message box. */
export function startShortcuts() {
  const button = document.getElementById("shortcuts");
  button.addEventListener("click", () => open(button, "global", state.person, null));
  on("shortcuts", () => {
    button.hidden = offered("global").length === 0;
  });
}

/** The button of a message that opens its shortcuts; null while there are none. */
export function messageMenu(person, message) {
  if (!offered("message").length) return null;
  const button = h(
    "button",
    {
      type: "button",
      class: "quiet round message-menu",
      "aria-label": "Shortcuts for this message",
      title: "Shortcuts",
      "aria-haspopup": "menu",
      "aria-expanded": "false",
      "data-focus": `shortcuts/${message.ts}`,
      "data-testid": "message-menu",
      onclick: () => open(button, "message", person, message.ts),
    },
    icon("more"),
  );
  return button;
}

function open(anchor, type, person, ts) {
  const entries = offered(type).map((each) => ({
    label: each.name,
    description: state.app.name,
    pick: async () => {
      const answer = await post("/ui/shortcut", { person, callback_id: each.callback_id, ts });
      if (!answer.ok) toast(answer.error ?? "The app did not answer.", "problem");
    },
  }));
  openMenu(anchor, entries, { label: "Shortcuts" });
}
