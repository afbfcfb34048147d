// Dialogs over the page: a native <dialog> keeps focus inside, closes on Escape and gives focus back.

import { freshId, h, icon } from "./dom.js";
import { withEmoji } from "./emoji.js";
import { closeMenu } from "./menu.js";
import { mrkdwn } from "./mrkdwn.js";

/** Open a dialog of this title; `onClose` runs when it is dismissed by Escape or the cross. Returns {dialog, head, body, close}. */
export function openDialog(title, { testid = "dialog", small = false, onDismiss = () => true } = {}) {
  const heading = freshId("title");
  const body = h("div", { class: "dialog-body" });
  const cross = h("button", { type: "button", class: "quiet round", "aria-label": "Close" }, icon("close"));
  const head = h("header", { class: "dialog-head" }, h("h2", { id: heading }, title), cross);
  const dialog = h(
    "dialog",
    { class: small ? "dialog small" : "dialog", "aria-labelledby": heading, "data-testid": testid },
    head,
    body,
  );
  const close = () => {
    closeMenu();
    if (dialog.open) dialog.close();
    dialog.remove();
  };
  const dismiss = () => {
    if (onDismiss() !== false) close();
  };
  cross.addEventListener("click", dismiss);
  // Handled as a key, because browsers let a second Escape close a dialog past its cancel event.
  dialog.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || event.defaultPrevented) return;
    event.preventDefault();
    dismiss();
  });
  document.body.append(dialog);
  dialog.showModal();
  return { dialog, head, body, close };
}

/** Ask Slack's confirmation question; resolves to true when confirmed. */
export function confirmFirst(confirm, back) {
  return new Promise((resolve) => {
    const settle = (answer) => {
      close();
      if (back?.isConnected) back.focus({ preventScroll: true });
      resolve(answer);
    };
    const { body, close } = openDialog(withEmoji(confirm.title?.text ?? "Are you sure?"), {
      testid: "confirm",
      small: true,
      onDismiss: () => {
        settle(false);
        return false;
      },
    });
    const text = confirm.text ?? { text: "" };
    const yes = h(
      "button",
      {
        type: "button",
        class: `button ${confirm.style === "danger" ? "danger" : "primary"}`,
        onclick: () => settle(true),
      },
      withEmoji(confirm.confirm?.text ?? "Yes"),
    );
    body.append(
      h("div", { class: "text" }, ...(text.type === "mrkdwn" ? mrkdwn(text.text) : [withEmoji(text.text)])),
      h(
        "footer",
        { class: "dialog-foot" },
        h(
          "button",
          { type: "button", class: "button", onclick: () => settle(false) },
          withEmoji(confirm.deny?.text ?? "Cancel"),
        ),
        yes,
      ),
    );
    yes.focus();
  });
}

/**
 * A small form of our own (the CRM's). Fields: {name, label, type, value, options, required, placeholder}.
 * `save(values)` returns the playground's answer; the dialog closes when it is ok, else shows its sentence.
 */
export function openForm(title, fields, save, verb = "Save") {
  const { body, close } = openDialog(title, { testid: "form" });
  const complaint = h("div", { class: "field-error", role: "alert" });
  const inputs = {};
  const rows = fields.map((field) => {
    const id = freshId("field");
    const shared = { id, name: field.name, class: "field", required: field.required };
    inputs[field.name] =
      field.type === "select"
        ? h(
            "select",
            shared,
            field.options.map(([value, label]) =>
              h("option", { value, selected: value === field.value }, label),
            ),
          )
        : h("input", {
            ...shared,
            type: field.type ?? "text",
            value: field.value ?? "",
            placeholder: field.placeholder,
            inputmode: field.inputmode,
            autocomplete: "off",
          });
    return h(
      "div",
      { class: field.half ? "row half" : "row" },
      h("label", { class: "label", for: id }, field.label),
      inputs[field.name],
    );
  });
  const go = h("button", { type: "submit", class: "button primary" }, verb);
  const form = h(
    "form",
    { class: "form", method: "dialog" },
    ...rows,
    complaint,
    h(
      "footer",
      { class: "dialog-foot" },
      h("button", { type: "button", class: "button", onclick: close }, "Cancel"),
      go,
    ),
  );
  // form-action 'none' forbids real submission, which this never does: the values go out as JSON.
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    go.disabled = true;
    const values = Object.fromEntries(
      Object.entries(inputs).map(([name, input]) => [name, input.value.trim()]),
    );
    const answer = await save(Object.fromEntries(Object.entries(values).filter(([, value]) => value !== "")));
    go.disabled = false;
    if (answer.ok) close();
    else complaint.textContent = answer.error ?? "This could not be saved.";
  });
  body.append(form);
  inputs[fields[0].name].focus();
}
