// The channels of the workspace: in the rail below the people, and as what is on show in their place.

import { h, reconcile } from "./dom.js";
import { channel, chooseChannel, on, place, state } from "./state.js";

const at = (id) => document.getElementById(id);

/** Fill the list and keep it true; and the head of what is on show. */
export function startChannels() {
  on("people", draw);
}

function draw() {
  at("channels-part").hidden = state.channels.length === 0;
  reconcile(
    at("channels"),
    state.channels.map((each) => {
      const unread = state.unread[each.id] ?? 0;
      const chosen = each.id === state.channel;
      return {
        key: each.id,
        sig: [each, unread, chosen],
        make: () =>
          h(
            "li",
            {},
            h(
              "button",
              {
                type: "button",
                class: "person channel",
                "aria-current": chosen ? "true" : null,
                "aria-label": `Channel ${each.name}`,
                "data-focus": each.id,
                "data-testid": `channel-${each.name}`,
                onclick: () => chooseChannel(each.id),
              },
              h("span", { class: "avatar hash", "aria-hidden": "true" }, "#"),
              h("span", { class: "person-words" }, h("span", { class: "person-name" }, each.name)),
              unread > 0 &&
                h(
                  "span",
                  { class: "unread" },
                  h("span", { class: "hidden-words" }, "Unread messages: "),
                  String(unread),
                ),
            ),
          ),
      };
    }),
  );
  drawHead();
}

/** In a channel there are no tabs of the app's, and no hint at what it writes. */
function drawHead() {
  const shown = channel(place());
  at("dm").setAttribute("aria-label", shown ? `Channel ${shown.name}` : "Direct message with Coach");
  at("dm-app").hidden = Boolean(shown);
  at("dm-tabs").hidden = Boolean(shown);
  at("dm-channel").hidden = !shown;
  if (shown) {
    at("dm-channel-name").textContent = `# ${shown.name}`;
    at("dm-channel-note").textContent = shown.joined
      ? `${state.app.name} is in this channel`
      : `${state.app.name} is not in this channel: /invite @${state.app.name} lets it in`;
  }
}
