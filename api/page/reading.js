// One job: its document, watched while it is read, and its summary.

import { at, el, notice, show, tell } from "./dom.js";
import { TreeMap } from "./map.js";
import { Paper } from "./paper.js";
import { Run } from "./run.js";
import { copy, download, fileName, markdown } from "./save.js";
import { Problem, ask, askJson, jobEvents } from "./service.js";
import { Draft, writeFigures, writeLevel, writePart, writeSilent, writeSummary, writeTrace } from "./summary.js";
import { count, duration, number } from "./words.js";

const PHASES = {
  queued: "Getting ready",
  waiting: "Waiting for the model",
  reading: "Reading",
  merging: "Merging",
  writing: "Writing the summary",
  done: "Done",
  failed: "Failed",
  cancelled: "Cancelled",
};
const LEGEND = [
  ["not-yet", "not read yet"],
  ["done", "read"],
  ["known", "read before"],
  ["stand-in", "stand-in"],
  ["silent", "not in the summary"],
  ["lit", "source"],
];

const NARROW = matchMedia("(max-width: 61.99rem)"); // where the document is below the summary

export class Reading {
  constructor(id, sentence) {
    this.id = id;
    this.sentence = sentence; // its number, from 1; null where none is chosen
    this.run = new Run();
    this.draft = new Draft();
    this.stop = new AbortController();
    this.level = null; // of the tree that is shown instead of the summary
    this.away = false;
  }

  close() {
    this.stop.abort();
    clearInterval(this.timer);
  }

  async open() {
    this.reset();
    try {
      this.order = await askJson(`jobs/${this.id}/order`, { signal: this.stop.signal });
      this.begin();
      for await (const event of jobEvents(this.id, this.stop.signal)) this.on(event);
    } catch (error) {
      if (!this.stop.signal.aborted) this.fail(error);
    }
  }

  reset() {
    for (const id of ["map", "zoom", "part", "trace", "silent", "figures", "question", "saving", "cancel", "again", "forget"]) show(at(id), false);
    for (const id of ["notices", "prose", "pages", "tree"]) at(id).replaceChildren();
    for (const id of ["title", "phase", "size", "counts"]) at(id).textContent = "";
    document.querySelector(".columns").hidden = true;
  }

  fail(error) {
    if (!(error instanceof Problem)) throw error;
    const gone = error.kind === "not-found";
    at("title").textContent = gone ? "This summary is gone" : "This cannot be shown";
    const said = gone
      ? notice("plain", "It was deleted, or has expired", "Finished ones are kept for a day unless the service is told otherwise.")
      : notice("bad", error.title, error.detail);
    said.append(el("p", {}, el("a", { href: "#" }, "Start a new one")));
    at("notices").replaceChildren(said);
  }

  begin() {
    at("title").textContent = this.order.name;
    at("title").focus({ preventScroll: true });
    at("question").textContent = this.order.query ?? "";
    show(at("question"), Boolean(this.order.query));
    document.querySelector(".columns").hidden = false;
    this.paper = new Paper(this.order);
    this.map = new TreeMap([...this.order.text].length, (node) => this.pick(node));
    at("cancel").onclick = () => this.cancel();
    at("copy").onclick = () => this.copy();
    at("markdown").onclick = () => this.saveMarkdown();
    at("json").onclick = () => this.saveJson();
    at("detail").oninput = () => this.zoom(Number(at("detail").value));
    at("again").onclick = () => this.again();
    at("prose").onpointerover = at("prose").onfocusin = (event) => this.hover(event.target.closest("[data-sentence]"));
    at("prose").onpointerleave = at("prose").onfocusout = () => this.hover(null);
    this.timer = setInterval(() => this.count(), 1000);
    this.phase();
    this.legend();
  }

  // Events ---------------------------------------------------------------------------------------

  on(event) {
    if (event.name === "away" || event.name === "back") {
      this.away = event.name === "away";
      this.notices();
      return;
    }
    const before = this.run.phase;
    this.run.apply(event);
    this[`after_${event.name}`]?.(event.data);
    if (this.run.phase !== before) this.phase();
    this.count();
  }

  after_planned() {
    show(at("map"), true);
    this.map.plan(this.run);
    this.notices();
  }

