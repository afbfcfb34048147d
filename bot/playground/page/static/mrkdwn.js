// Shows Slack's mrkdwn as Slack does: text in, DOM nodes out, entities unescaped exactly once.

import { h, safeLink } from "./dom.js";
import { emojiFor } from "./emoji.js";
import { channel, personName } from "./state.js";

const STYLES = { "*": "strong", _: "em", "~": "s" };

/** Slack escapes three characters and no others; one pass, so that "&amp;lt;" becomes "&lt;" and no more. */
export function unescapeOnce(text) {
  return text.replace(/&(amp|lt|gt);/g, (_, name) => ({ amp: "&", lt: "<", gt: ">" })[name]);
}

/** Nodes for a whole mrkdwn text; `verbatim` stops bare addresses from becoming links. */
export function mrkdwn(text, { verbatim = false } = {}) {
  const nodes = [];
  text.split(/```/).forEach((part, place, parts) => {
    if (place % 2 === 1 && place < parts.length - 1) {
      nodes.push(h("pre", {}, h("code", {}, unescapeOnce(part.replace(/^\n|\n$/g, "")))));
    } else {
      nodes.push(...lines(place % 2 === 1 ? "```" + part : part, verbatim));
    }
  });
  return nodes;
}

function lines(text, verbatim) {
  const nodes = [];
  let quote = null;
  text.split("\n").forEach((line, place, all) => {
    const quoted = line.match(/^(?:>|&gt;)\s?(.*)$/);
    if (quoted) {
      if (quote) quote.append(h("br"));
      else nodes.push((quote = h("blockquote")));
      quote.append(...inline(quoted[1], verbatim));
      return;
    }
    const afterBlock = quote !== null;
    quote = null;
    const bullet = line.match(/^\s*([•◦▪]|\d{1,2}\.)\s+(.*)$/);
    if (bullet) {
      nodes.push(
        h(
          "div",
          { class: "bullet" },
          h("span", { class: "bullet-mark" }, bullet[1]),
          h("span", {}, ...inline(bullet[2], verbatim)),
        ),
      );
      return;
    }
    if (place > 0 && !afterBlock && !isBullet(all[place - 1])) nodes.push(h("br"));
    nodes.push(...inline(line, verbatim));
  });
  return nodes;
}

function isBullet(line) {
  return /^\s*([•◦▪]|\d{1,2}\.)\s+/.test(line);
}

/** Nodes for one line: code first, then <…> sequences, emoji, and last the paired marks. */
function inline(text, verbatim) {
  const found = /`([^`\n]+)`|<([^<>\n]+)>|:([a-z0-9_+-]+):/.exec(text);
  const styled = firstStyled(text);
  if (styled && (!found || styled.start < found.index)) {
    return [
      ...inline(text.slice(0, styled.start), verbatim),
      h(STYLES[styled.mark], {}, ...inline(styled.inner, verbatim)),
      ...inline(text.slice(styled.end), verbatim),
    ];
  }
  if (!found) return plain(text, verbatim);
  const [whole, code, angle, emoji] = found;
  let node = null;
  if (code !== undefined) node = h("code", {}, unescapeOnce(code));
  else if (angle !== undefined) node = sequence(angle);
  else
    node = emojiFor(emoji)
      ? h("span", { class: "emoji", role: "img", "aria-label": emoji.replaceAll("_", " ") }, emojiFor(emoji))
      : whole;
  return [
    ...plain(text.slice(0, found.index), verbatim),
    node,
    ...inline(text.slice(found.index + whole.length), verbatim),
  ];
}

/** The first *bold*, _italic_ or ~struck~ run; marks inside words do not count, as in Slack. */
function firstStyled(text) {
  const found =
    /(?<![\p{L}\p{N}*_~])([*_~])(?=\S)((?:<[^<>\n]*>|[^\n<]|<(?![^<>\n]*>))*?)(?<=\S)\1(?![\p{L}\p{N}])/u.exec(
      text,
    );
  if (!found || found[2].startsWith(found[1])) return null;
  return { start: found.index, end: found.index + found[0].length, mark: found[1], inner: found[2] };
}

function plain(text, verbatim) {
  if (!text) return [];
  if (verbatim) return [unescapeOnce(text)];
  return text.split(/(https?:\/\/[^\s<>|]+[^\s<>|.,;:!?)])/).map((part, place) => {
    const shown = unescapeOnce(part);
    return place % 2 === 1 ? safeLink(shown, shown) : shown;
  });
}

/** What stands between < and >: a mention, a date or a link. */
function sequence(inner) {
  const [target, ...rest] = inner.split("|");
  const label = rest.length ? unescapeOnce(rest.join("|")) : null;
  if (/^@[UW]/.test(target)) return mention("@" + (personName(target.slice(1)) ?? label ?? target.slice(1)));
  if (/^#[CG]/.test(target)) return mention("#" + (channel(target.slice(1))?.name ?? label ?? target.slice(1)));
  if (/^!(here|channel|everyone)$/.test(target)) return mention("@" + target.slice(1), true);
  if (target.startsWith("!subteam^")) return mention(label ?? "@group");
  if (target.startsWith("!date^")) return h("time", {}, date(target, label));
  if (target.startsWith("!")) return label ?? target;
  return safeLink(unescapeOnce(target), label ?? unescapeOnce(target.replace(/^mailto:/, "")));
}

export function mention(text, loud = false) {
  return h("span", { class: loud ? "mention loud" : "mention" }, text);
}

function date(target, label) {
  const [, seconds, pattern] = target.split("^");
  const at = new Date(Number(seconds) * 1000);
  if (Number.isNaN(at.getTime())) return label ?? target;
  const show = (options) => new Intl.DateTimeFormat(undefined, options).format(at);
  const forms = {
    date: { dateStyle: "long" },
    date_short: { dateStyle: "medium" },
    date_long: { dateStyle: "full" },
    date_num: { dateStyle: "short" },
    date_pretty: { dateStyle: "long" },
    date_short_pretty: { dateStyle: "medium" },
    date_long_pretty: { dateStyle: "full" },
    time: { timeStyle: "short" },
    time_secs: { timeStyle: "medium" },
  };
  return (pattern ?? "{date}").replace(/\{(\w+)\}/g, (whole, name) =>
    forms[name] ? show(forms[name]) : whole,
  );
}
