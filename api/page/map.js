// The map of a run: the document as a strip of parts, and above it what they are merged into.

import { at, el } from "./dom.js";
import { keyOf } from "./run.js";

const DENSE = 250; // parts, from which there is no room for gaps between them

export class TreeMap {
  constructor(length, onPick) {
    this.length = length;
    this.onPick = onPick;
    this.tree = at("tree");
    this.buttons = new Map();
    this.tree.onclick = (event) => this.pick(event.target.closest("button"));
    this.tree.onkeydown = (event) => this.move(event);
  }

  // Draw every planned part, none of them read.
  plan(run) {
    this.run = run;
    this.buttons.clear();
    const used = [...run.nodes.values()].map((node) => node.level);
    const levels = [...new Set([...used, 0])].sort((a, b) => b - a);
    const rows = levels.map((level) =>
      this.row(
        level,
        run.at(level).sort((a, b) => a.start - b.start),
      ),
    );
    const offTopic = el("div", { class: "over off-topic", "aria-hidden": "true" });
    offTopic.append(...this.stretches(run.offTopic));
    this.ticks = el("div", { class: "over ticks", "aria-hidden": "true" });
    this.tree.replaceChildren(...rows, offTopic, this.ticks);
    const first = run.root && this.buttons.get(this.key(run.root));
    if (first) first.tabIndex = 0;
    for (const node of run.nodes.values()) this.update(node);
  }

  row(level, nodes) {
    const row = el("div", { class: level ? "row" : "row strip" });
    row.classList.toggle("dense", nodes.length > DENSE);
    for (const node of nodes) {
      const button = el("button", { type: "button", tabindex: "-1" });
      this.place(button, node.start, node.end);
      button.node = node;
      this.buttons.set(this.key(node), button);
      row.append(button);
    }
    return row;
  }

  key(node) {
    return keyOf(node.level, node.start, node.end);
  }

  place(element, start, end) {
    element.style.left = `${(100 * start) / this.length}%`;
    element.style.width = `${(100 * (end - start)) / this.length}%`;
  }

  stretches(places) {
    return places.map(({ start, end }) => {
      const stretch = el("i");
      this.place(stretch, start, end);
      return stretch;
    });
  }

  update(node) {
    const button = this.buttons.get(this.key(node));
    const state = stateOf(node);
    button.className = state.replace(" ", "-");
    button.setAttribute("aria-label", `${nameOf(node, this.run)}, ${state}`);
  }

  // Mark the parts that the summary says nothing of.
  missing(stretches) {
    for (const button of this.buttons.values()) {
      const { level, start, end } = button.node;
      const silent = level === 0 && stretches.some(([from, to]) => from <= start && end <= to);
      button.toggleAttribute("data-silent", silent);
      if (silent)
        button.setAttribute(
          "aria-label",
          `${button.getAttribute("aria-label")}, not in the summary`,
        );
    }
  }

  // Light up sources: their exact places, and the parts that they are in.
  light(sources) {
    this.ticks?.replaceChildren(...this.stretches(sources));
    for (const button of this.buttons.values()) {
      const { level, start, end } = button.node;
      const lit =
        level === 0 && sources.some((source) => start <= source.start && source.start < end);
      button.toggleAttribute("data-lit", lit);
    }
  }

  pick(button) {
    if (!button) return;
    this.focus(button);
    this.onPick(button.node);
  }

  choose(node) {
    for (const button of this.buttons.values())
      button.toggleAttribute("data-chosen", button.node === node);
  }

  focus(button) {
    for (const other of this.tree.querySelectorAll("button[tabindex='0']")) other.tabIndex = -1;
    button.tabIndex = 0;
    button.focus();
  }

  move(event) {
    const button = event.target.closest("button");
    const target = button && this.neighbour(button, event.key);
    if (!target) return;
    event.preventDefault();
    this.focus(target);
  }

  neighbour(button, key) {
    const { node } = button;
    const below = () => [...this.run.nodes.values()].find((other) => other.parent === node);
    switch (key) {
      case "ArrowRight":
        return button.nextElementSibling;
      case "ArrowLeft":
        return button.previousElementSibling;
      case "Home":
        return button.parentElement.firstElementChild;
      case "End":
        return button.parentElement.lastElementChild;
      case "ArrowUp":
        return node.parent && this.buttons.get(this.key(node.parent));
      case "ArrowDown":
        return node.level > 0 && this.buttons.get(this.key(below()));
      default:
        return null;
    }
  }
}

function stateOf(node) {
  if (node.text === undefined) return "not yet";
  if (node.standIn) return "stand-in";
  return node.cached ? "known" : "done";
}

export function nameOf(node, run) {
  if (node === run.root) return "The whole document";
  const of = run.at(node.level).length;
  return node.level === 0
    ? `Part ${node.number} of ${of}`
    : `Merge ${node.number} of ${of}, level ${node.level}`;
}
