// Block Kit's interactive elements, and the values they hold in Slack's own form.

import { h, icon, freshId, toast } from "./dom.js";
import { withEmoji } from "./emoji.js";
import { closeMenu, isOpenAt, openMenu } from "./menu.js";
import { openSearch } from "./search.js";
import { confirmFirst } from "./dialogs.js";
import { state } from "./state.js";

/** What a person has typed and chosen in one view or message: values[block_id][action_id] = state. */
export class Form {
  constructor() {
    this.begin();
  }

  /** Before drawing again: what is still there keeps its value, what has gone loses it. */
  begin() {
    this.kept = this.values ?? {};
    this.values = {};
    this.fields = new Map();
  }

  /** The kept state of an element, or its initial one when nothing of that type is kept. */
  start(block, element, initial) {
    const { type, ...kept } = this.kept[block.block_id]?.[element.action_id] ?? {};
    return this.set(block, element, type === element.type ? kept : initial);
  }

  set(block, element, value) {
    (this.values[block.block_id] ??= {})[element.action_id] = { type: element.type, ...value };
    return this.values[block.block_id][element.action_id];
  }
}

/** The text of a plain_text object (or of a mrkdwn one, unformatted). */
export function words(text) {
  if (!text) return "";
  return text.emoji === false ? text.text : withEmoji(text.text);
}

const ELEMENTS = {
  button,
  overflow,
  static_select: choice,
  external_select: choice,
  users_select: choice,
  conversations_select: choice,
  channels_select: choice,
  datepicker: dated,
  timepicker: dated,
  plain_text_input: typed,
  number_input: typed,
  email_text_input: typed,
  url_text_input: typed,
  checkboxes: boxes,
  radio_buttons: boxes,
};

/**
 * The control for an element. `ctx` has form, act(action) and busy; `frame` has labelledBy, describedBy,
 * optional, and `sends`: whether a change goes to the app at once.
 */
export function control(element, block, ctx, frame = {}) {
  const make = ELEMENTS[element.type];
  return make ? make(element, block, ctx, frame) : notShown(element.type, element);
}

/** A visible box for what this page does not draw. */
export function notShown(type, whole) {
  return h(
    "details",
    { class: "not-shown", "data-testid": "not-shown" },
    h("summary", {}, `“${type}” is not shown here`),
    h("pre", {}, JSON.stringify(whole, null, 2)),
  );
}

async function send(node, element, block, ctx, value) {
  if (element.confirm && !(await confirmFirst(element.confirm, node))) return false;
  node.classList.add("busy");
  node.setAttribute("aria-busy", "true");
  const answer = await ctx.act({
    block_id: block.block_id,
    action_id: element.action_id,
    type: element.type,
    ...value,
  });
  node.classList.remove("busy");
  node.removeAttribute("aria-busy");
  if (!answer.ok) toast(answer.error ?? "The app did not answer.", "problem");
  return true;
}

function focusName(block, element) {
  return `${block.block_id}/${element.action_id}`;
}

function button(element, block, ctx) {
  const attributes = {
    class: `button ${element.style ?? ""}`.trim(),
    "aria-label": element.accessibility_label,
    "data-focus": focusName(block, element),
    "data-action": element.action_id,
  };
  const press = (event) => {
    if (node.classList.contains("busy")) event.preventDefault();
    else send(node, element, block, ctx, element.value === undefined ? {} : { value: element.value });
  };
  let node = null;
  if (element.url && /^(https?|mailto):/.test(element.url)) {
    node = h(
      "a",
      { ...attributes, href: element.url, target: "_blank", rel: "noopener noreferrer", onclick: press },
      words(element.text),
    );
  } else {
    node = h("button", { ...attributes, type: "button", onclick: press }, words(element.text));
  }
  return node;
}

