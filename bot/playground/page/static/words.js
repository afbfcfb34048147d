// The words for dates, money and people used everywhere, and tab lists by arrow keys as ARIA describes them.

import { now, person, shown } from "./state.js";

/** Wire the buttons of a role=tablist element to their panels; `pick(name)` is told of each choice. */
export function tabList(list, pick) {
  const tabs = [...list.querySelectorAll("[role=tab]")];
  const select = (name, focus) => {
    for (const tab of tabs) {
      const chosen = tab.dataset.tab === name;
      tab.setAttribute("aria-selected", String(chosen));
      tab.tabIndex = chosen ? 0 : -1;
      const panel = document.getElementById(tab.getAttribute("aria-controls"));
      if (panel) panel.hidden = !chosen;
      if (chosen && focus) tab.focus();
    }
  };
  list.addEventListener("click", (event) => {
    const tab = event.target.closest("[role=tab]");
    if (!tab) return;
    select(tab.dataset.tab);
    pick(tab.dataset.tab);
  });
  list.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const at = tabs.findIndex((tab) => tab.getAttribute("aria-selected") === "true");
    const next = tabs[(at + step + tabs.length) % tabs.length];
    select(next.dataset.tab, true);
    pick(next.dataset.tab);
  });
  return select;
}

const LANGUAGE = "en-GB";
const DAY = 24 * 60 * 60 * 1000;

/** A date in the shown person's time zone, in the given Intl form. */
export function when(at, form) {
  return new Intl.DateTimeFormat(LANGUAGE, { timeZone: shown()?.tz, ...form }).format(new Date(at));
}

/** "09:41" on the shown person's watch. */
export function clockTime(at) {
  return when(at, { hour: "2-digit", minute: "2-digit" });
}

/** The calendar day ("2026-11-25") in the shown person's zone. */
export function dayOf(at) {
  const parts = new Intl.DateTimeFormat("en-CA", {
    timeZone: shown()?.tz,
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
  });
  return parts.format(new Date(at));
}

/** Whole days from today to a calendar day; negative in the past. */
export function daysUntil(day) {
  return Math.round((Date.parse(day.slice(0, 10)) - Date.parse(dayOf(now()))) / DAY);
}

/** "today", "tomorrow", "in 5 days", "3 days ago", or the date when far. */
export function dayWords(day) {
  const away = daysUntil(day);
  if (away === 0) return "today";
  if (away === 1) return "tomorrow";
  if (away === -1) return "yesterday";
  if (away > 1 && away < 15) return `in ${away} days`;
  if (away < -1 && away > -60) return `${-away} days ago`;
  return new Intl.DateTimeFormat(LANGUAGE, {
    day: "numeric",
    month: "short",
    year: "numeric",
    timeZone: "UTC",
  }).format(new Date(day.slice(0, 10)));
}

/** A day some days from today, as YYYY-MM-DD. */
export function dayFromToday(days) {
  return new Date(Date.parse(dayOf(now())) + days * DAY).toISOString().slice(0, 10);
}

/** "€12,000" or "€12,000.50"; an unknown currency is written after the number. */
export function money(value, currency) {
  const number = Number(value ?? 0);
  try {
    return new Intl.NumberFormat(LANGUAGE, {
      style: "currency",
      currency: currency || "EUR",
      minimumFractionDigits: Number.isInteger(number) ? 0 : 2,
      maximumFractionDigits: 2,
    }).format(number);
  } catch {
    return `${number.toLocaleString(LANGUAGE)} ${currency}`;
  }
}

/** "AR" for Ana Ruiz. */
export function initials(name) {
  return name
    .split(/\s+/)
    .slice(0, 2)
    .map((part) => part[0]?.toUpperCase() ?? "")
    .join("");
}

/** Which of six avatar colours a person has: by their place in the team, so that they differ. */
export function tint(id, people) {
  const at = people.findIndex((each) => each.id === id);
  return at < 0 ? "tint-none" : `tint-${at % 6}`;
}

/** A person's first name, or "nobody". */
export function firstName(id) {
  return person(id)?.name.split(" ")[0] ?? "nobody";
}
