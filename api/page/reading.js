// One job: its document, watched while it is read, and its summary.

import { at, el, notice, show, tell } from "./dom.js";
import { changeOrder } from "./home.js";
import { TreeMap } from "./map.js";
import { Paper } from "./paper.js";
import { Run } from "./run.js";
import { copy, download, fileName, markdown } from "./save.js";
import { Problem, ask, askJson, jobEvents } from "./service.js";
import {
  PHASES,
  countsOf,
  writeLatest,
  writeLegend,
  writeNothingYet,
  writeNotices,
} from "./status.js";
import {
  Draft,
  writeFigures,
  writeLevel,
  writePart,
  writeSilent,
  writeSummary,
  writeTrace,
} from "./summary.js";
import { count } from "./words.js";

const TOO_LONG = "urn:py-llama:problem:summary-too-long";
const NARROW = matchMedia("(max-width: 61.99rem)"); // where the document is below the summary

export class Reading {
  constructor(id, sentence) {
    this.id = id;
    this.sentence = sentence; // its number, from 1; null where none is chosen
    this.run = new Run();
    this.draft = new Draft();
    this.stop = new AbortController();
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
    for (const id of [
      "map",
      "zoom",
      "part",
      "trace",
      "silent",
      "figures",
      "question",
      "saving",
      "cancel",
      "again",
      "forget",
    ])
      show(at(id), false);
    for (const id of ["notices", "prose", "pages", "tree"]) at(id).replaceChildren();
    for (const id of ["title", "phase", "size", "counts"]) at(id).textContent = "";
    document.querySelector(".columns").hidden = true;
  }

  fail(error) {
    if (!(error instanceof Problem)) throw error;
    const gone = error.kind === "not-found";
    at("title").textContent = gone ? "This summary is gone" : "This cannot be shown";
    const said = gone
      ? notice(
          "plain",
          "It was deleted, or has expired",
          "Finished ones are kept for a day unless the service is told otherwise.",
        )
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
    at("prose").onpointerover = at("prose").onfocusin = (event) =>
      this.hover(event.target.closest("[data-sentence]"));
    at("prose").onclick = (event) => this.chooseAgain(event.target.closest(".sentence"));
    at("prose").onpointerleave = at("prose").onfocusout = () => this.hover(null);
    this.timer = setInterval(() => this.count(), 1000);
    this.phase();
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
    if (!this.run.draft) writeLatest(this.run, this.paper);
  }

  after_delta() {
    this.draft.write(this.run.draft);
  }

  async after_finished(result) {
    await this.draft.finish();
    if (this.stop.signal.aborted) return;
    writeFigures(result);
    const asked = this.run.nodes.size > 0; // nothing is, where no part is on the question
    writeSilent(asked ? result.coverage : null, this.paper, (stretch) => this.showSource(stretch, "silent"));
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
    show(at("back"), run.phase === "done");
    this.offerAgain();
    show(at("forget"), run.over);
    at("summary-title").textContent = ["writing", "done", "failed"].includes(run.phase)
      ? "Summary"
      : "So far";
    if (run.over) clearInterval(this.timer);
    if (run.phase !== "done" && run.phase !== "writing") {
      if (!run.latest) writeNothingYet(run);
      else if (run.over) writeLatest(run, this.paper);
    }
    this.notices();
    writeLegend(run);
  }

  notices() {
    const onSource = (stretch) => this.showSource(stretch, "silent");
    writeNotices(this.run, { away: this.away, paper: this.paper, onSource });
  }

  count() {
    if (this.run.total !== null) at("counts").textContent = countsOf(this.run);
  }

  // The reader's doing ---------------------------------------------------------------------------

  // Zoom positions: 0 a line, 1 the summary, then the levels of the tree from the top down.
  get zooms() {
    const levels = [...new Set([...this.run.nodes.values()].map((node) => node.level))].sort(
      (a, b) => b - a,
    );
    return [null, levels[0], ...levels.slice(1)];
  }

  setZoom() {
    at("detail").max = this.zooms.length - 1;
    at("detail").value = 1;
    show(at("zoom"), this.run.nodes.size > 0);
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

  // The address does not change then, so nothing else would show its sources again.
  chooseAgain(link) {
    if (link?.hash === location.hash) this.choose(Number(link.dataset.sentence) + 1);
  }

  markChosen() {
    for (const link of at("prose").querySelectorAll("[data-sentence]")) {
      link.setAttribute(
        "aria-current",
        String(Number(link.dataset.sentence) === this.sentence - 1),
      );
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

  // What failed for its length fails again, until that is changed.
  offerAgain() {
    const { phase, problem } = this.run;
    const tooLong = problem?.type === TOO_LONG;
    at("again").textContent = tooLong ? "Change the length" : "Try again";
    at("again").onclick = () =>
      tooLong ? changeOrder(this.id, this.order, problem) : this.again();
    show(at("again"), phase === "failed" || phase === "cancelled");
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
    download(
      fileName(this.order.name, "md"),
      "text/markdown",
      markdown(this.order, this.run.result, this.paper),
    );
  }

  saveJson() {
    download(
      fileName(this.order.name, "json"),
      "application/json",
      `${JSON.stringify(this.run.result, null, 1)}\n`,
    );
  }
}
