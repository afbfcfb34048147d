// The contacts of the CRM, the coldest leads first, and a call, mail or meeting logged with one click.

import { h, icon, reconcile, toast } from "./dom.js";
import { openForm } from "./dialogs.js";
import { ours, ownerChip, ownerField } from "./owners.js";
import { post, state } from "./state.js";
import { dayOf, daysUntil, dayWords } from "./words.js";

function contactWords(contact) {
  return contact.last_contacted_at
    ? `Last contact ${dayWords(dayOf(contact.last_contacted_at))}`
    : "Never contacted";
}

function isLead(contact) {
  return ["LEAD", "PROSPECT"].includes(contact.status);
}

/** Leads first, the coldest on top: the order in which somebody would call. */
function byWarmth(one, other) {
  if (isLead(one) !== isLead(other)) return isLead(one) ? -1 : 1;
  return (one.last_contacted_at ?? "").localeCompare(other.last_contacted_at ?? "");
}

/** Draw the list into `place`. */
export function drawContacts(place) {
  const kinds = [
    ["call", "phone"],
    ["email", "mail"],
    ["meeting", "meet"],
  ];
  reconcile(
    place,
    [...state.crm.contacts]
      .filter(ours)
      .sort(byWarmth)
      .map((contact) => ({
        key: contact.id,
        sig: [contact, contactWords(contact)],
        make: () =>
          h(
            "li",
            { class: "row-item", "data-testid": `contact-${contact.id}` },
            ownerChip(contact.owner),
            h(
              "div",
              { class: "row-words" },
              h(
                "div",
                { class: "row-title" },
                contact.name,
                h(
                  "span",
                  { class: `status ${isLead(contact) ? "lead" : ""}` },
                  (contact.status ?? "").toLowerCase(),
                ),
              ),
              h(
                "div",
                {
                  class:
                    isLead(contact) &&
                    (!contact.last_contacted_at || daysUntil(dayOf(contact.last_contacted_at)) <= -9)
                      ? "row-note cold"
                      : "row-note",
                },
                contactWords(contact),
                contact.email && h("span", { class: "row-mail" }, contact.email),
              ),
            ),
            h(
              "div",
              { class: "row-acts" },
              kinds.map(([kind, shape]) =>
                h(
                  "button",
                  {
                    type: "button",
                    class: "quiet round",
                    "aria-label": `Log ${kind === "email" ? "an email" : `a ${kind}`} with ${contact.name}`,
                    title: `Log ${kind}`,
                    "data-focus": `${kind}-${contact.id}`,
                    onclick: () => log(contact, kind),
                  },
                  icon(shape),
                ),
              ),
            ),
          ),
      })),
  );
}

async function log(contact, kind) {
  const answer = await post(`/ui/crm/contacts/${encodeURIComponent(contact.id)}/log`, { kind });
  const name = { call: "Call", email: "Email", meeting: "Meeting" }[kind];
  toast(
    answer.ok ? `${name} with ${contact.name} logged.` : (answer.error ?? "This was not logged."),
    answer.ok ? "plain" : "problem",
  );
}

/** The form for a new contact. */
export function addContact() {
  openForm(
    "Add a contact",
    [
      { name: "name", label: "Name", required: true, placeholder: "Maria Santos" },
      { name: "email", label: "Email", type: "email", placeholder: "maria@harbour.example" },
      {
        name: "status",
        label: "Status",
        type: "select",
        options: [
          ["LEAD", "Lead"],
          ["PROSPECT", "Prospect"],
          ["CUSTOMER", "Customer"],
        ],
        half: true,
      },
      { ...ownerField(state.person), half: true },
    ],
    (values) => post("/ui/crm/contacts", values),
    "Add contact",
  );
}
