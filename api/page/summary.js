// The summary: sentences that lead to their sources, and the partial summaries below it.

import { at, el, show, tell, unseen } from "./dom.js";
import { nameOf } from "./map.js";
import { beginning, count, duration, number } from "./words.js";

const LAST_WORDS_MS = 1500;

// Write a finished summary: each sentence a link that shows its sources.
export function writeSummary(result, id) {
  const pieces = [];
  let rest = result.summary;
  (result.sentences ?? []).forEach((sentence, i) => {
    const found = Math.max(rest.indexOf(sentence.text), 0);
    pieces.push(rest.slice(0, found), sentenceLink(sentence, `#${id}.${i + 1}`, i));
    rest = rest.slice(found + sentence.text.length);
  });
  at("prose").replaceChildren(el("p", {}, ...pieces, rest));
  at("summary-title").textContent = result.named === "key passages" ? "Key passages" : "Summary";
}

function sentenceLink(sentence, href, i) {
  const link = el(
    "a",
    { class: "sentence", href, "data-sentence": i },
    ...withUnsupported(sentence),
  );
  link.classList.toggle("unsourced", sentence.sources.length === 0);
  if (sentence.unsupported.length)
    link.append(unseen(` (not in the text: ${sentence.unsupported.join(", ")})`));
  return link;
}

// The sentence's text with the facts marked that the document does not hold.
function withUnsupported({ text, unsupported }) {
  const pieces = [];
  let rest = text;
  for (const fact of [...unsupported].sort((a, b) => text.indexOf(a) - text.indexOf(b))) {
    const found = rest.indexOf(fact);
    if (found < 0) continue;
    pieces.push(
      rest.slice(0, found),
      el("mark", { class: "unsupported", title: "Not in the text" }, fact),
    );
    rest = rest.slice(found + fact.length);
  }
  return [...pieces, rest];
}

// Show where a sentence comes from; each source is a button that shows it in the document.
export function writeTrace(sentence, paper, onSource) {
  const { sources, unsupported } = sentence;
  const press = (button, source) => {
    for (const other of at("trace").querySelectorAll("button"))
      other.setAttribute("aria-pressed", String(other === button));
    onSource(source);
  };
  const items = sources.map((source, i) =>
    el(
      "li",
      {},
      el(
        "button",
        {
          type: "button",
          class: "chip",
          "aria-pressed": String(i === 0),
          onclick: (event) => press(event.currentTarget, source),
        },
        el("span", { class: "where" }, paper.nameOf(source)),
        el(
          "span",
          { class: "muted" },
          unseen(", "),
          `${Math.round(source.score * 100)} %`,
          unseen(" of the sentence's words"),
        ),
      ),
    ),
  );
  at("trace").replaceChildren(
    el(
      "h3",
      {},
      sources.length
        ? "The chosen sentence shares its words with"
        : "No source was found for the chosen sentence",
    ),
    el("ol", {}, ...items),
    unsupported.length
      ? el("p", { class: "warned" }, "Not in the text: ", el("strong", {}, unsupported.join(", ")))
      : "",
  );
  show(at("trace"), true);
  tell(
    sources.length
      ? `${count(sources.length, "source")}: ${sources.map((source) => paper.nameOf(source)).join("; ")}`
      : "No source was found",
  );
}

// The stretches that the summary says nothing of.
export function writeSilent(coverage, paper, onSource) {
  const missing = coverage?.missing ?? [];
  show(at("silent"), missing.length > 0);
  if (!missing.length) return;
  const silent = coverage.chunks - coverage.represented;
  at("silent-summary").textContent =
    `The summary says nothing of ${silent} of ${count(coverage.chunks, "part")}`;
  at("silent-list").replaceChildren(
    ...missing.map(([start, end]) =>
      el(
        "li",
        {},
        el(
          "button",
          { type: "button", class: "source-link", onclick: () => onSource({ start, end }) },
          el("span", { class: "where" }, paper.rangeOf({ start, end })),
          el("q", {}, beginning(paper.opening({ start, end }), 90)),
        ),
      ),
    ),
  );
}

