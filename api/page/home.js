// The form for a new summary, and the recent ones.

import { at, confirmed, el, notice, show, tell } from "./dom.js";
import { Problem, ask, askJson } from "./service.js";
import { beginning, moment, number, size } from "./words.js";

const LOOK_MS = 3000; // between looks at jobs that are not finished
const PAGE = 10;
const STATES = {
  queued: "Waiting",
  running: "Reading",
  done: "Done",
  failed: "Failed",
  cancelled: "Cancelled",
};

let chosen = null; // a document: a file, or that of a job, by its id
let sendKey = null; // one for each order, however often it is sent
let timer = null;
let shown = PAGE; // jobs

export function setUpHome() {
  at("order").addEventListener("submit", (event) => {
    event.preventDefault();
    send();
  });
  at("order").addEventListener("input", () => (sendKey = null));
  at("file").addEventListener("change", () => chooseFile(at("file").files[0]));
  at("unchoose").addEventListener("click", () => choose(null));
  at("more").addEventListener("click", () => {
    shown += PAGE;
    listJobs();
  });
  for (const name of ["dragenter", "dragover"])
    addEventListener(name, (event) => drag(event, true));
  for (const name of ["dragleave", "drop"]) addEventListener(name, (event) => drag(event, false));
  addEventListener("drop", (event) => drop(event));
}

export function openHome() {
  document.title = "py-llama";
  listModels();
  listJobs();
}

export function closeHome() {
  clearTimeout(timer);
  at("order-problem").replaceChildren();
}

// Come back with what a job asked for, since it cannot be done as it was.
export function changeOrder(id, order, problem) {
  choose({ id, name: order.name, note: "sent before" });
  at("query").value = order.query ?? "";
  const length = document.querySelector(`[name=words][value="${order.words}"]`);
  if (length) length.checked = true;
  if (order.model) at("model").replaceChildren(el("option", {}, order.model));
  complain(problem);
  const focus = () => document.querySelector("[name=words]:checked").focus();
  addEventListener("hashchange", focus, { once: true });
  location.hash = "";
}

// The document --------------------------------------------------------------------------------

function chooseFile(file) {
  choose(file ? { file, name: file.name, note: size(file.size) } : null);
  if (!file) return;
  tell(`${file.name} is chosen`);
  at("send").focus();
}

function choose(document) {
  chosen = document;
  sendKey = null;
  if (!document?.file) at("file").value = "";
  at("text-label").textContent = document ? "Document" : "Text";
  at("file-label").textContent = document ? "Choose another" : "Choose a document";
  at("chosen-name").textContent = document ? `${document.name} · ${document.note}` : "";
  show(at("chosen"), Boolean(document));
  show(at("text"), !document);
}

function drag(event, over) {
  if (!event.dataTransfer?.types.includes("Files")) return;
  event.preventDefault();
  document.body.classList.toggle("dropping", over);
}

function drop(event) {
  const file = event.dataTransfer?.files[0];
  if (!file) return;
  if (at("home").hidden) location.hash = "";
  chooseFile(file);
}

// Sending ------------------------------------------------------------------------------------

async function send() {
  if (!chosen && !at("text").value.trim()) {
    complain(
      new Problem({ title: "There is no text yet", detail: "Paste one, or choose a document." }),
    );
    at("text").focus();
    return;
  }
  at("send").disabled = true;
  at("send").textContent = chosen?.file ? "Sending the document …" : "Sending …";
  sendKey ??= [...crypto.getRandomValues(new Uint8Array(16))]
    .map((byte) => byte.toString(16))
    .join("");
  try {
    const job = await (chosen ? (chosen.file ? sendFile() : sendAgain()) : sendText());
    sendKey = null;
    choose(null);
    at("text").value = "";
    location.hash = job.id;
  } catch (error) {
    complain(error);
  } finally {
    at("send").disabled = false;
    at("send").textContent = "Summarize";
  }
}

function wishes() {
  const query = at("query").value.trim();
  const words = Number(new FormData(at("order")).get("words"));
  return {
    words,
    sources: true,
    ...(query && { query }),
    ...(at("model").value && { model: at("model").value }),
  };
}

function sendText() {
  const text = at("text").value;
  const body = JSON.stringify({ text, name: titleOf(text), ...wishes() });
  return askJson("jobs", {
    method: "POST",
    body,
    headers: { "Content-Type": "application/json", "Idempotency-Key": sendKey },
  });
}

