// How a run stands: its phase, its counts, and what there is to say of it.

import { at, el, notice } from "./dom.js";
import { count, duration, number } from "./words.js";

export const PHASES = {
  queued: "Getting ready",
  waiting: "Waiting for the model",
  reading: "Reading",
  merging: "Merging",
  writing: "Writing the summary",
  done: "Done",
  failed: "Failed",
  cancelled: "Cancelled",
};
// What stands in the place of the summary before there is anything to read.
const NOTHING_YET = {
  queued: "It begins as soon as there is room and the model is open.",
  reading: "The first part is being read.",
  waiting: "Nothing is lost: it goes on when the model is there.",
};
const LEGEND = [
  ["not-yet", "not read yet"],
  ["done", "read"],
  ["known", "read before"],
  ["stand-in", "stand-in"],
  ["off-topic", "not read: no word of the question"],
  ["silent", "not in the summary"],
  ["lit", "source"],
];
const MOST_SHOWN = 20; // stand-ins that are named

// "12 of 96 calls · 34 tokens/s · 2 min left"
export function countsOf(run) {
  const parts = [`${number(run.done)} of ${count(run.total, "call")}`];
  const { speed, left } = run.pace(Date.now() / 1000);
  if (run.result) parts.push(`took ${duration(run.result.seconds)}`);
  else if (!run.over && speed !== null) {
    const shown = speed < 10 ? speed.toFixed(1) : number(Math.round(speed));
    parts.push(`${shown} tokens/s`, `${duration(left)} left`);
  }
  return parts.join(" · ");
}

export function writeLegend(run) {
  const nodes = [...run.nodes.values()];
  const used = {
    "not-yet": run.phase !== "done",
    done: nodes.length > 0,
    known: nodes.some((node) => node.cached),
    "stand-in": nodes.some((node) => node.standIn),
    "off-topic": run.offTopic.length > 0,
    silent: nodes.length > 0 && (run.result?.coverage?.missing.length ?? 0) > 0,
    lit: nodes.length > 0 && Boolean(run.result?.sentences),
  };
  const items = LEGEND.filter(([kind]) => used[kind]).map(([kind, text]) =>
    el("li", {}, el("i", { class: `swatch is-${kind}`, "aria-hidden": "true" }), text),
  );
  at("legend").replaceChildren(...items);
}

export function writeNothingYet(run) {
  const text = NOTHING_YET[run.phase] ?? "There is no summary.";
  at("prose").replaceChildren(el("p", { class: "muted" }, text));
}

// What was read last, while there is no summary.
export function writeLatest(run, paper) {
  const { latest } = run;
  const done = `Just ${latest.level ? "merged" : "read"}: ${paper.nameOf(latest)}.`;
  const more = run.over ? "" : " The summary of all appears here at the end.";
  at("prose").replaceChildren(
    el("p", { class: "muted small" }, done + more),
    el("p", { class: "latest" }, latest.text),
  );
}

export function writeNotices(run, { away, paper, onSource }) {
  const standIns = run.result?.read.stand_ins ?? [];
  at("notices").replaceChildren(
    ...(away ? [awayNotice()] : []),
    ...(run.phase === "waiting" ? [waitNotice(run.wait)] : []),
    ...(run.phase === "failed" ? [notice("bad", run.problem.title, run.problem.detail)] : []),
    ...(run.phase === "cancelled" ? [cancelledNotice()] : []),
    ...(standIns.length ? [standInNotice(standIns, paper, onSource)] : []),
  );
}

function awayNotice() {
  const detail = "The job goes on; this page takes up again by itself.";
  return notice("warn", "The connection to the service is lost", detail);
}

function cancelledNotice() {
  const detail = "The finished calls are cached: trying again goes on from there.";
  return notice("plain", "This was cancelled", detail);
}

function waitNotice({ problem, seconds }) {
  const again = el("p", {}, `It is tried again within ${duration(seconds)}.`);
  return notice("warn", problem.title, problem.detail, again);
}

function standInNotice(standIns, paper, onSource) {
  const stretches = count(standIns.length, "stretch", "stretches");
  const items = standIns.slice(0, MOST_SHOWN).map((stretch) => {
    const onclick = () => onSource(stretch);
    const button = { type: "button", class: "source-link", onclick };
    return el("li", {}, el("button", button, paper.nameOf(stretch)));
  });
  return notice(
    "warn",
    `${stretches} of the document could not be summarized`,
    "The model gave no usable answer there, so the text's own sentences stand in.",
    el("ul", { class: "inline" }, ...items),
  );
}
