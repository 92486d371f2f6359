// Elements. Every text becomes a text node: nothing that is shown is ever read as HTML.

export const at = (id) => document.getElementById(id);

// el("a", { class: "x", href: "#", onclick: f }, "text", other)
export function el(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else element.setAttribute(key, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== null));
  return element;
}

export const unseen = (text) => el("span", { class: "unseen" }, text);

export function show(element, shown) {
  element.hidden = !shown;
}

// A notice of a kind: "bad", "warn" or "plain".
export function notice(kind, title, detail, ...more) {
  return el(
    "div",
    { class: `notice ${kind}`, role: kind === "bad" ? "alert" : null },
    el("strong", {}, title),
    detail ? el("p", {}, ...withCommand(detail)) : null,
    ...more,
  );
}

// "… This brings it: ollama pull x", with the command set as code.
function withCommand(detail) {
  const [text, command] = detail.split("This brings it: ");
  return command ? [`${text}This brings it: `, el("code", {}, command)] : [detail];
}

// A button that asks once before it does what cannot be undone.
export function confirmed(button, action) {
  const asked = button.textContent;
  let timer = null;
  const reset = () => {
    timer = null;
    button.textContent = asked;
    button.classList.remove("sure");
  };
  button.addEventListener("click", () => {
    if (timer !== null) {
      clearTimeout(timer);
      reset();
      action();
      return;
    }
    button.textContent = "Really delete?";
    button.classList.add("sure");
    tell("Press again to delete");
    timer = setTimeout(reset, 4000);
  });
}

let telling = null;
// Tell screen readers what changed; the last of several that come at once.
export function tell(text) {
  clearTimeout(telling);
  telling = setTimeout(() => (at("told").textContent = text), 150);
}