// Write a level of the tree: its parts, each under its name.
export function writeLevel(nodes, run, paper, onNode) {
  at("prose").replaceChildren(
    ...nodes.map((node) =>
      el(
        "section",
        { class: "level-part" },
        el(
          "h3",
          {},
          el(
            "button",
            { type: "button", class: "where", onclick: () => onNode(node) },
            `${nameOf(node, run)} · ${paper.nameOf(node)}`,
          ),
        ),
        el("p", {}, node.text ?? "Not read yet."),
      ),
    ),
  );
}

// Show what was made of one node, above the summary.
export function writePart(node, run, paper, onClose) {
  const part = at("part");
  part.replaceChildren(
    el(
      "div",
      { class: "part-head" },
      el("h3", {}, `${nameOf(node, run)} · ${paper.nameOf(node)}`),
      el("button", { type: "button", class: "quiet", onclick: onClose }, "Close"),
    ),
    el("p", {}, node.text ?? "Not read yet."),
    node.standIn
      ? el(
          "p",
          { class: "warned" },
          "The model gave no usable answer here; these are the text's own sentences.",
        )
      : "",
  );
  show(part, true);
}

// How much of the text was not read because it shares no word with the question.
function passedOver({ input, read }) {
  const characters = read.off_topic.reduce((sum, [start, end]) => sum + end - start, 0);
  const share = Math.round((characters / input.characters) * 100);
  return characters ? [["Passed over", `${share} % of the text: it has no word of the question`]] : [];
}

// Sentences of answers that were not passed on. Results of old versions do not name them.
function leftOut({ left_out: sentences = [] }) {
  const said = `${count(sentences.length, "sentence")} of the model, with facts that the text lacks`;
  return sentences.length ? [["Left out", said]] : [];
}

export function writeFigures(result) {
  const { calls, read, usage } = result;
  const planned = calls.map + calls.merge;
  const rows = [
    ["Model", result.model],
    [
      "Document",
      `${number(result.input.characters)} characters, ${number(result.input.tokens)} tokens`,
    ],
    ["Read", `${Math.round(read.share * 100)} % of the text, by the model`],
    ...passedOver(result),
    [
      "Calls",
      `${number(planned)} planned: ${number(calls.map)} to read, ${number(calls.merge)} to merge`,
    ],
    ["Made before", `${number(calls.cached)} of them were in the cache`],
    ["Asked again", number(calls.retry)],
    ["Confirmed", `${number(read.verified)} prompts, by the model server, token for token`],
    ["Tokens", `${number(usage.prompt_tokens)} read, ${number(usage.output_tokens)} written`],
    ...leftOut(result),
    ["Time", duration(result.seconds)],
    ...result.warnings.map((warning) => ["Note", warning]),
  ];
  at("figures-list").replaceChildren(
    ...rows.flatMap(([name, value]) => [el("dt", {}, name), el("dd", {}, value)]),
  );
  show(at("figures"), true);
}

// Words as they are written: shown evenly, though they arrive in bursts.
export class Draft {
  constructor() {
    this.text = "";
    this.shown = 0;
    this.frame = null;
    this.element = el("p", { class: "draft" });
    this.still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  }

  write(text) {
    if (!text.startsWith(this.text.slice(0, this.shown))) this.shown = 0;
    this.text = text;
    if (!this.element.isConnected) at("prose").replaceChildren(this.element);
    if (this.still) this.shown = text.length;
    this.frame ??= requestAnimationFrame(() => this.step());
  }

  step() {
    this.frame = null;
    const left = this.text.length - this.shown;
    this.shown += Math.min(left, Math.max(1, Math.ceil(left / 40)));
    const end = this.shown < this.text.length ? this.text.lastIndexOf(" ", this.shown) : this.shown;
    this.element.textContent = this.text.slice(0, Math.max(end, 0));
    if (this.shown < this.text.length && this.element.isConnected) {
      this.frame = requestAnimationFrame(() => this.step());
    }
  }

  // The last words are shown if that is soon; a slow machine draws few frames.
  async finish() {
    const latest = performance.now() + LAST_WORDS_MS;
    while (this.frame !== null && this.element.isConnected && performance.now() < latest)
      await new Promise(requestAnimationFrame);
  }
}
