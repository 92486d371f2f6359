// The document beside its summary. Blocks out of sight are not laid out (content-visibility), so
// that a book scrolls as smoothly as a letter.

import { at, el } from "./dom.js";
import { isWrapped, paragraphs, unitsOf } from "./places.js";
import { count, number } from "./words.js";

const BLOCK = 2500; // characters, from which a block is full
const SETTLING = 10; // frames in which blocks that come into sight may still change their size
const MARKED_APART = 400; // characters between two times that are worth a label

export class Paper {
  constructor(order) {
    this.text = order.text;
    this.units = unitsOf(order.text);
    this.marks = (order.marks ?? []).map((mark) => ({ ...mark, at: this.units(mark.start) }));
    this.labels = labelled(this.marks);
    this.parts = paragraphs(this.text, [...this.labels.keys()]).map(([start, end]) => ({
      start,
      end,
    }));
    this.shown = [];
    this.pages = at("pages");
    this.draw();
  }

  draw() {
    const blocks = [];
    let block = null;
    let left = 0;
    for (const part of this.parts) {
      if (left <= 0) {
        block = el("div", { class: "block" });
        blocks.push(block);
        left = BLOCK;
      }
      const label = this.labels.get(part.start);
      if (label) block.append(el("p", { class: "place" }, label));
      part.element = el("p", {}, this.text.slice(part.start, part.end).trimEnd());
      part.element.classList.toggle("flow", isWrapped(part.element.textContent));
      block.append(part.element);
      left -= part.end - part.start;
    }
    this.pages.replaceChildren(...blocks);
    this.pages.scrollTop = 0;
    const words = this.text.match(/\S+/g)?.length ?? 0;
    at("size").textContent = `${count(words, "word")}`;
  }

  // Mark stretches (in the service's places), and scroll to the first.
  mark(stretches, { scroll = true, kind = "source" } = {}) {
    const ranges = stretches.map(({ start, end }) => [this.units(start), this.units(end)]);
    const touched = this.parts.filter((part) =>
      ranges.some(([start, end]) => start < part.end && part.start < end),
    );
    for (const part of this.shown)
      part.element.replaceChildren(this.text.slice(part.start, part.end).trimEnd());
    for (const part of touched) this.fill(part, ranges, kind);
    this.shown = touched;
    if (scroll && ranges.length) this.scrollTo(ranges[0][0]);
  }

  fill(part, ranges, kind) {
    const shown = this.text.slice(part.start, part.end).trimEnd();
    const end = part.start + shown.length;
    const pieces = [];
    let place = part.start;
    for (const [from, to] of ranges
      .filter(([from, to]) => from < end && part.start < to)
      .sort((a, b) => a[0] - b[0])) {
      const start = Math.max(from, place);
      const stop = Math.min(to, end);
      if (start >= stop) continue;
      pieces.push(this.text.slice(place, start));
      pieces.push(el("mark", { class: kind }, this.text.slice(start, stop)));
      place = stop;
    }
    part.element.replaceChildren(...pieces, this.text.slice(place, end));
  }

  scrollTo(place) {
    const part = this.parts.find((part) => place < part.end);
    if (!part) return;
    const target = part.element.querySelector("mark") ?? part.element;
    const centre = (frames) => {
      const box = this.pages.getBoundingClientRect();
      const top = target.getBoundingClientRect().top - box.top;
      this.pages.scrollTop += top - box.height / 3;
      // What comes into sight is measured only then, and may move the rest.
      if (frames) requestAnimationFrame(() => centre(frames - 1));
    };
    centre(SETTLING);
  }

  // What people call a stretch: "page 3", or its characters.
  nameOf({ start, end, mark }) {
    return mark ?? this.placeOf(start) ?? `characters ${number(start)} to ${number(end)}`;
  }

  // The same of a stretch that may be long: "page 3 to page 5".
  rangeOf({ start, end }) {
    const [first, last] = [this.placeOf(start), this.placeOf(end - 1)];
    return first && first !== last ? `${first} to ${last}` : this.nameOf({ start, end });
  }

  placeOf(start) {
    const before = this.marks.filter((mark) => mark.start <= start);
    for (const kind of ["time", "page", "heading"]) {
      const last = before.findLast((mark) => mark.kind === kind);
      if (last) return last.label;
    }
    return null;
  }

  // How a stretch begins, below the heading that names it.
  opening({ start, end }) {
    const text = this.excerpt({ start, end: Math.min(end, start + 600) }).replace(/^#+ /, "");
    const name = this.placeOf(start);
    return name && text.startsWith(`${name} `) ? text.slice(name.length + 1) : text;
  }

  excerpt({ start, end }) {
    return this.text.slice(this.units(start), this.units(end)).replace(/\s+/g, " ").trim();
  }
}

// Where to write labels: pages, and times that are some way apart. A heading is in the text.
function labelled(marks) {
  const labels = new Map();
  let last = -Infinity;
  for (const mark of marks) {
    if (mark.kind === "heading" || (mark.kind === "time" && mark.at - last < MARKED_APART))
      continue;
    labels.set(mark.at, mark.label);
    last = mark.at;
  }
  return labels;
}
