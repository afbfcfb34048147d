// Slack's modals: up to three on top of each other, with inputs, field errors, submit and close.

import { announce, h, icon, redraw } from "./dom.js";
import { renderBlocks } from "./blocks.js";
import { openDialog } from "./dialogs.js";
import { Form, words } from "./inputs.js";
import { on, post, state } from "./state.js";

const open = new Map();

/** Begin showing whatever stack of views the shown person has. */
export function startModals() {
  on("views", show);
}

function show() {
  const views = state.views[state.person] ?? [];
  for (const [id, modal] of open) {
    if (!views.some((view) => view.id === id)) {
      open.delete(id);
      modal.close();
    }
  }
  views.forEach((view, depth) => {
    if (!open.has(view.id)) open.set(view.id, make(view, depth));
    const modal = open.get(view.id);
    const sig = JSON.stringify(view);
    if (modal.sig !== sig) draw(modal, view);
    modal.sig = sig;
  });
}

function make(view, depth) {
  const person = state.person;
  const modal = openDialog(words(view.title), {
    testid: "modal",
    onDismiss: () => {
      leave(modal, person, view.id);
      return false;
    },
  });
  modal.dialog.classList.add("modal", `depth-${depth}`);
  modal.head.prepend(h("span", { class: "avatar coach tiny", "aria-hidden": "true" }, icon("target")));
  modal.form = new Form();
  modal.person = person;
  return modal;
}

async function leave(modal, person, id) {
  const answer = await post("/ui/close", { person, view_id: id });
  if (answer.ok) return;
  open.delete(id);
  modal.close();
}

function draw(modal, view) {
  const { form, person } = modal;
  form.begin();
  modal.head.querySelector("h2").textContent = words(view.title);
  const ctx = {
    form,
    where: { type: "view", view_id: view.id },
    act: (action) =>
      post("/ui/action", {
        person,
        container: { type: "view", view_id: view.id },
        action,
        values: form.values,
      }),
  };
  const complaint = h("div", { class: "banner problem", role: "alert", hidden: true });
  const submit =
    view.submit &&
    h("button", { type: "submit", class: "button primary", "data-focus": "submit" }, words(view.submit));
  const cancel = h(
    "button",
    { type: "button", class: "button", "data-focus": "close", onclick: () => leave(modal, person, view.id) },
    words(view.close) || (view.submit ? "Cancel" : "Close"),
  );
  const page = h(
    "form",
    {
      class: "view",
      novalidate: true,
      onsubmit: (event) => {
        event.preventDefault();
        if (submit) send(modal, view, submit, complaint);
      },
    },
    h("div", { class: "view-blocks" }, ...renderBlocks(view.blocks, ctx), complaint),
    h("footer", { class: "dialog-foot" }, cancel, submit),
  );
  const scrolled = modal.body.querySelector(".view-blocks")?.scrollTop;
  redraw(modal.body, page);
  if (scrolled) page.querySelector(".view-blocks").scrollTop = scrolled;
  if (!modal.body.contains(document.activeElement)) {
    (
      page.querySelector(".view-blocks input, .view-blocks textarea, .view-blocks button") ??
      submit ??
      cancel
    ).focus({ preventScroll: true });
  }
}

async function send(modal, view, submit, complaint) {
  complaint.hidden = true;
  if (complain(modal.form, check(modal.form))) return;
  submit.disabled = true;
  submit.classList.add("busy");
  const answer = await post("/ui/submit", {
    person: modal.person,
    view_id: view.id,
    values: modal.form.values,
  });
  submit.disabled = false;
  submit.classList.remove("busy");
  if (answer.ok) return;
  if (answer.errors && complain(modal.form, answer.errors)) return;
  complaint.textContent =
    answer.error ?? Object.values(answer.errors ?? {})[0] ?? "We had some trouble connecting. Try again?";
  complaint.hidden = false;
}

/** Put each error at its field and go to the first; true when one was shown. */
function complain(form, errors) {
  let first = null;
  for (const [id, field] of form.fields) {
    field.complain(errors[id]);
    if (errors[id]) first ??= field;
  }
  if (!first) return false;
  first.focus();
  announce(Object.values(errors).join(" "));
  return true;
}

/** What Slack itself refuses before it asks the app. */
function check(form) {
  const errors = {};
  for (const [id, { block }] of form.fields) {
    const { element } = block;
    const held = form.values[id]?.[element.action_id];
    if (!held) continue;
    const value =
      held.value ??
      held.selected_option ??
      held.selected_date ??
      held.selected_time ??
      held.selected_user ??
      held.selected_conversation ??
      held.selected_channel ??
      null;
    const empty = element.type === "checkboxes" ? !held.selected_options.length : value === null;
    if (empty) {
      if (!block.optional) errors[id] = "Please complete this required field.";
    } else if (element.type === "number_input") errors[id] = numberError(element, held.value);
    else if (element.type === "email_text_input" && !/^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(held.value))
      errors[id] = "Please enter a valid email address.";
    else if (element.min_length && held.value.length < element.min_length)
      errors[id] = `Please enter at least ${element.min_length} characters.`;
    if (errors[id] === null) delete errors[id];
  }
  return errors;
}

function numberError(element, value) {
  const number = Number(value);
  if (Number.isNaN(number)) return "Please enter a number.";
  if (!element.is_decimal_allowed && !Number.isInteger(number)) return "Please enter a whole number.";
  if (element.min_value !== undefined && number < Number(element.min_value))
    return `Please enter a number of ${element.min_value} or more.`;
  if (element.max_value !== undefined && number > Number(element.max_value))
    return `Please enter a number of ${element.max_value} or less.`;
  return null;
}
