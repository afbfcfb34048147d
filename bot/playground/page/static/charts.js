// Slack's bar chart as a picture: https://docs.slack.dev/reference/block-kit/blocks/data-visualization-block

import { h } from "./dom.js";

const SVG = "http://www.w3.org/2000/svg";
const WIDE = 560;
const HIGH = 230;
const LEFT = 34;
const TOP = 8;
const FOOT = 64;

/** A chart with its title, its bars and what the colours mean. */
export function chart(block) {
  const { series, axis_config: axis, type } = block.chart;
  const title = h("figcaption", {}, block.title);
  if (type !== "bar") return h("figure", { class: "chart" }, title, `A ${type} chart.`);
  const legend =
    series.length > 1 &&
    h(
      "div",
      { class: "chart-legend" },
      series.map((each, place) => h("span", { class: `bar-${place}` }, each.name)),
    );
  return h("figure", { class: "chart" }, title, bars(series, axis.categories, block.title), legend);
}

function bars(series, labels, title) {
  const values = series.map((each) => new Map(each.data.map((one) => [one.label, one.value])));
  const most = Math.max(1, ...values.flatMap((each) => [...each.values()]));
  const room = (WIDE - LEFT) / labels.length;
  const wide = Math.min(34, (room * 0.7) / series.length);
  const high = HIGH - TOP - FOOT;
  const picture = s("svg", { viewBox: `0 0 ${WIDE} ${HIGH}`, role: "img", "aria-label": title });
  for (const mark of marks(most)) {
    const y = TOP + high - (high * mark) / most;
    picture.append(s("line", { class: "chart-line", x1: LEFT, x2: WIDE, y1: y, y2: y }));
    picture.append(s("text", { class: "chart-mark", x: LEFT - 6, y: y + 4, "text-anchor": "end" }, mark));
  }
  labels.forEach((label, place) => {
    const middle = LEFT + room * (place + 0.5);
    values.forEach((each, kind) => {
      const value = each.get(label) ?? 0;
      const tall = (high * value) / most;
      const x = middle + (kind - series.length / 2) * wide;
      const bar = s("rect", {
        class: `bar bar-${kind}`,
        x,
        y: TOP + high - tall,
        width: wide * 0.9,
        height: tall,
        rx: 2,
      });
      bar.append(s("title", {}, `${label}: ${value}${series.length > 1 ? ` ${series[kind].name}` : ""}`));
      picture.append(bar);
    });
    const y = HIGH - FOOT + 16;
    picture.append(
      s(
        "text",
        { class: "chart-label", x: middle, y, "text-anchor": "end", transform: `rotate(-32 ${middle} ${y})` },
        label,
      ),
    );
  });
  return picture;
}

/** Whole numbers to draw lines at, from nothing to the most. */
function marks(most) {
  const step = Math.max(1, Math.ceil(most / 4));
  return Array.from({ length: Math.floor(most / step) + 1 }, (_, place) => place * step);
}

function s(tag, attributes, text) {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  if (text !== undefined) node.textContent = text;
  return node;
}
