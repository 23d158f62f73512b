"""Opens a page in a real browser and prints as JSON what a visitor would meet: `look.py CHROMIUM PAGE FOLDER`."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, sync_playwright

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

VISITS = (("light", 1280, True), ("dark", 1280, True), ("dark", 400, True), ("light", 400, False))


def look(chromium: str, file: Path, output: Path) -> dict[str, object]:
    """Return, by the kind of visit, messages of the console, requests, violations, and by how much it is too wide."""
    found: dict[str, object] = {}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        for scheme, width, script in VISITS:
            context = browser.new_context(
                color_scheme=scheme, viewport={"width": width, "height": 900}, java_script_enabled=script
            )
            tab = context.new_page()
            said: list[str] = []
            asked: list[str] = []
            tab.on("console", lambda message, said=said: said.append(message.text))
            tab.on("pageerror", lambda error, said=said: said.append(str(error)))
            tab.on("request", lambda request, asked=asked: asked.append(request.url))
            tab.goto(file.as_uri())
            name = f"{scheme}-{width}{'' if script else '-plain'}"
            tab.screenshot(path=str(output / f"{name}.png"), full_page=True)
            wide, violations, marked = 0, [], 0
            if script:
                wide = tab.evaluate("document.documentElement.scrollWidth - innerWidth")
                tab.evaluate("for (const d of document.querySelectorAll('details')) d.open = true")
                results = Axe().run(tab)
                violations = [
                    f"{violation['id']}: {node['html'][:200]}"
                    for violation in results.response["violations"]
                    for node in violation["nodes"]
                ]
                tab.keyboard.press("Tab")
                marked = tab.evaluate("document.activeElement.className === 'skip' ? 1 : 0")
                tab.evaluate("for (const d of document.querySelectorAll('details')) d.open = false")
            shown = tab.locator("button").first.is_visible() if tab.locator("button").count() else None
            copied = _copied(tab) if shown and script else ""
            found[name] = {
                "console": said,
                "requests": [url for url in asked if not url.startswith("file:")],
                "violations": violations,
                "too_wide": wide,
                "skip_link": marked,
                "button": shown,
                "copied": copied,
                "printed": _printed(tab) if script else 0,
                "text": len(tab.locator("body").inner_text()),
            }
            context.close()
        browser.close()
    return found


def _copied(tab: Page) -> str:
    """Return what the first button says once it was pressed, by the keyboard."""
    button = tab.locator("button").first
    button.focus()
    tab.keyboard.press("Enter")
    tab.wait_for_function("document.querySelector('button').textContent !== 'Copy'")
    return button.inner_text()


def _printed(tab: Page) -> int:
    """Return how many folded blocks paper would hide; those of many pages stay folded."""
    tab.emulate_media(media="print")
    tab.evaluate("dispatchEvent(new Event('beforeprint'))")
    folded: int = tab.locator("details:not([open]):not(.bulk)").count()
    tab.evaluate("dispatchEvent(new Event('afterprint'))")
    return folded


if __name__ == "__main__":
    print(json.dumps(look(sys.argv[1], Path(sys.argv[2]).resolve(), Path(sys.argv[3]))))
