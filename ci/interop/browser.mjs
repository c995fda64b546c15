// Lets headless Chromium talk to an echo server, from the page that it serves; with the name of a picture to take, uses the example
// echo_server's page as a person does: `node browser.mjs http://127.0.0.1:9001/ [SCREENSHOT]`.
import assert from "node:assert/strict";
import { createRequire } from "node:module";

// From NODE_PATH.
const { chromium } = createRequire(import.meta.url)("playwright-core");
const [url, screenshot] = process.argv.slice(2);

const echo = async (browser) => {
  const page = await browser.newPage();
  await page.goto(url);
  const result = await page.evaluate(async () => {
    const socket = new WebSocket(`ws://${location.host}/`);
    socket.binaryType = "arraybuffer";
    const next = (name) => new Promise((resolve, reject) => {
      socket.addEventListener(name, resolve, { once: true });
      socket.addEventListener("error", reject, { once: true });
    });
    await next("open");
    const text = "Grüße, 世界 😀 ".repeat(10_000);
    socket.send(text);
    const sameText = (await next("message")).data === text;
    const bytes = Uint8Array.from({ length: 300_000 }, (_, i) => i * 31);
    socket.send(bytes);
    const received = new Uint8Array((await next("message")).data);
    const sameBytes = received.length === bytes.length && received.every((byte, i) => byte === bytes[i]);
    socket.close(3000, "done");
    const { code, wasClean } = await next("close");
    return { sameText, sameBytes, code, wasClean };
  });
  assert.deepEqual(result, { sameText: true, sameBytes: true, code: 3000, wasClean: true });
  console.log(`${url}: Chromium echoes text and bytes and closes clean`);
};

const usePage = async (browser) => {
  // A time zone and a scheme of its own, so that the picture is the same everywhere.
  const page = await browser.newPage({ viewport: { width: 900, height: 960 }, colorScheme: "light", timezoneId: "UTC" });
  const problems = [];
  page.on("pageerror", (error) => problems.push(String(error)));
  page.on("console", (message) => message.type() === "error" && problems.push(message.text()));
  page.on("request", (request) => new URL(request.url()).origin === new URL(url).origin || problems.push(request.url()));
  // What the page shows is watched from its first byte on: CONNECTING and CLOSING are short.
  await page.addInitScript(() => {
    window.states = [];
    document.addEventListener("DOMContentLoaded", () => {
      const state = document.querySelector("#state");
      const note = () => window.states.at(-1) !== state.textContent && window.states.push(state.textContent);
      new MutationObserver(note).observe(state, { childList: true, characterData: true, subtree: true });
      note();
    });
  });
  const shows = (selector, pattern, timeout = 10_000) => page.waitForFunction(
    ([selector, source]) => new RegExp(source, "su").test(document.querySelector(selector)?.textContent ?? ""),
    [selector, pattern.source], { timeout });
  const number = async (selector) => Number((await page.textContent(selector)).replaceAll(/[^0-9.]/g, ""));

  await page.goto(url);
  await shows("#state", /^OPEN$/);

  // Text comes back the same, with its latency; so does the empty message.
  const message = "Grüße, мир, 5 € 😀 ".repeat(40);
  await page.fill("#text", message);
  await page.click("text=Send");
  await shows("#log li:nth-child(1)", /Grüße, мир, 5 € 😀 .*bytes, came back the same.*[0-9.]+ ms/);
  assert.ok((await page.textContent("#log li:nth-child(1)")).includes(message));
  await page.fill("#text", "");
  await page.press("#text", "Enter");
  await shows("#log li:nth-child(2)", /empty message.*0 bytes, came back the same.*ms/);

  // So does a file.
  const bytes = Buffer.from(Array.from({ length: 3 << 20 }, (_, place) => (place * 31) & 255));
  await page.setInputFiles("#file", [{ name: "bytes.bin", mimeType: "application/octet-stream", buffer: bytes }]);
  await shows("#log li:nth-child(3)", /bytes\.bin.*3.145.728 bytes, came back the same.*ms.*MB\/s/);
  await page.fill("#text", "Hello, sansocket");
  await page.click("text=Send");
  await shows("#log li:nth-child(4)", /Hello, sansocket.*16 bytes, came back the same/);

  // Both heartbeats are measured; the Ping goes out every five seconds.
  await shows("#page-beat", /^[0-9.]+ ms$/);
  await shows("#server-beat", /^[0-9.]+ ms$/, 15_000);

  // All three clocks tick and count; the pushed one takes far fewer bytes of headers for it.
  const ways = ["short", "long", "push"];
  const read = async (way) => ({
    time: await page.textContent(`#${way} time`),
    requests: await number(`#${way} .requests`),
    bytes: await number(`#${way} .bytes`),
    staleness: await number(`#${way} .staleness`),
  });
  const before = await Promise.all(ways.map(read));
  await shows("#short .requests", /^(?:1[2-9]|[2-9][0-9])$/, 30_000);
  const after = await Promise.all(ways.map(read));
  for (const [place, way] of ways.entries()) {
    assert.match(after[place].time, /^\d\d:\d\d:\d\d$/, way);
    assert.notEqual(after[place].time, before[place].time, `${way} ticks`);
    assert.ok(after[place].bytes > before[place].bytes, `${way} counts bytes`);
  }
  const [short, long, push] = after;
  assert.ok(short.requests >= 12 && long.requests >= 10, "polls are requests");
  assert.equal(push.requests, 1);
  assert.ok(push.bytes * 5 < short.bytes && push.bytes * 4 < long.bytes, `header bytes: ${JSON.stringify(after)}`);
  assert.ok(push.staleness < 500 && short.staleness < 2000, `staleness: ${JSON.stringify(after)}`);
  await page.screenshot({ path: screenshot, fullPage: true });

  // Closing, and a second connection.
  await page.click("#toggle");
  await shows("#state", /^CLOSED$/);
  await shows("#log", /Closed clean: 1000/);
  assert.ok(await page.isDisabled("#send"));
  await page.click("text=Open again");
  await shows("#state", /^OPEN$/);
  const states = await page.evaluate(() => window.states);
  // The first state may have passed before the first look.
  assert.deepEqual(states.slice(states.indexOf("OPEN")), ["OPEN", "CLOSING", "CLOSED", "CONNECTING", "OPEN"]);

  // On a phone nothing is wider than the screen.
  await page.setViewportSize({ width: 360, height: 740 });
  assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), "fits a phone");
  assert.deepEqual(problems, []);
  console.log(`${url}: after ${short.requests} s header bytes are ${short.bytes} by short polling, ${long.bytes} by long polling, ${push.bytes} pushed`);
  console.log(`${url}: Chromium uses the page: states, text, a file, heartbeats, three clocks, closing`);
};

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
});
try {
  await echo(browser);
  if (screenshot) await usePage(browser);
} finally {
  await browser.close();
}
