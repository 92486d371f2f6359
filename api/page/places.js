// Places in a text. The service counts characters; JavaScript counts UTF-16 units, of which some
// characters have two.

// Return a function from the service's places to JavaScript's.
export function unitsOf(text) {
  if (!/[\ud800-\udbff]/.test(text)) return (place) => place;
  const units = new Uint32Array(text.length + 1);
  let characters = 0;
  for (let i = 0; i < text.length; i += text.codePointAt(i) > 0xffff ? 2 : 1)
    units[characters++] = i;
  units.fill(text.length, characters);
  return (place) => units[Math.min(place, characters)];
}

// Cut a text into stretches [start, end] that are easily drawn: paragraphs, and where one is very
// long its parts. `cuts` are places where one must begin. Blank stretches are left out.
export function paragraphs(text, cuts = [], most = 4000) {
  const found = [];
  const ends = [...text.matchAll(/\n[^\S\n]*\n\s*/g)].map((gap) => gap.index + gap[0].length);
  const bounds = [...new Set([...ends, ...cuts, text.length])].sort((a, b) => a - b);
  let start = 0;
  for (const bound of bounds) {
    while (bound - start > most) {
      const end = softEnd(text, start, start + most);
      found.push([start, end]);
      start = end;
    }
    if (text.slice(start, bound).trim()) found.push([start, bound]);
    start = bound;
  }
  return found;
}

function softEnd(text, start, end) {
  for (const gap of ["\n", " "]) {
    const found = text.lastIndexOf(gap, end - 1);
    if (found > start + (end - start) / 2) return found + 1;
  }
  return /[\ud800-\udbff]/.test(text[end - 1]) ? end - 1 : end;
}

// Whether a paragraph's lines were broken to a width, and may be joined when it is shown.
export function isWrapped(text) {
  const lines = text.trimEnd().split("\n").slice(0, -1);
  return lines.length > 0 && lines.every((line) => line.length >= 45 && line.length <= 100);
}