  after_summarized() {
    if (!this.run.latest) return;
    this.map.update(this.run.latest);
    if (!this.run.draft) this.showLatest();
  }

  after_delta() {
    this.draft.write(this.run.draft);
  }

  async after_finished(result) {
    await this.draft.finish();
    if (this.stop.signal.aborted) return;
    writeFigures(result);
    writeSilent(result.coverage, this.paper, (stretch) => this.showSource(stretch, "silent"));
    this.map.missing(result.coverage?.missing ?? []);
    this.setZoom();
    this.zoom(1);
    if (this.sentence) this.choose(this.sentence);
  }

  // What is shown of the state -------------------------------------------------------------------

  phase() {
    const { run } = this;
    at("phase").textContent = PHASES[run.phase];
    at("phase").dataset.phase = run.phase;
    document.title = `${PHASES[run.phase]} · ${this.order.name} · py-llama`;
    tell(`${this.order.name}: ${PHASES[run.phase]}`);
    show(at("cancel"), !run.over);
    show(at("saving"), run.phase === "done");
    show(at("again"), run.phase === "failed" || run.phase === "cancelled");
    show(at("forget"), run.over);
    at("summary-title").textContent = ["writing", "done"].includes(run.phase) ? "Summary" : "So far";
    if (run.over) clearInterval(this.timer);
    if (!run.latest && run.phase !== "done") {
      const texts = { queued: "It begins as soon as there is room and the model is open.", reading: "The first part is being read.", waiting: "Nothing is lost: it goes on when the model is there." };
      at("prose").replaceChildren(el("p", { class: "muted" }, texts[run.phase] ?? "There is no summary."));
    }
    if (run.latest && run.over && run.phase !== "done") this.showLatest();
    this.notices();
    this.legend();
  }

  notices() {
    const { run } = this;
    const notices = [];
    if (this.away) notices.push(notice("warn", "The connection to the service is lost", "The job goes on; this page takes up again by itself."));
    if (run.phase === "waiting") notices.push(this.waitNotice(run.wait));
    if (run.phase === "failed") notices.push(notice("bad", run.problem.title, run.problem.detail));
    if (run.phase === "cancelled") notices.push(notice("plain", "This was cancelled", "The parts that were read are kept: trying again goes on from there."));
    const standIns = run.result?.read.stand_ins ?? [];
    if (standIns.length) notices.push(this.standInNotice(standIns));
    at("notices").replaceChildren(...notices);
  }

  waitNotice({ problem, seconds }) {
    return notice("warn", problem.title, problem.detail, el("p", {}, `It is tried again within ${duration(seconds)}.`));
  }

  standInNotice(standIns) {
    const buttons = standIns.slice(0, 20).map((stretch) =>
      el("li", {}, el("button", { type: "button", class: "source-link", onclick: () => this.showSource(stretch, "silent") }, this.paper.nameOf(stretch))));
    const detail = "The model gave no usable answer there, so the text's own sentences stand in.";
    return notice("warn", `${count(standIns.length, "stretch", "stretches")} of the document could not be summarized`, detail, el("ul", { class: "inline" }, ...buttons));
  }

  count() {
    const { run } = this;
    if (run.total === null) return;
    const parts = [`${number(run.done)} of ${count(run.total, "call")}`];
    if (!run.over) {
      const { speed, left } = run.pace(Date.now() / 1000);
      if (speed !== null) parts.push(`${speed < 10 ? speed.toFixed(1) : number(Math.round(speed))} tokens/s`, `${duration(left)} left`);
    } else if (run.result) parts.push(`took ${duration(run.result.seconds)}`);
    at("counts").textContent = parts.join(" · ");
  }

  legend() {
    const { run } = this;
    const nodes = [...run.nodes.values()];
    const used = {
      "not-yet": !run.over || run.phase !== "done",
      done: true,
      known: nodes.some((node) => node.cached),
      "stand-in": nodes.some((node) => node.standIn),
      silent: (run.result?.coverage?.missing.length ?? 0) > 0,
      lit: Boolean(run.result?.sentences),
    };
    at("legend").replaceChildren(
      ...LEGEND.filter(([kind]) => used[kind]).map(([kind, text]) => el("li", {}, el("i", { class: `swatch is-${kind}`, "aria-hidden": "true" }), text)),
    );
  }

