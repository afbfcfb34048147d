// The drawer that shows every request between the CRM, the coach and Slack, with its answer.

import { h, reconcile, redraw } from "./dom.js";
import { memory, on, state } from "./state.js";

const ROADS = {
  "to Slack": ["Coach", "Slack"],
  "to bot": ["Slack", "Coach"],
  "from CRM": ["CRM", "Coach"],
  "to CRM": ["Coach", "CRM"],
};
const at = (id) => document.getElementById(id);
let filter = "all";

/** Wire the drawer. */
export function startLog() {
  const show = (open) => {
    at("log").hidden = !open;
    at("log-toggle").setAttribute("aria-expanded", String(open));
    document.body.classList.toggle("log-open", open);
    memory.set("log", open ? "open" : "closed");
    if (open) draw({ fresh: true });
  };
  at("log-toggle").addEventListener("click", () => show(at("log").hidden));
  at("log-close").addEventListener("click", () => {
    show(false);
    at("log-toggle").focus();
  });
  at("log-filter").addEventListener("click", (event) => {
    const chip = event.target.closest("[data-road]");
    if (!chip) return;
    filter = chip.dataset.road;
    for (const each of at("log-filter").children) each.setAttribute("aria-pressed", String(each === chip));
    draw({ fresh: true });
  });
  on("log", draw);
  if (memory.get("log") === "open" && matchMedia("(min-width: 761px)").matches) show(true);
}

function wrong(entry) {
  // A CRM's API may well be asked for what is not there.
  return Boolean(entry.problem) || (Number(entry.status) >= 400 && entry.direction !== "to CRM");
}

function draw({ fresh } = {}) {
  const problems = state.log.filter(wrong).length;
  at("log-problems").textContent = problems ? String(problems) : "";
  at("log-problems").hidden = problems === 0;
  at("log-count").textContent =
    `${state.log.length} requests${problems ? `, ${problems} with a problem` : ""}`;
  if (at("log").hidden && !document.body.classList.contains("show-log")) return;
  const list = at("log-list");
  const stay = fresh || list.scrollHeight - list.scrollTop - list.clientHeight < 60;
  const entries = state.log.filter(
    (entry) => filter === "all" || (filter === "problems" ? wrong(entry) : entry.direction === filter),
  );
  at("log-empty").hidden = entries.length > 0;
  reconcile(
    list,
    entries.map((entry) => ({
      key: String(entry.id),
      sig: [entry.status, entry.ms, entry.problem],
      make: () => row(entry),
    })),
  );
  if (stay) list.scrollTop = list.scrollHeight;
}

function row(entry) {
  const [from, to] = ROADS[entry.direction] ?? [entry.direction, ""];
  const detail = h("div", { class: "log-detail" });
  const whole = h(
    "details",
    {
      class: wrong(entry) ? "log-entry wrong" : "log-entry",
      "data-testid": "log-entry",
      "data-direction": entry.direction,
    },
    h(
      "summary",
      {},
      h("time", {}, new Date(entry.at).toLocaleTimeString("en-GB")),
      h("span", { class: `road ${entry.direction.replace(" ", "-").toLowerCase()}` }, `${from} → ${to}`),
      h("span", { class: "log-name" }, entry.name),
      h("span", { class: "log-problem" }, entry.problem ?? ""),
      h("span", { class: "log-status" }, String(entry.status ?? "…")),
      h(
        "span",
        { class: "log-ms" },
        typeof entry.ms !== "number"
          ? ""
          : `${entry.ms < 10 ? entry.ms.toFixed(1) : Math.round(entry.ms)} ms`,
      ),
    ),
    detail,
  );
  whole.addEventListener("toggle", () => {
    if (!whole.open || detail.childNodes.length) return;
    redraw(
      detail,
      entry.problem && h("p", { class: "log-why" }, entry.problem),
      h("div", { class: "pair" }, part("Request", entry.request), part("Answer", entry.response)),
    );
  });
  return h("li", {}, whole);
}

function part(title, content) {
  return h(
    "div",
    {},
    h("h4", {}, title),
    h("pre", { tabindex: "0", "aria-label": title }, ...coloured(content)),
  );
}

/** JSON in a few colours, from the text JSON.stringify made: keys, strings, and the rest. */
function coloured(content) {
  if (content === null || content === undefined || content === "") return ["(empty)"];
  if (typeof content === "string") return [content];
  return JSON.stringify(content, null, 2)
    .split(/("(?:[^"\\]|\\.)*")/)
    .map((piece, place, all) => {
      if (place % 2 === 0) return piece;
      return h("span", { class: all[place + 1]?.startsWith(":") ? "json-key" : "json-text" }, piece);
    });
}
