// Headless Chromium as a client: `chromium.mjs PORT`, as clients.py. Prints its version first.
import { createRequire } from "node:module";
import { createInterface } from "node:readline";

// From NODE_PATH.
const { chromium } = createRequire(import.meta.url)("playwright-core");
const [port] = process.argv.slice(2);

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking", "--disable-component-update",
    "--disable-sync"],
});
console.log(`version\t${browser.version()}`);
try {
  const page = await browser.newPage();
  // It says why a connection failed nowhere else.
  let reason = "";
  page.on("console", (message) => (reason = message.text()));
  await page.goto(`http://127.0.0.1:${port}/page`);
  for await (const line of createInterface({ input: process.stdin })) {
    const { id } = JSON.parse(line);
    reason = "";
    const verdict = await page.evaluate((id) => new Promise((resolve) => {
      const socket = new WebSocket(`ws://${location.host}/${id}`);
      socket.onerror = () => resolve("fail");
      socket.onopen = () => {
        resolve(socket.extensions ? "accepted" : "none");
        socket.close();
      };
    }), id);
    console.log([id, verdict, reason].join("\t"));
  }
} finally {
  await browser.close();
}
