// A run as its events tell it. Folding the same events gives the same run, so a page that comes
// back is where it was.

export const keyOf = (level, start, end) => `${level}:${start}:${end}`;

export class Run {
  constructor() {
    this.phase = "queued"; // waiting, reading, merging, writing; done, failed, cancelled
    this.clear();
  }

  clear() {
    this.nodes = new Map(); // every planned call; `text` is there once it is done
    this.levels = 0;
    this.offTopic = []; // parts that hold nothing on the question, and are not read
    this.done = 0;
    this.total = null;
    this.known = 0; // calls that the cache held when the run was planned
    this.made = 0;
    this.written = 0; // tokens, of calls that were made just now
    this.began = this.last = null; // seconds since 1970, as the service has them
    this.draft = "";
    this.latest = null; // the node that was done last
    this.result = this.problem = this.wait = null;
  }

  get over() {
    return ["done", "failed", "cancelled"].includes(this.phase);
  }

  get root() {
    return [...this.nodes.values()].at(-1);
  }

  at(level) {
    return [...this.nodes.values()].filter((node) => node.level === level);
  }

  // The nodes that together are the text as a level has it: those of the level, and those below
  // it that only a higher one takes up.
  cut(level) {
    return [...this.nodes.values()]
      .filter((node) => node.level <= level && (!node.parent || node.parent.level > level))
      .sort((a, b) => a.start - b.start);
  }

  // Tokens per second and seconds left, or nulls while there is nothing to go by.
  pace(now) {
    const seconds = this.last - this.began;
    if (!this.made || seconds <= 0) return { speed: null, left: null };
    const left = ((this.total - this.done) * seconds) / this.made;
    return {
      speed: this.written / seconds,
      left: Math.max(0, left - Math.max(0, now - this.last)),
    };
  }

  apply({ name, data }) {
    this[`on_${name}`]?.(data);
  }

  on_planned(data) {
    this.clear();
    this.phase = "reading";
    this.levels = data.levels;
    this.offTopic = (data.off_topic ?? []).map(([start, end]) => ({ start, end }));
    this.total = data.total;
    this.known = data.done;
    this.began = this.last = data.at;
    const leaves = data.leaves.map(([start, end], i) => ({ level: 0, start, end, number: i + 1 }));
    const merges = data.merges.map(([level, start, end]) => ({ level, start, end }));
    number(merges);
    for (const node of [...leaves, ...merges.sort((a, b) => a.level - b.level)]) {
      this.nodes.set(keyOf(node.level, node.start, node.end), node);
    }
    adopt([...this.nodes.values()]);
  }

  on_summarized(data) {
    const node = this.nodes.get(keyOf(data.level, data.start, data.end));
    if (node) Object.assign(node, { text: data.text, cached: data.cached, standIn: data.stand_in });
    this.latest = node ?? this.latest;
    this.done = data.done;
    this.last = data.at;
    if (!data.cached) {
      this.made += 1;
      this.written += data.tokens;
    }
    if (this.phase === "reading" && this.at(0).every((leaf) => leaf.text !== undefined))
      this.phase = "merging";
  }

  on_delta(data) {
    this.phase = "writing";
    this.draft = data.restart ? data.text : this.draft + data.text;
  }

  on_finished(data) {
    this.phase = "done";
    this.result = data;
    this.done = this.total ?? 0;
  }

  on_failed(data) {
    this.phase = "failed";
    this.problem = data;
  }

  on_cancelled() {
    this.phase = "cancelled";
  }

  on_waiting(data) {
    this.phase = "waiting";
    this.wait = data;
  }
}

function number(merges) {
  const seen = {};
  for (const merge of [...merges].sort((a, b) => a.start - b.start)) {
    merge.number = seen[merge.level] = (seen[merge.level] ?? 0) + 1;
  }
}

// Give each node its parent: the lowest merge above it that covers it. `nodes` are by level.
function adopt(nodes) {
  const merges = nodes.filter((node) => node.level > 0);
  for (const node of nodes) {
    node.parent = merges.find(
      (merge) => merge.level > node.level && merge.start <= node.start && merge.end >= node.end,
    );
  }
}
