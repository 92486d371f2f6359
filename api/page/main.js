// What is shown follows the address: # is the form, #ID a job, #ID.3 its third sentence.

import { at, confirmed, show } from "./dom.js";
import { closeHome, openHome, setUpHome } from "./home.js";
import { Reading } from "./reading.js";
import { key } from "./service.js";

let reading = null;

function route() {
  const [, id, sentence] = /^#([0-9a-f]{36})(?:\.(\d+))?$/.exec(location.hash) ?? [];
  const chosen = sentence ? Number(sentence) : null;
  if (id && reading?.id === id) {
    if (chosen) reading.choose(chosen);
    return;
  }
  reading?.close();
  reading = id ? new Reading(id, chosen) : null;
  show(at("home"), !id);
  show(at("reading"), Boolean(id));
  show(at("new"), Boolean(id));
  scrollTo(0, 0);
  if (reading) {
    closeHome();
    reading.open();
  } else openHome();
}

function setUpKey() {
  document.addEventListener("key-needed", () => {
    show(at("key"), true);
    show(at("key-wrong"), Boolean(key.get()));
    if (!at("key-dialog").open) at("key-dialog").showModal();
  });
  at("key").addEventListener("click", () => at("key-dialog").showModal());
  at("key-form").addEventListener("submit", () => {
    key.set(at("key-text").value);
    location.reload();
  });
}

// The address names what is shown, so moving about within it must not change it.
function setUpMoves() {
  document.querySelector(".skip").addEventListener("click", (event) => {
    event.preventDefault();
    at("main").focus();
  });
  at("back").addEventListener("click", () => {
    at("summary").scrollIntoView();
    (document.querySelector(".sentence[aria-current='true']") ?? at("main")).focus({
      preventScroll: true,
    });
  });
}

setUpHome();
setUpMoves();
setUpKey();
confirmed(at("forget"), () => reading?.forget());
addEventListener("hashchange", route);
route();
