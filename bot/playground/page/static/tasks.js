// The tasks of the CRM: what is due first, to complete or to move; what the coach made is marked.

import { h, icon, reconcile, toast } from "./dom.js";
import { openForm } from "./dialogs.js";
import { openMenu } from "./menu.js";
import { freshness, ours, ownerChip, ownerField } from "./owners.js";
import { post, state } from "./state.js";
import { dayFromToday, daysUntil, dayWords } from "./words.js";

/** Whether a task is completed. */
export function done(task) {
  return Boolean(task.completed_at) || task.status === "completed" || task.status === "done";
}

function byDue(one, other) {
  if (done(one) !== done(other)) return done(one) ? 1 : -1;
  if (done(one)) return (other.completed_at ?? "").localeCompare(one.completed_at ?? "");
  return (one.due_date ?? "9999").localeCompare(other.due_date ?? "9999");
}

/** Draw the list into `place`. */
export function drawTasks(place) {
  reconcile(
    place,
    [...state.crm.tasks]
      .filter(ours)
      .sort(byDue)
      .map((task) => {
        const late = !done(task) && task.due_date && daysUntil(task.due_date) < 0;
        const due = done(task)
          ? "Done"
          : task.due_date
            ? `${late ? "Was due" : "Due"} ${dayWords(task.due_date)}`
            : "No date";
        return { key: task.id, sig: [task, due], make: () => taskRow(task, due, late) };
      }),
  );
}

function taskRow(task, due, late) {
  const finished = done(task);
  const change = h(
    "button",
    {
      type: "button",
      class: "quiet due",
      "aria-haspopup": "menu",
      "aria-expanded": "false",
      "aria-label": `${due}. Change the date of ${task.title}`,
      "data-focus": `due-${task.id}`,
    },
    icon("calendar"),
    h("span", {}, due),
  );
  change.addEventListener("click", () =>
    openMenu(
      change,
      [
        ...[
          ["Today", 0],
          ["Tomorrow", 1],
          ["In a week", 7],
        ].map(([label, days]) => ({
          label,
          pick: () => setTask(task, { due_date: dayFromToday(days) }, "moved"),
        })),
        {
          label: "Pick a date…",
          pick: () =>
            openForm(
              "Change the date",
              [
                {
                  name: "due_date",
                  label: "Due date",
                  type: "date",
                  value: task.due_date ?? dayFromToday(1),
                  required: true,
                },
              ],
              (values) => post(taskPath(task), values),
            ),
        },
      ],
      { label: "New date" },
    ),
  );
  return h(
    "li",
    {
      class: `row-item ${finished ? "finished" : ""} ${freshness(task.id)}`,
      "data-testid": `task-${task.id}`,
      "data-status": finished ? "completed" : "pending",
    },
    h(
      "button",
      {
        type: "button",
        class: "tick",
        "aria-label": finished ? `${task.title} is done` : `Complete ${task.title}`,
        disabled: finished,
        "data-focus": `tick-${task.id}`,
        onclick: () => setTask(task, { completed: true }, "completed"),
      },
      icon("check"),
    ),
    h(
      "div",
      { class: "row-words" },
      h(
        "div",
        { class: "row-title" },
        h("span", { class: "task-title" }, task.title),
        task.from_coach && h("span", { class: "status coach" }, icon("target"), "from Coach"),
      ),
      h(
        "div",
        { class: late ? "row-note late" : "row-note" },
        finished ? h("span", {}, due) : change,
        ["high", "urgent"].includes(task.priority) &&
          !finished &&
          h(
            "span",
            { class: "urgent" },
            task.priority === "urgent" ? "urgent" : "high priority",
          ),
      ),
      task.note && h("div", { class: "row-memo" }, task.note),
    ),
    ownerChip(task.owner),
  );
}

function taskPath(task) {
  return `/ui/crm/tasks/${encodeURIComponent(task.id)}`;
}

async function setTask(task, change, verb) {
  const answer = await post(taskPath(task), change);
  toast(
    answer.ok ? `“${task.title}” ${verb}.` : (answer.error ?? "The task was not changed."),
    answer.ok ? "plain" : "problem",
  );
}

/** The form for a new task. */
export function addTask() {
  openForm(
    "Add a task",
    [
      { name: "title", label: "Title", required: true, placeholder: "Send the proposal" },
      { name: "due_date", label: "Due date", type: "date", value: dayFromToday(1), half: true },
      {
        name: "priority",
        label: "Priority",
        type: "select",
        options: [
          ["low", "Low"],
          ["medium", "Medium"],
          ["high", "High"],
          ["urgent", "Urgent"],
        ],
        value: "medium",
        half: true,
      },
      ownerField(state.person),
    ],
    (values) => post("/ui/crm/tasks", values),
    "Add task",
  );
}
