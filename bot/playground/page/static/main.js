// Starts the playground page: theme, clock, phone layout, notices, and each part of it.

import { announce, h, icon, redraw, toast } from "./dom.js";
import { startChannels } from "./channels.js";
import { startComposer } from "./composer.js";
import { startConversation } from "./dm.js";
import { startCrm } from "./crm.js";
import { startLog } from "./log.js";
import { startModals } from "./modal.js";
import { startShortcuts } from "./shortcuts.js";
import { follow, memory, now, on, person, post, state } from "./state.js";
import { clockTime, when } from "./words.js";

const at = (id) => document.getElementById(id);

function startIcons() {
  for (const spot of document.querySelectorAll("[data-icon]")) spot.prepend(icon(spot.dataset.icon));
}

function startTheme() {
  const dark = () => {
    const chosen = document.documentElement.dataset.theme;
    return chosen ? chosen === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  };
  const draw = () => {
    redraw(at("theme"), icon(dark() ? "sun" : "moon"));
    at("theme").setAttribute("aria-label", dark() ? "Light colours" : "Dark colours");
    at("theme").title = dark() ? "Light colours" : "Dark colours";
  };
  const kept = memory.get("theme");
  if (kept === "dark" || kept === "light") document.documentElement.dataset.theme = kept;
  at("theme").addEventListener("click", () => {
    document.documentElement.dataset.theme = dark() ? "light" : "dark";
    memory.set("theme", document.documentElement.dataset.theme);
    draw();
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
  draw();
}

function startClock() {
  const draw = () => {
    if (!state.now) return;
    redraw(
      at("clock"),
      h(
        "span",
        { class: "clock-day" },
        when(now(), { weekday: "short", day: "numeric", month: "short", year: "numeric" }),
      ),
      h("span", { class: "clock-time" }, clockTime(now())),
    );
    at("clock").dateTime = now().toISOString();
  };
  on("clock people", draw);
  setInterval(draw, 10_000);
  for (const button of document.querySelectorAll("[data-days]")) {
    button.addEventListener("click", async () => {
      const all = [...document.querySelectorAll("[data-days]")];
      for (const each of all) each.disabled = true;
      button.classList.add("busy");
      const answer = await post("/ui/clock", { days: Number(button.dataset.days) });
      button.classList.remove("busy");
      for (const each of all) each.disabled = false;
      button.focus();
      if (answer.ok)
        announce(`It is now ${when(now(), { weekday: "long", day: "numeric", month: "long" })}.`);
      else toast(answer.error ?? "The clock was not moved.", "problem");
    });
  }
}

/** At phone width one part is on show at a time; the buttons at the foot choose which. */
function startPhone() {
  const bar = at("phone-tabs");
  const show = (name) => {
    for (const each of ["messages", "crm", "log"])
      document.body.classList.toggle(`show-${each}`, each === name);
    for (const button of bar.children)
      button.setAttribute("aria-current", String(button.dataset.part === name));
    if (name === "log" && at("log").hidden) at("log-toggle").click();
    if (name === "messages") at("messages").scrollTop = at("messages").scrollHeight;
    at("phone-unread").hidden = name === "messages" || at("phone-unread").hidden;
  };
  bar.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (button) show(button.dataset.part);
  });
  on("messages", ({ added } = {}) => {
    if (added && !document.body.classList.contains("show-messages")) at("phone-unread").hidden = false;
  });
  show("messages");
}

function startNotices() {
  on("say", ({ person: id, text }) =>
    toast(id && id !== state.person ? `${person(id)?.name ?? id}: ${text}` : text),
  );
  on("live", () => {
    at("offline").hidden = state.live;
  });
  on("people", () => {
    const unread = Object.values(state.unread).reduce((sum, each) => sum + each, 0);
    document.title = `${unread ? `(${unread}) ` : ""}${state.app.name} playground`;
  });
}

startIcons();
startTheme();
startNotices();
startClock();
startConversation();
startChannels();
startComposer();
startShortcuts();
startModals();
startCrm();
startLog();
startPhone();
follow();
