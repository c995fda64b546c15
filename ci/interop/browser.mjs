// Lets headless Chromium talk to an echo server, from whatever page that serves: `node browser.mjs http://127.0.0.1:9001/`.
import assert from "node:assert/strict";
import { launch } from "./chromium.mjs";

const url = process.argv[2];
const browser = await launch();
try {
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
    const octets = Uint8Array.from({ length: 300_000 }, (_, i) => i * 31);
    socket.send(octets);
    const received = new Uint8Array((await next("message")).data);
    const sameOctets = received.length === octets.length && received.every((octet, i) => octet === octets[i]);
    socket.close(3000, "done");
    const { code, wasClean } = await next("close");
    return { sameText, sameOctets, code, wasClean };
  });
  assert.deepEqual(result, { sameText: true, sameOctets: true, code: 3000, wasClean: true });
} finally {
  await browser.close();
}
console.log(`${url}: Chromium echoes text and octets and closes clean`);
