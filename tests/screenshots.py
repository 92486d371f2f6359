"""Takes a picture of every state of the page: python tests/screenshots.py FOLDER.

Each at three widths, light and dark, for somebody to look at. The service is real, its model
scripted: it answers with central sentences of what it is asked about, and fails as it is told.
"""

import contextlib
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from api_service import make, serving
from browser import chromium
from playwright.sync_api import Page, expect

from api.keys import hash_key
from pipeline.errors import EmptyAnswer, ServerDown
from pipeline.testing import ScriptedModel
from pipeline.text.extract import extract

TEXT = (Path(__file__).parent.parent / "docs" / "how-it-works.md").read_text(encoding="utf-8")
WIDTHS = {"phone": 360, "tablet": 768, "desktop": 1440}
HEIGHT = 900
# What is out of sight is not drawn, but a picture of the whole page shows it.
DRAW_ALL = """for (const block of document.querySelectorAll(".block"))
    block.style.contentVisibility = "visible";
document.querySelector("#pages mark")?.scrollIntoView({ block: "center" });
scrollTo(0, 0);"""


def central(call):
    """Answer with central sentences of what was sent."""
    sources = call.user.partition("\n")[2] or call.user
    return extract(sources, lambda text: len(text.split()), min(call.max_tokens, 70))


def inventing(call):
    return f"{central(call)} It was written in 1987 by Ada Byron."


def silent_about_the_store(call):
    if "store" in call.user:
        raise EmptyAnswer("nothing")
    return central(call)


def stuck(after):
    """A delay that lets so many calls through, and holds the rest."""
    seen = iter(range(10**6))
    return lambda call: 0 if next(seen) < after else 600


@dataclass(frozen=True)
class State:
    """How the page comes to a state: what the service is like, and what is done on the page."""

    act: Callable[[Page], object]
    model: Callable[[], ScriptedModel | None] = lambda: scripted(central)
    service: tuple[tuple[str, object], ...] = ()
    whole: bool = False


def scripted(answer, **more):
    return ScriptedModel(answer, **{"context": 600, **more})


def down(name):
    raise ServerDown("nothing answers")


def send(page, text=TEXT, query=""):
    page.get_by_label("Text", exact=True).fill(text)
    page.get_by_label("Question").fill(query)
    page.get_by_role("button", name="Summarize").click()


def read(page, *, text=TEXT, query=""):
    send(page, text, query)
    expect(page.locator(".sentence").first).to_be_visible(timeout=30_000)


def choose_file(page):
    page.locator("#file").set_input_files(
        {"name": "annual report 2026.pdf", "mimeType": "application/pdf", "buffer": b"%PDF" * 90000}
    )


def recent(page):
    for text in ("Minutes of the March meeting\n" + TEXT, "Letter\nDear Ann, the boat is sold."):
        read(page, text=text)
        page.goto("/#")
        expect(page.locator("#jobs li").first).to_be_visible()


def midway(page):
    send(page, query="What is done so that nothing gets lost?")
    expect(page.locator("#tree button.done").nth(3)).to_be_visible()
    page.wait_for_timeout(1200)


def sentence(page):
    read(page, query="What is done so that nothing gets lost?")
    page.locator(".sentence").nth(1).click()


def invented(page):
    read(page)
    page.locator(".sentence").last.click()


def off_topic(page):
    read(page, query="How does Ollama cut a prompt?")


def nothing(page):
    send(page, query="Where do penguins nest?")
    expect(page.locator(".sentence").first).to_be_visible()


def level(page):
    read(page)
    page.locator("#detail").fill("3")


def part(page):
    read(page)
    page.locator("#tree .strip button").nth(3).click()


def opened(page):
    read(page)
    for name in ("silent-summary", "figures"):
        page.locator(f"#{name}").click()


def cancelled(page):
    midway(page)
    page.get_by_role("button", name="Cancel").click()
    expect(page.locator("#phase")).to_have_text("Cancelled")


def failed(page):
    page.get_by_label("Long").check(force=True)
    send(page)
    expect(page.locator("#phase")).to_have_text("Failed")


def too_long(page):
    failed(page)
    page.get_by_role("button", name="Change the length").click()
    expect(page.get_by_role("radio", name="Long")).to_be_focused()


def stand_ins(page):
    read(page)
    expect(page.locator("#notices .notice")).to_be_visible()


def waiting(page):
    send(page)
    expect(page.locator("#notices .notice")).to_be_visible()


def full(page):
    send(page)
    expect(page.locator("#phase")).not_to_be_empty()
    page.goto("/#")
    send(page)
    expect(page.get_by_role("alert")).to_be_visible()