  showLatest() {
    const node = this.run.latest;
    const more = this.run.over ? "" : " The summary of all appears here at the end.";
    at("prose").replaceChildren(
      el("p", { class: "muted small" }, `Just ${node.level ? "merged" : "read"}: ${this.paper.nameOf(node)}.${more}`),
      el("p", { class: "latest" }, node.text),
    );
  }

  // The reader's doing ---------------------------------------------------------------------------

  // Zoom positions: 0 a line, 1 the summary, then the levels of the tree from the top down.
  get zooms() {
    const levels = [...new Set([...this.run.nodes.values()].map((node) => node.level))].sort((a, b) => b - a);
    return [null, levels[0], ...levels.slice(1)];
  }

  setZoom() {
    at("detail").max = this.zooms.length - 1;
    at("detail").value = 1;
    show(at("zoom"), true);
  }

  zoom(position) {
    const { result } = this.run;
    const names = { 0: "one line", 1: "the summary" };
    if (position === 0) {
      at("prose").replaceChildren(el("p", {}, result.sentences?.[0]?.text ?? result.summary));
    } else if (position === 1) {
      writeSummary(result, this.id);
      if (this.sentence) this.markChosen();
    } else {
      const nodes = this.run.cut(this.zooms[position]);
      names[position] = count(nodes.length, "part");
      writeLevel(nodes, this.run, this.paper, (node) => this.showSource(node, "stretch"));
    }
    at("detail-name").textContent = names[position];
    at("detail").setAttribute("aria-valuetext", names[position]);
  }

  // Choose a sentence by its number, or none.
  choose(sentence) {
    this.sentence = sentence;
    const traced = this.run.result?.sentences?.[sentence - 1];
    if (!traced) return;
    if (at("detail").value !== "1") {
      at("detail").value = 1;
      this.zoom(1);
    }
    this.markChosen();
    writeTrace(traced, this.paper, (source) => this.showSource(source));
    if (NARROW.matches) at("document").scrollIntoView();
    this.map.light(traced.sources);
    this.paper.mark(traced.sources);
  }

  markChosen() {
    for (const link of at("prose").querySelectorAll("[data-sentence]")) {
      link.setAttribute("aria-current", String(Number(link.dataset.sentence) === this.sentence - 1));
    }
  }

  hover(link) {
    const sentences = this.run.result?.sentences;
    if (!sentences) return;
    const shown = link ? sentences[Number(link.dataset.sentence)] : sentences[this.sentence - 1];
    this.map.light(shown?.sources ?? []);
  }

  showSource(stretch, kind = "source") {
    this.paper.mark([stretch], { kind });
    this.map.light(kind === "source" ? [stretch] : []);
    at("pages").focus({ preventScroll: true });
    at("document").scrollIntoView({ block: "nearest" });
  }

  pick(node) {
    this.map.choose(node);
    writePart(node, this.run, this.paper, () => {
      show(at("part"), false);
      this.map.choose(null);
    });
    this.paper.mark([node], { kind: "stretch" });
    tell(node.text ?? "Not read yet.");
  }

  async cancel() {
    at("cancel").disabled = true;
    try {
      await ask(`jobs/${this.id}`, { method: "DELETE" });
    } catch (error) {
      if (error.kind !== "finished") this.complain(error);
    } finally {
      at("cancel").disabled = false;
    }
  }

  async again() {
    try {
      const job = await askJson(`jobs/${this.id}/again`, { method: "POST" });
      location.hash = job.id;
    } catch (error) {
      this.complain(error);
    }
  }

  async forget() {
    try {
      await ask(`jobs/${this.id}?forget=true`, { method: "DELETE" });
      location.hash = "";
    } catch (error) {
      this.complain(error);
    }
  }

  complain(error) {
    at("notices").append(notice("bad", error.title ?? "This did not work", error.detail ?? ""));
  }

  async copy() {
    await copy(this.run.result.summary);
    at("copy").textContent = "Copied";
    tell("Copied");
    setTimeout(() => (at("copy").textContent = "Copy"), 2000);
  }

  saveMarkdown() {
    download(fileName(this.order.name, "md"), "text/markdown", markdown(this.order, this.run.result, this.paper));
  }

  saveJson() {
    download(fileName(this.order.name, "json"), "application/json", `${JSON.stringify(this.run.result, null, 1)}\n`);
  }
}
