"""The page in headless Chromium, driven by chromedriver over its own protocol (W3C WebDriver)."""

import json
import socket
import subprocess
import sys
import time
import urllib.request

url, key = sys.argv[1:]
with socket.socket() as free:
    free.bind(("127.0.0.1", 0))
    port = free.getsockname()[1]
try:
    driver = subprocess.Popen(["chromedriver", f"--port={port}"], stdout=subprocess.DEVNULL)
except FileNotFoundError:
    sys.exit("there is no chromedriver; Debian's package chromium-driver has it")
ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
ENTER, ESCAPE = "\ue007", "\ue00c"


def ask(method, path, body=None):
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", data, method=method)
    return json.load(urllib.request.urlopen(request, timeout=60))["value"]


def wait(what, test, seconds=60):
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        try:
            if found := test():
                return found
        except (OSError, KeyError):
            pass
        time.sleep(0.1)
    sys.exit(f"{what}: not within {seconds} s")


wait("chromedriver", lambda: ask("GET", "/status")["ready"])
arguments = "--headless --no-sandbox --disable-gpu --no-first-run --disable-background-networking --window-size=900,700"
capabilities = {"alwaysMatch": {
    "goog:chromeOptions": {"args": arguments.split()}, "goog:loggingPrefs": {"browser": "ALL"},
}}
session = "/session/" + ask("POST", "/session", {"capabilities": capabilities})["sessionId"]


def run(script, *values):
    return ask("POST", f"{session}/execute/sync", {"script": script, "args": list(values)})


def element(selector):
    found = ask("POST", f"{session}/element", {"using": "css selector", "value": selector})
    return f"{session}/element/{found[ELEMENT]}"


def type_in(selector, text):
    ask("POST", f"{element(selector)}/value", {"text": text})


def click(selector):
    ask("POST", f"{element(selector)}/click", {})


def answers():
    return run("return [...document.querySelectorAll('article.assistant')].map(a => a.firstChild.data)")


def idle():
    return run("return document.getElementById('stop').hidden")


def set_to(name, value):
    run("document.getElementById(arguments[0]).value = arguments[1]", name, value)


try:
    ask("POST", f"{session}/url", {"url": url})
    # The server wants a key: the page opens its settings and asks for it.
    wait("the settings", lambda: run("return document.getElementById('panel').open"))
    type_in("#key", key + ENTER)
    run("document.getElementById('key').dispatchEvent(new Event('change'))")
    wait("the model's name", lambda: run("return document.getElementById('model').textContent") == "served")
    type_in("#key", ESCAPE)
    assert not run("return document.getElementById('panel').open")
    set_to("temperature", "0")
    set_to("max_tokens", "20")
    type_in("#question", "Say <b>something</b>." + ENTER)
    wait("an answer", lambda: len(answers()) == 1 and idle())
    first = answers()[0]
    assert first, "the answer is empty"
    # What is said is text, not markup.
    assert run("return document.querySelectorAll('article b').length") == 0
    assert "20 tokens" in run("return document.querySelector('article.assistant small').textContent")
    type_in("#question", "More.")
    click("#send")
    wait("a second answer", lambda: len(answers()) == 2 and idle())
    # An answer comes piece by piece, and stops when it is asked to.
    set_to("max_tokens", "8000")
    click("#new")
    assert answers() == []
    run("""
        const talk = document.getElementById("talk");
        const watch = new MutationObserver(() => {
            if (!talk.querySelector("article.assistant")?.firstChild.data) return;
            watch.disconnect();
            document.getElementById("stop").click();
        });
        watch.observe(talk, { childList: true, subtree: true, characterData: true });
    """)
    type_in("#question", "Go on for long." + ENTER)
    wait("the stop", lambda: answers() and answers()[0] and idle())
    assert "stopped" in run("return document.querySelector('article.assistant small').textContent")
    stopped = answers()[0]
    time.sleep(0.5)
    assert answers()[0] == stopped
    # A refusal is shown, and the question comes back.
    set_to("temperature", "7")
    type_in("#question", "x" + ENTER)
    wait("a refusal", lambda: run("return document.querySelector('article.failed')?.textContent"))
    refusal = run("return document.querySelector('article.failed').textContent")
    assert "temperature" in refusal, refusal
    assert run("return document.getElementById('question').value") == "x"
    # Light and dark differ; nothing is wider than the window of a telephone.
    colour = "return getComputedStyle(document.body).backgroundColor"
    shades = set()
    for shade in ("light", "dark"):
        features = [{"name": "prefers-color-scheme", "value": shade}]
        command = {"cmd": "Emulation.setEmulatedMedia", "params": {"features": features}}
        ask("POST", f"{session}/goog/cdp/execute", command)
        shades.add(run(colour))
    assert len(shades) == 2, shades
    ask("POST", f"{session}/window/rect", {"width": 500, "height": 700})
    assert run("return document.documentElement.scrollWidth <= window.innerWidth")
    log = [entry for entry in ask("POST", f"{session}/se/log", {"type": "browser"})
           if entry["level"] == "SEVERE" and "401" not in entry["message"] and "400" not in entry["message"]]
    assert not log, log
    print(f"the page answered {first!r}")
finally:
    try:
        ask("DELETE", session)
    finally:
        driver.terminate()
