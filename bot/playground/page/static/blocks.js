// Block Kit blocks as page elements.

import { chart } from "./charts.js";
import { freshId, h, safeLink } from "./dom.js";
import { emojiFor } from "./emoji.js";
import { control, notShown, words } from "./inputs.js";
import { mention, mrkdwn } from "./mrkdwn.js";
import { channel, personName } from "./state.js";

const BLOCKS = {
  section,
  rich_text: richText,
  header,
  context,
  divider,
  actions,
  input,
  image,
  data_visualization: chart,
};

/** Elements for a list of blocks; `ctx` has form (kept values) and act(action) (tells the app). */
export function renderBlocks(blocks, ctx) {
  return blocks.map((block, place) => {
    const whole = block.block_id ? block : { ...block, block_id: `block-${place}` };
    const make = BLOCKS[block.type];
    const node = make ? make(whole, ctx) : notShown(block.type, block);
    node.classList.add("block", `block-${make ? block.type : "unknown"}`);
    node.dataset.block = whole.block_id;
    return node;
  });
}

function textObject(text) {
  if (!text) return [];
  return text.type === "mrkdwn" ? mrkdwn(text.text, { verbatim: text.verbatim }) : withBreaks(words(text));
}

function withBreaks(text) {
  return text.split("\n").flatMap((line, place) => (place ? [h("br"), line] : [line]));
}

function section(block, ctx) {
  const main = h("div", { class: "section-words" });
  if (block.text) main.append(h("div", { class: "text" }, ...textObject(block.text)));
  if (block.fields) {
    main.append(
      h(
        "div",
        { class: "fields" },
        block.fields.map((field) => h("div", { class: "text" }, ...textObject(field))),
      ),
    );
  }
  const node = h("div", {}, main);
  if (block.accessory) {
    const picture = block.accessory.type === "image";
    node.append(
      h(
        "div",
        { class: "accessory" },
        picture ? drawn(block.accessory, "thumb") : control(block.accessory, block, ctx, { sends: true }),
      ),
    );
  }
  return node;
}

function header(block) {
  return h("div", { role: "heading", "aria-level": "3" }, words(block.text));
}

function context(block) {
  return h(
    "div",
    {},
    block.elements.map((element) =>
      element.type === "image"
        ? drawn(element, "mini")
        : h("span", { class: "text" }, ...textObject(element)),
    ),
  );
}

function divider() {
  return h("hr");
}

function actions(block, ctx) {
  return h(
    "div",
    {},
    block.elements.map((element) => control(element, block, ctx, { sends: true })),
  );
}

/** An input block: label, control, hint and a place for the error; registered with the form for checking. */
function input(block, ctx) {
  const label = freshId("label");
  const hint = freshId("hint");
  const error = freshId("error");
  const held = control(block.element, block, ctx, {
    labelledBy: label,
    describedBy: `${error} ${hint}`,
    optional: Boolean(block.optional),
    sends: Boolean(block.dispatch_action),
  });
  const complaint = h("div", { class: "field-error", id: error, "data-testid": "field-error" });
  const node = h(
    "div",
    {},
    h(
      "div",
      { class: "label", id: label },
      words(block.label),
      block.optional && h("span", { class: "optional" }, " (optional)"),
    ),
    held,
    complaint,
    block.hint && h("div", { class: "hint", id: hint }, words(block.hint)),
  );
  node.querySelector(".label").addEventListener("click", () => focusable(held)?.focus());
  ctx.form.fields.set(block.block_id, {
    block,
    focus: () => focusable(held)?.focus(),
    complain(text) {
      complaint.textContent = text ?? "";
      node.classList.toggle("wrong", Boolean(text));
      if (text) focusable(held)?.setAttribute("aria-invalid", "true");
      else focusable(held)?.removeAttribute("aria-invalid");
    },
  });
  return node;
}

function focusable(node) {
  return node.matches("input, textarea, button, a") ? node : node.querySelector("input, button");
}

function image(block) {
  return h("figure", {}, block.title && h("figcaption", {}, words(block.title)), drawn(block, "picture"));
}

/** The page loads nothing from outside, so a remote picture is named instead of shown. */
function drawn(element, size) {
  if (element.image_url?.startsWith("data:image/")) {
    return h("img", { class: size, src: element.image_url, alt: element.alt_text ?? "" });
  }
  return h(
    "span",
    { class: `no-picture ${size}`, role: "img", "aria-label": element.alt_text, title: element.image_url },
    size === "mini" ? "" : element.alt_text,
  );
}

function richText(block) {
  return h("div", {}, block.elements.map(richPart));
}

function richPart(part) {
  const inner = () => part.elements.flatMap(richLeaf);
  switch (part.type) {
    case "rich_text_section":
      return h("div", { class: "text" }, ...inner());
    case "rich_text_quote":
      return h("blockquote", {}, ...inner());
    case "rich_text_preformatted":
      return h("pre", {}, h("code", {}, ...inner()));
    case "rich_text_list":
      return h(
        part.style === "ordered" ? "ol" : "ul",
        {
          class: `rich-list indent-${Math.min(part.indent ?? 0, 4)}`,
          start: part.offset ? part.offset + 1 : null,
        },
        part.elements.map((item) => h("li", {}, ...item.elements.flatMap(richLeaf))),
      );
    default:
      return notShown(part.type, part);
  }
}

function richLeaf(leaf) {
  switch (leaf.type) {
    case "text":
      return [styled(leaf.style, withBreaks(leaf.text))];
    case "link":
      return [styled(leaf.style, [safeLink(leaf.url, leaf.text || leaf.url)])];
    case "emoji": {
      const shown = emojiFor(leaf.name);
      return [
        shown
          ? h("span", { class: "emoji", role: "img", "aria-label": leaf.name.replaceAll("_", " ") }, shown)
          : `:${leaf.name}:`,
      ];
    }
    case "user":
      return [mention("@" + (personName(leaf.user_id) ?? leaf.user_id))];
    case "broadcast":
      return [mention("@" + leaf.range, true)];
    case "channel":
      return [mention("#" + (channel(leaf.channel_id)?.name ?? leaf.channel_id))];
    case "usergroup":
      return [mention("@" + leaf.usergroup_id)];
    case "date":
      return [h("time", {}, leaf.fallback ?? new Date(leaf.timestamp * 1000).toLocaleDateString())];
    default:
      return [notShown(leaf.type, leaf)];
  }
}

function styled(style, children) {
  let nodes = children;
  for (const [name, tag] of [
    ["code", "code"],
    ["strike", "s"],
    ["italic", "em"],
    ["bold", "strong"],
    ["underline", "u"],
  ]) {
    if (style?.[name]) nodes = [h(tag, {}, ...nodes)];
  }
  return nodes.length === 1 ? nodes[0] : h("span", {}, ...nodes);
}
