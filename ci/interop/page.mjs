// Uses the echo server's page as a person does, in headless Chromium: `node page.mjs http://127.0.0.1:9001/ [SCREENSHOT]`.
import assert from "node:assert/strict";
import { launch } from "./chromium.mjs";

const [url, screenshot] = process.argv.slice(2);

const browser = await launch();
try {
  const page = await browser.newPage({ viewport: { width: 900, height: 600 } });
  const text = (selector, wanted) => page.waitForFunction(
    ([selector, wanted]) => document.querySelector(selector).textContent.includes(wanted), [selector, wanted], { timeout: 10_000 });
  await page.goto(url);
  await text("#state", "OPEN");
  const message = "Grüße, 世界 😀 ".repeat(40);
  await page.fill("#text", message);
  await page.click("text=Send");
  await text("#log", message);
  await page.fill("#text", "");
  await page.click("text=Send");
  if (screenshot) await page.screenshot({ path: screenshot });
  await page.click("#close");
  await text("#log", "closed: 1000, clean");
  assert.equal(await page.textContent("#state"), "CLOSED");
} finally {
  await browser.close();
}
console.log(`${url}: Chromium opens the page, echoes text and closes clean`);
