// Numbers, times and sizes as people say them.

const GROUPED = new Intl.NumberFormat("en");

export const number = (value) => GROUPED.format(value);

export const count = (value, one, many = `${one}s`) =>
  `${number(value)} ${value === 1 ? one : many}`;

export function duration(seconds) {
  if (seconds < 99.5) return `${Math.round(seconds)} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 100) return `${minutes} min`;
  return `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, "0")} min`;
}

export function size(bytes) {
  if (bytes < 1000) return count(bytes, "byte");
  return bytes < 1e6 ? `${Math.round(bytes / 1000)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}

// "14:05" today, "3 Nov, 14:05" on other days; `time` in seconds since 1970.
export function moment(time) {
  const then = new Date(time * 1000);
  const clock = then.toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" });
  if (then.toDateString() === new Date().toDateString()) return clock;
  return `${then.toLocaleDateString("en-GB", { day: "numeric", month: "short" })}, ${clock}`;
}

// The beginning of a text, at most so many characters, cut between words.
export function beginning(text, most) {
  const line = text
    .slice(0, most * 4)
    .replace(/[\s\p{Cc}]+/gu, " ")
    .trim();
  if (line.length <= most) return line;
  const cut = line.lastIndexOf(" ", most - 1);
  return `${line.slice(0, cut > most / 2 ? cut : most - 1).replace(/[,;:]$/, "")}…`;
}