function overflow(element, block, ctx) {
  const node = h(
    "button",
    {
      type: "button",
      class: "button overflow",
      "aria-label": "More actions",
      "aria-haspopup": "menu",
      "aria-expanded": "false",
      "data-focus": focusName(block, element),
      "data-action": element.action_id,
    },
    icon("more"),
  );
  node.addEventListener("click", () =>
    openMenu(
      node,
      element.options.map((option) => ({
        label: words(option.text),
        description: words(option.description),
        pick: () => {
          if (option.url && /^https?:/.test(option.url))
            window.open(option.url, "_blank", "noopener,noreferrer");
          send(node, element, block, ctx, { selected_option: option });
        },
      })),
      { label: "More actions" },
    ),
  );
  return node;
}

/** Menus of what Slack itself has. */
const OWN = {
  users_select: { field: "selected_user", first: "initial_user", prefix: "", all: () => state.people },
  conversations_select: {
    field: "selected_conversation",
    first: "initial_conversation",
    prefix: "#",
    all: () => state.channels,
  },
  channels_select: {
    field: "selected_channel",
    first: "initial_channel",
    prefix: "#",
    all: () => state.channels,
  },
};

function choice(element, block, ctx, frame) {
  const own = OWN[element.type];
  const read = (held) => (own ? held[own.field] : held.selected_option?.value) ?? null;
  const options = own
    ? own.all().map((each) => ({ text: { text: own.prefix + each.name }, value: each.id }))
    : (element.options ?? []);
  const groups = element.option_groups ?? [{ options }];
  const all = groups.flatMap((group) => group.options);
  const first = own
    ? { [own.field]: element[own.first] ?? null }
    : { selected_option: element.initial_option ?? null };
  let held = ctx.form.start(block, element, first);
  const id = freshId("choice");
  const text = h("span", { class: "choice-text" });
  const node = h(
    "button",
    {
      type: "button",
      id,
      class: "choice",
      "aria-haspopup": "listbox",
      "aria-expanded": "false",
      "aria-labelledby": frame.labelledBy ? `${frame.labelledBy} ${id}` : null,
      "aria-describedby": frame.describedBy,
      "data-focus": focusName(block, element),
      "data-action": element.action_id,
    },
    text,
    icon("chevron"),
  );
  const draw = () => {
    const chosen = all.find((option) => option.value === read(held)) ?? held.selected_option;
    text.textContent = chosen ? words(chosen.text) : words(element.placeholder) || "Choose an option";
    text.classList.toggle("placeholder", !chosen);
  };
  const pick = async (option) => {
    const value = own ? { [own.field]: option?.value ?? null } : { selected_option: option };
    const before = held;
    held = ctx.form.set(block, element, value);
    draw();
    node.dispatchEvent(new Event("change", { bubbles: true }));
    if (frame.sends && !(await send(node, element, block, ctx, value))) {
      held = ctx.form.set(block, element, before);
      draw();
    }
  };
  node.addEventListener("click", () => {
    if (element.type === "external_select") {
      if (isOpenAt(node)) closeMenu();
      else {
        const asked = {
          container: ctx.where,
          action: { block_id: block.block_id, action_id: element.action_id },
        };
        openSearch(node, asked, {
          label: words(element.placeholder) || "Type to search",
          // Slack's own, where the app names none.
          least: element.min_query_length ?? 3,
          clear: frame.optional && read(held) ? () => pick(null) : null,
          pick,
        });
      }
      return;
    }
    const entries = groups.flatMap((group) => [
      ...(group.label ? [{ heading: words(group.label) }] : []),
      ...group.options.map((option) => ({
        label: words(option.text),
        description: words(option.description),
        checked: option.value === read(held),
        pick: () => pick(option),
      })),
    ]);
    if (frame.optional && read(held)) entries.push({ label: "Clear", pick: () => pick(null) });
    openMenu(node, entries, { kind: "listbox", label: words(element.placeholder) || "Options" });
  });
  draw();
  return node;
}