// The first line, without the marks of a heading or a list.
function titleOf(text) {
  const line = /\S.*/.exec(text)[0].replace(/^[#>*\-\s]+/, "");
  return beginning(line, 60) || "text";
}

function sendFile() {
  const form = new FormData();
  for (const [name, value] of Object.entries(wishes())) form.append(name, value);
  form.append("file", chosen.file);
  return askJson("jobs/file", {
    method: "POST",
    body: form,
    headers: { "Idempotency-Key": sendKey },
  });
}

function sendAgain() {
  const { sources, ...changes } = { query: null, ...wishes() }; // sources are as they were
  return askJson(`jobs/${chosen.id}/again`, {
    method: "POST",
    body: JSON.stringify(changes),
    headers: { "Content-Type": "application/json", "Idempotency-Key": sendKey },
  });
}

function complain(error) {
  if (error.kind === "unauthorized") return; // the dialog asks for the key
  const wait = error.wait ? ` Try again in ${error.wait} s.` : "";
  at("order-problem").replaceChildren(
    notice("bad", error.title ?? "This did not work", `${error.detail ?? ""}${wait}`),
  );
}

// Models -------------------------------------------------------------------------------------

async function listModels() {
  let models;
  try {
    ({ models } = await askJson("models"));
  } catch (error) {
    complain(error);
    return;
  }
  const usable = models.filter((model) => !model.problem);
  const offered = usable.length ? usable : models;
  const wanted = offered.find((model) => model.name === at("model").value);
  at("model").replaceChildren(
    ...offered.map((model) => {
      const selected = wanted ? model === wanted : model.default;
      return el("option", { value: model.name, selected }, labelOf(model));
    }),
  );
  const missing = models.filter((model) => model.problem);
  at("order-notices").replaceChildren(
    ...missing.map((model) => missingNotice(model, usable.length === 0)),
  );
}

function labelOf(model) {
  const name =
    model.model && model.model !== model.name ? `${model.name} (${model.model})` : model.name;
  return model.context ? `${name}, context ${number(model.context)}` : name;
}

function missingNotice(model, none) {
  const again = el("button", { type: "button", onclick: listModels }, "Look again");
  const wait = none ? " What you send waits for it." : "";
  return notice(
    "warn",
    `${model.name} cannot be used now`,
    `${model.problem.detail}`,
    none ? el("p", {}, wait) : null,
    again,
  );
}

// Recent jobs --------------------------------------------------------------------------------

async function listJobs() {
  clearTimeout(timer);
  let page;
  try {
    page = await askJson(`jobs?limit=${Math.min(shown, 100)}`);
  } catch (error) {
    if (!error.status) complain(error);
    timer = setTimeout(listJobs, 2 * LOOK_MS);
    return;
  }
  show(at("recent"), page.jobs.length > 0);
  show(at("more"), page.next !== null && shown < 100);
  drawJobs(page.jobs);
  drawRunning(page.jobs.filter((job) => job.finished === null));
  if (page.jobs.some((job) => job.finished === null)) timer = setTimeout(listJobs, LOOK_MS);
}

// Redraw only what changed, so that focus and a question that was asked stay.
function drawJobs(jobs) {
  const old = new Map([...at("jobs").children].map((item) => [item.dataset.state, item]));
  const items = jobs.map((job) => {
    const state = `${job.id} ${job.state} ${job.progress.done}/${job.progress.total}`;
    return old.get(state) ?? jobItem(job, state);
  });
  at("jobs").replaceChildren(...items);
}

// On a narrow screen the list is far down, so what still runs is named at the top.
function drawRunning(jobs) {
  show(at("running"), jobs.length > 0);
  const links = jobs
    .slice(0, 3)
    .flatMap((job, i) => [i ? ", " : "", el("a", { href: `#${job.id}` }, job.name)]);
  at("running").replaceChildren("Going on: ", ...links, jobs.length > 3 ? " and others" : "");
}

function jobItem(job, state) {
  const { done, total } = job.progress;
  const running = job.finished === null;
  const button = el(
    "button",
    { type: "button", class: "quiet", "aria-describedby": `name-${job.id}` },
    "Delete",
  );
  confirmed(button, () => forget(job));
  return el(
    "li",
    { "data-state": state },
    el("a", { href: `#${job.id}`, id: `name-${job.id}`, class: "job-name" }, job.name),
    running && total
      ? el("progress", {
          max: total,
          value: done,
          "aria-label": `${job.name}: ${done} of ${total} calls`,
        })
      : null,
    el(
      "span",
      { class: "muted job-state" },
      `${STATES[job.state]}${running && total ? ` ${done} of ${total}` : ""} · ${moment(job.created)}`,
    ),
    button,
  );
}

async function forget(job) {
  try {
    await ask(`jobs/${job.id}?forget=true`, { method: "DELETE" });
    tell(`${job.name} is deleted`);
  } catch (error) {
    complain(error);
  }
  listJobs();
}
