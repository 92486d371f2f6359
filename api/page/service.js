// Asking the service. What goes wrong is a Problem, in the service's own words.

const TYPE = "urn:py-llama:problem:";
const KEY = "py-llama-key";
const RETRY_MS = [500, 1000, 2000, 4000];

export class Problem extends Error {
  constructor({ type = "", title, detail = "", status = 0, errors = [] }, wait = null) {
    super(title);
    this.kind = type.replace(TYPE, "");
    this.title = title;
    this.detail = [detail, ...errors.map((error) => `${error.pointer}: ${error.detail}`)]
      .filter((part, i) => part && !(i === 0 && errors.length))
      .join(" ");
    this.status = status;
    this.wait = wait; // seconds after which to try again
  }
}

const AWAY = {
  title: "The service does not answer",
  detail: "It may be restarting. Nothing is lost: jobs go on where they were.",
};

export const key = {
  get: () => sessionStorage.getItem(KEY),
  set: (value) => sessionStorage.setItem(KEY, value),
};

export async function ask(path, { headers = {}, ...options } = {}) {
  const known = key.get();
  const sent = known ? { Authorization: `Bearer ${known}`, ...headers } : headers;
  let answer;
  try {
    answer = await fetch(path, { ...options, headers: sent });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Problem(AWAY);
  }
  if (answer.ok) return answer;
  if (answer.status === 401) document.dispatchEvent(new Event("key-needed"));
  const wait = Number(answer.headers.get("Retry-After")) || null;
  throw new Problem(await body(answer), wait);
}

async function body(answer) {
  try {
    return await answer.json();
  } catch {
    return {
      title: "The service failed",
      detail: `It answered with status ${answer.status}.`,
      status: answer.status,
    };
  }
}

export const askJson = async (path, options) => (await ask(path, options)).json();

// The events of a job from its beginning: {name, data}. A lost connection is taken up where it
// broke; meanwhile there is an event "away", and "back" after it.
export async function* jobEvents(id, signal) {
  let last = 0;
  let failures = 0;
  while (!signal.aborted) {
    try {
      const headers = last ? { "Last-Event-ID": String(last) } : {};
      const answer = await ask(`jobs/${id}/events`, { headers, signal });
      if (failures) yield { name: "back" };
      failures = 0;
      for await (const event of parsed(answer.body)) {
        last = event.id;
        yield event;
        if (["finished", "failed", "cancelled"].includes(event.name)) return;
      }
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof Problem && error.status && error.status < 500 && error.status !== 429)
        throw error;
      failures += 1;
      if (failures > 1) yield { name: "away" };
    }
    await pause(RETRY_MS[Math.min(failures, RETRY_MS.length - 1)], signal);
  }
}

async function* parsed(stream) {
  let rest = "";
  let event = {};
  for await (const text of texts(stream)) {
    const lines = (rest + text).split(/\r?\n/);
    rest = lines.pop();
    for (const line of lines) {
      if (!line) {
        if (event.event) yield { id: event.id, name: event.event, data: JSON.parse(event.data) };
        event = {};
      } else if (!line.startsWith(":")) {
        const colon = line.indexOf(": ");
        event[line.slice(0, colon)] = line.slice(colon + 2);
      }
    }
  }
}

async function* texts(stream) {
  const reader = stream.pipeThrough(new TextDecoderStream()).getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    yield value;
  }
}

function pause(milliseconds, signal) {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    signal.addEventListener("abort", () => (clearTimeout(timer), resolve()), { once: true });
  });
}
