// Taking a summary along: copied, as Markdown, as JSON.

import { el } from "./dom.js";
import { count } from "./words.js";

export async function copy(text) {
  if (navigator.clipboard) {
    await navigator.clipboard.writeText(text);
    return;
  }
  // Over plain HTTP from another machine there is no clipboard but this.
  const area = el("textarea", { class: "unseen" });
  area.value = text;
  document.body.append(area);
  area.select();
  document.execCommand("copy");
  area.remove();
}

export function download(name, type, text) {
  const url = URL.createObjectURL(new Blob([text], { type }));
  const link = el("a", { href: url, download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

// A file name from a document's name and an ending.
export function fileName(name, ending) {
  const stem = name
    .replace(/\.[A-Za-z0-9]{1,5}$/, "")
    .replace(/[^\p{L}\p{N}._ -]+/gu, "_")
    .trim();
  return `${(stem || "summary").slice(0, 80)}.${ending}`;
}

export function markdown(order, result, paper) {
  const lines = [`# ${escape(order.name)}`, ""];
  if (order.query) lines.push(`*${escape(order.query)}*`, "");
  const sentences = result.sentences ?? [];
  if (sentences.length)
    lines.push(sentences.map(({ text }, i) => `${escape(text)}[^${i + 1}]`).join(" "));
  else lines.push(escape(result.summary));
  lines.push("", ...sentences.map((sentence, i) => `[^${i + 1}]: ${note(sentence, paper)}`), "");
  const { coverage } = result;
  if (coverage)
    lines.push(`${coverage.represented} of ${count(coverage.chunks, "part")} are represented.`);
  if (coverage?.missing.length) {
    lines.push("", "Nothing of:", "");
    lines.push(
      ...coverage.missing.map(([start, end]) => `- ${escape(paper.rangeOf({ start, end }))}`),
    );
  }
  lines.push("", `Summarized by ${escape(result.model)} with py-llama.`, "");
  return lines.join("\n");
}

function note({ sources, unsupported }, paper) {
  const parts = sources.map(
    (source) => `${escape(paper.nameOf(source))}: “${escape(paper.excerpt(source))}”`,
  );
  if (!parts.length) parts.push("no source found");
  if (unsupported.length) parts.push(`not in the text: ${escape(unsupported.join(", "))}`);
  return parts.join("; ");
}

// Nothing of a text may become markup.
function escape(text) {
  return text.replace(/\s+/g, " ").replace(/[\\`*_{}[\]<>#|!&~]/g, "\\$&");
}