/** Date and time: a change by mouse counts at once, a date being typed only when the field is left or Enter pressed. */
function dated(element, block, ctx, frame) {
  const [field, initial] =
    element.type === "datepicker" ? ["selected_date", "initial_date"] : ["selected_time", "initial_time"];
  const held = ctx.form.start(block, element, { [field]: element[initial] ?? null });
  const node = h("input", {
    class: "field dated",
    type: element.type === "datepicker" ? "date" : "time",
    value: held[field] ?? "",
    "aria-labelledby": frame.labelledBy,
    "aria-label": frame.labelledBy ? null : words(element.placeholder) || "Choose a date",
    "aria-describedby": frame.describedBy,
    "data-focus": focusName(block, element),
    "data-action": element.action_id,
  });
  let sent = node.value;
  let typing = false;
  const settle = async () => {
    typing = false;
    if (!frame.sends || !node.value || node.value === sent) return;
    const before = sent;
    sent = node.value;
    if (!(await send(node, element, block, ctx, { [field]: node.value }))) {
      node.value = sent = before;
      ctx.form.set(block, element, { [field]: before || null });
    }
  };
  node.addEventListener("change", () => {
    ctx.form.set(block, element, { [field]: node.value || null });
    if (!typing) settle();
  });
  node.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && frame.sends) {
      event.preventDefault();
      settle();
    } else typing = true;
  });
  node.addEventListener("pointerdown", () => (typing = false));
  node.addEventListener("blur", settle);
  if (frame.labelledBy || !element.placeholder) return node;
  // A browser's own field for a date shows no placeholder: it stands before it.
  return h("label", { class: "dated-label" }, h("span", {}, words(element.placeholder)), node);
}

function typed(element, block, ctx, frame) {
  const kinds = { number_input: "decimal", email_text_input: "email", url_text_input: "url" };
  const held = ctx.form.start(block, element, { value: element.initial_value ?? null });
  const node = h(element.multiline ? "textarea" : "input", {
    class: "field",
    type: element.multiline ? null : "text",
    rows: element.multiline ? 4 : null,
    inputmode: kinds[element.type],
    autocomplete: "off",
    maxlength: element.max_length,
    value: held.value ?? "",
    placeholder: words(element.placeholder),
    "aria-labelledby": frame.labelledBy,
    "aria-describedby": frame.describedBy,
    "data-focus": focusName(block, element),
    "data-action": element.action_id,
  });
  node.addEventListener("input", () =>
    ctx.form.set(block, element, { value: node.value.trim() ? node.value : null }),
  );
  if (frame.sends) {
    node.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || element.multiline) return;
      event.preventDefault();
      send(node, element, block, ctx, { value: node.value });
    });
  }
  return node;
}

function boxes(element, block, ctx, frame) {
  const many = element.type === "checkboxes";
  const first = many
    ? { selected_options: element.initial_options ?? [] }
    : { selected_option: element.initial_option ?? null };
  const held = ctx.form.start(block, element, first);
  const on = (option) =>
    many
      ? held.selected_options.some((each) => each.value === option.value)
      : held.selected_option?.value === option.value;
  const group = freshId("group");
  const node = h("div", {
    class: "boxes",
    role: many ? "group" : "radiogroup",
    "aria-labelledby": frame.labelledBy,
    "aria-describedby": frame.describedBy,
    "data-action": element.action_id,
  });
  const inputs = element.options.map((option, place) => {
    const input = h("input", {
      type: many ? "checkbox" : "radio",
      name: group,
      checked: on(option),
      "data-focus": `${focusName(block, element)}/${place}`,
    });
    node.append(
      h(
        "label",
        { class: "box" },
        input,
        h("span", {}, words(option.text), option.description && h("small", {}, words(option.description))),
      ),
    );
    return input;
  });
  node.addEventListener("change", () => {
    const chosen = element.options.filter((_, place) => inputs[place].checked);
    const value = many ? { selected_options: chosen } : { selected_option: chosen[0] ?? null };
    ctx.form.set(block, element, value);
    if (frame.sends) send(node, element, block, ctx, value);
  });
  return node;
}