def gone(page):
    page.goto(f"/#{'0' * 36}")
    expect(page.get_by_role("heading", name="This summary is gone")).to_be_visible()


def key(page):
    expect(page.locator("#key-dialog")).to_be_visible()


def writing(page):
    send(page)
    expect(page.locator(".draft")).to_be_visible(timeout=20_000)
    page.wait_for_timeout(800)


class Slowly(ScriptedModel):
    """Writes half of the last answer, and waits."""

    async def complete(self, system, user, *, max_tokens, attempt=0, emit=None):
        if emit is not None:
            half = central(type("Asked", (), {"user": user, "max_tokens": 60}))
            emit(half[: len(half) // 2])
            self.delay = lambda call: 600
        return await super().complete(system, user, max_tokens=max_tokens, attempt=attempt)


class Author(ScriptedModel):
    """Writes a last answer that somebody thought of, for the picture in the README."""

    async def complete(self, system, user, *, max_tokens, attempt=0, emit=None):
        if emit is not None:
            self.answer = lambda call: WRITTEN
        return await super().complete(system, user, max_tokens=max_tokens, attempt=attempt)


WRITTEN = (
    "A text that is longer than the model's window is cut into chunks; each chunk is summarized on "
    "your own machine, and the partial summaries are merged level by level. The program counts "
    "every prompt with the model's own vocabulary and compares it with what the server read, "
    "because since 2019 Ollama drops a piece of a long prompt without a word. A call that fails is "
    "sent again, then its source is cut in two, and in the end an extractive stand-in takes its "
    "place. Every finished answer is kept on disk, so that an interrupted run goes on where it "
    "was, and an edit of one paragraph needs only the calls that it touches. Each sentence of the "
    "summary points at the text that it came from."
)


def picture(page):
    page.set_viewport_size({"width": 1280, "height": 800})
    page.locator("#file").set_input_files(
        {"name": "how-it-works.md", "mimeType": "text/markdown", "buffer": TEXT.encode()}
    )
    page.get_by_role("button", name="Summarize").click()
    expect(page.locator(".sentence").nth(3)).to_be_visible(timeout=30_000)
    page.locator(".sentence").nth(2).click()


STATES = {
    "picture": State(picture, lambda: Author(central, context=600)),
    "form": State(lambda page: page.wait_for_timeout(300)),
    "form-file": State(choose_file),
    "form-recent": State(recent),
    "form-model-away": State(
        lambda page: expect(page.locator("#order .notice")).to_be_visible(),
        model=lambda: None,
        service=(("opener", down),),
    ),
    "form-queue-full": State(
        full, lambda: scripted(central, delay=stuck(0)), service=(("jobs_per_client", 1),)
    ),
    "form-too-long": State(too_long, lambda: scripted(central, context=400)),
    "form-key": State(key, service=(("api_keys", {"ann": hash_key("a")}),)),
    "reading": State(midway, lambda: scripted(central, delay=stuck(4))),
    "writing": State(writing, lambda: Slowly(central, context=600)),
    "waiting": State(waiting, lambda: None, service=(("opener", down),)),
    "cancelled": State(cancelled, lambda: scripted(central, delay=stuck(4))),
    "failed": State(failed, lambda: scripted(central, context=400)),
    "gone": State(gone),
    "done": State(read, whole=True),
    "done-sentence": State(sentence, whole=True),
    "done-invented": State(invented, lambda: scripted(inventing), whole=True),
    "done-off-topic": State(off_topic),
    "done-nothing": State(nothing, whole=True),
    "done-level": State(level),
    "done-part": State(part),
    "done-opened": State(opened, whole=True),
    "done-stand-ins": State(stand_ins, lambda: scripted(silent_about_the_store)),
}


def main(folder, *names):
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    with chromium() as browser:
        for name in names or STATES:
            take(browser, name, folder)


def take(browser, name, folder):
    state = STATES[name]
    with (
        tempfile.TemporaryDirectory() as work,
        serving(make(state.model(), Path(work), **dict(state.service))) as client,
        contextlib.closing(browser.new_context(base_url=str(client.base_url))) as context,
    ):
        page = context.new_page()
        page.goto("/")
        state.act(page)
        page.mouse.move(0, 0)
        for device, width in WIDTHS.items():
            page.set_viewport_size({"width": width, "height": HEIGHT})
            for scheme in ("light", "dark"):
                page.emulate_media(color_scheme=scheme)
                page.wait_for_timeout(500)
                if state.whole:
                    page.evaluate(DRAW_ALL)
                path = folder / f"{name}-{device}-{scheme}.png"
                page.screenshot(path=path, full_page=state.whole)


if __name__ == "__main__":
    main(*sys.argv[1:])
