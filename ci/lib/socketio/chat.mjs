// Headless Chromium, and clients for the terminal, in the chat: node chat.mjs [--pictures FOLDER] PROGRAM [CLIENT]...
//
// PROGRAM is the example chat of socketio/; it is started, stopped, killed and started anew here. CLIENTs are programs that take its address and a name, say
// what comes on their input and print what they hear.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";

// From NODE_PATH.
const { chromium } = createRequire(import.meta.url)("playwright-core");
const args = process.argv.slice(2);
const pictures = args[0] === "--pictures" ? args.splice(0, 2)[1] : undefined;
const [program, ...clients] = args;
const folder = mkdtempSync(join(tmpdir(), "chat-"));
const processes = new Set();

const HOSTILE = `<img src=x onerror="document.title='hit'"> & "Grüße", 世界 😀`;

// An image, as a person would have one.
async function draw(page) {
  const address = await page.evaluate(() => {
    const canvas = Object.assign(document.createElement("canvas"), { width: 240, height: 120 });
    const context = canvas.getContext("2d");
    for (const [place, color] of ["#0b7a75", "#5fc9bd", "#e8c170", "#b3402a"].entries()) {
      context.fillStyle = color;
      context.fillRect(place * 60, 0, 60, 120);
    }
    return canvas.toDataURL();
  });
  return { name: "stripes.png", mimeType: "image/png", buffer: Buffer.from(address.split(",")[1], "base64") };
}

// Starts a program; `next` waits for a line that it prints, and `end` for its end.
function run(command, parameters) {
  const child = spawn(command, parameters, { stdio: ["pipe", "pipe", "inherit"] });
  processes.add(child);
  child.once("exit", () => processes.delete(child));
  let text = "";
  child.stdout.setEncoding("utf8").on("data", (more) => { text += more; });
  const next = async (pattern) => {
    for (const end = Date.now() + 10_000; !pattern.test(text);) {
      assert.equal(child.exitCode, null, `${command} has ended`);
      assert.ok(Date.now() < end, `${command} has not printed ${pattern}, but:\n${text}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    return pattern.exec(text);
  };
  const end = async (signal) => {
    if (signal) child.kill(signal);
    if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
    return child.exitCode ?? child.signalCode;
  };
  return { child, next, end, say: (line) => child.stdin.write(`${line}\n`) };
}

async function serve(port = 0) {
  const server = run(program, ["--listen", `127.0.0.1:${port}`]);
  server.port = Number((await server.next(/http:\/\/127\.0\.0\.1:(\d+)\//))[1]);
  return server;
}

// A person at a page.
class Person {
  static async open(browser, url, name, options = {}) {
    const person = new Person();
    person.name = name;
    person.problems = [];
    person.page = await browser.newPage({ viewport: { width: 880, height: 600 }, locale: "en-GB", timezoneId: "UTC", ...options });
    person.page.setDefaultTimeout(10_000);
    person.page.on("pageerror", (error) => person.problems.push(String(error)));
    person.page.on("console", (message) => message.type() === "error" && person.problems.push(message.text()));
    person.page.on("request", (request) => {
      const { origin, protocol } = new URL(request.url());
      if (protocol !== "blob:" && protocol !== "data:" && origin !== new URL(url).origin) person.problems.push(request.url());
    });
    // The transports that the page has shown, from its first byte on: polling is short.
    await person.page.addInitScript(() => {
      window.transports = [];
      const note = () => {
        const name = document.querySelector("#transports .current")?.dataset.transport ?? "none";
        if (window.transports.at(-1) !== name) window.transports.push(name);
      };
      document.addEventListener("DOMContentLoaded", () => {
        new MutationObserver(note).observe(document.querySelector("#transports"), { attributes: true, subtree: true });
        note();
      });
    });
    await person.page.goto(url);
    return person;
  }

  async enter(name = this.name) {
    await this.page.fill("#name", name);
    await this.page.click("text=Enter");
  }

  // Waits until an element shows a text.
  async shows(selector, pattern) {
    const texts = ([selector, source]) => {
      const texts = [...document.querySelectorAll(selector)].map((element) => element.textContent);
      return source === undefined ? texts : texts.some((text) => new RegExp(source, "su").test(text));
    };
    try {
      await this.page.waitForFunction(texts, [selector, pattern.source]);
    } catch {
      throw new Error(`${this.name}: ${selector} does not show ${pattern}, but ${JSON.stringify(await this.page.evaluate(texts, [selector]))}`);
    }
  }

  async isConnected() {
    await this.shows("#state", /^connected as /);
    await this.shows("#transports .current", /^WebSocket after \d+ ms$/);
  }

  async join(room) {
    await this.page.fill("#room-name", room);
    await this.page.press("#room-name", "Enter");
    await this.shows("#room", new RegExp(`^${room}$`));
  }

  async say(text) {
    await this.page.fill("#text", text);
    await this.page.press("#text", "Enter");
  }

  // What the room that is shown has, of others and own.
  hears(pattern) {
    return this.shows("#logs ol:not([hidden]) li:not(.own)", pattern);
  }

  marks(pattern) {
    return this.shows("#logs ol:not([hidden]) li:nth-last-child(1 of .own)", pattern);
  }

  async picture(name) {
    if (pictures) await this.page.screenshot({ path: join(pictures, `chat-${name}.png`) });
  }
}

async function enter(ann, bob, url) {
  await ann.picture("door");
  await ann.enter();
  await ann.isConnected();
  await ann.shows("#transports", /HTTP polling after \d+ ms/);
  assert.deepEqual(await ann.page.evaluate(() => window.transports), ["none", "polling", "websocket"]);
  await ann.shows("#room", /^lobby$/);
  await ann.shows("#members", /nobody else/);

  // A name that is taken is refused, and another one will do.
  await bob.enter("Ann");
  await bob.shows("#refusal", /taken/);
  await bob.enter();
  await bob.isConnected();
  // The client ends a refused connection in the middle of its upgrade, and the poll beside may come too late.
  bob.problems = bob.problems.filter((problem) => !/WebSocket is closed before|status of 400/.test(problem));
  await bob.shows("#members", /ann/);
  await ann.hears(/bob.* has joined/);
  await ann.shows("#members", /bob/);
  console.log(`${url}: two pages begin with polling and go on by WebSocket; a taken name is refused`);
}

async function talk(ann, bob, url) {
  await ann.say("Good morning, bob");
  await ann.marks(/✓$/);
  await bob.hears(/^ann.*Good morning, bob$/);
  await bob.page.type("#text", "Look at the top: polling first, and then");
  await ann.shows("#typing", /bob.* is typing/);
  await bob.page.type("#text", " a WebSocket");
  await bob.page.press("#text", "Enter");
  await ann.hears(/^bob.*a WebSocket$/);
  await ann.shows("#typing", /^$/);

  // An image is shown, another file can be taken.
  await ann.page.setInputFiles("#file", [await draw(ann.page)]);
  await ann.marks(/✓$/);
  await bob.page.waitForFunction(() => document.querySelector("#logs img[alt='stripes.png']")?.naturalWidth === 240);
  await bob.page.type("#text", "A flag");
  await ann.shows("#typing", /bob.* is typing/);
  await ann.picture("page");
  await bob.page.press("#text", "Enter");
  await ann.hears(/^bob.*A flag$/);

  // What looks like HTML is text.
  await ann.say(HOSTILE);
  await ann.marks(/✓$/);
  await bob.hears(/^ann.*onerror/);
  assert.ok((await bob.page.textContent("#logs li:last-child")).endsWith(HOSTILE));
  assert.equal(await bob.page.title(), "sansocket: chat");

  const bytes = Buffer.from(Array.from({ length: 3_000_000 }, (_, place) => (place * 31) & 255));
  await bob.page.setInputFiles("#file", [{ name: "bytes.bin", mimeType: "application/octet-stream", buffer: bytes }]);
  await ann.hears(/bytes\.bin.*3,000,000 bytes/);
  const [download] = await Promise.all([ann.page.waitForEvent("download"), ann.page.click("a[download]")]);
  assert.ok(bytes.equals(readFileSync(await download.path())), "the same bytes");
  assert.equal(download.suggestedFilename(), "bytes.bin");
  const dropped = await bob.page.evaluateHandle(() => {
    const data = new DataTransfer();
    data.items.add(new File(["dropped"], "dropped.txt"));
    return data;
  });
  await bob.page.dispatchEvent("#place", "drop", { dataTransfer: dropped });
  await ann.hears(/dropped\.txt.*7 bytes/);
  await bob.page.setInputFiles("#file", [{ name: "large.bin", mimeType: "application/octet-stream", buffer: Buffer.alloc(4_000_001) }]);
  await bob.hears(/large\.bin.*larger than 4 MB/);
  console.log(`${url}: messages, typing, an image and 3 MB of another file arrive`);
}

async function changeRooms(ann, bob, url) {
  await ann.join("den");
  await ann.say("only here");
  await ann.marks(/✓$/);
  await bob.join("den");
  await ann.hears(/bob.* has joined/);
  await ann.say("for both");
  await bob.hears(/for both/);
  assert.equal(await bob.page.locator("text=only here").count(), 0, "said before");
  // What is said in another room is counted.
  await bob.page.click("#rooms >> text=lobby");
  await ann.say("unread");
  await bob.shows("#rooms", /den1 unread/);
  await bob.page.click("[aria-label='Leave den']");
  await ann.hears(/bob.* has left/);
  await ann.shows("#members", /nobody else/);
  await ann.page.click("[aria-label='Leave den']");
  await ann.shows("#room", /^lobby$/);
  console.log(`${url}: rooms are joined and left`);
}

// A network that lets no WebSocket through: everything goes by polling.
async function poll(browser, ann, url) {
  const eve = await Person.open(browser, url, "eve");
  await eve.page.routeWebSocket(/./, (socket) => socket.close());
  await eve.page.reload();
  await eve.enter();
  await eve.shows("#transports", /WebSocket not possible/);
  await eve.shows("#transports .current", /^HTTP polling/);
  await ann.hears(/eve.* has joined/);
  await eve.say(HOSTILE);
  await eve.marks(/✓$/);
  await ann.hears(/^eve.*Grüße/);
  await ann.page.setInputFiles("#file", [await draw(ann.page)]);
  await eve.page.waitForFunction(() => document.querySelector("#logs img[alt='stripes.png']")?.naturalWidth === 240);
  const bytes = Buffer.alloc(4_000_000, "large");
  await eve.page.setInputFiles("#file", [{ name: "large.txt", mimeType: "text/plain", buffer: bytes }]);
  await ann.hears(/large\.txt.*4,000,000 bytes/);
  assert.deepEqual(await eve.page.evaluate(() => window.transports), ["none", "polling"]);
  assert.deepEqual(eve.problems, []);
  await eve.page.close();
  // Nobody says so: a poll that ends is all that the server sees, if at all.
  await ann.hears(/eve.* has left/);
  console.log(`${url}: where no WebSocket comes about, everything goes by polling`);
}

async function useClient(client, name, ann, url) {
  const file = join(folder, "notes.txt");
  writeFileSync(file, "a note\n");
  const talk = run(client, [url, name]);
  await ann.hears(new RegExp(`${name}.* has joined`));
  talk.say(HOSTILE);
  await ann.hears(new RegExp(`^${name}.*${HOSTILE.slice(0, 8)}`));
  await ann.say(`Welcome, ${HOSTILE}`);
  await talk.next(/ann.*Welcome, <img.*世界 😀/);
  talk.say(`/send ${file}`);
  await ann.hears(/notes\.txt.*7 bytes/);
  const image = await draw(ann.page);
  await ann.page.setInputFiles("#file", [image]);
  await talk.next(new RegExp(`ann.*stripes\\.png[^]*\\b${image.buffer.length} bytes`));
  talk.say("/join den");
  await ann.join("den");
  await ann.shows("#members", new RegExp(name));
  await ann.say("also here");
  await talk.next(/ann.*also here/);
  talk.child.stdin.end();
  assert.equal(await talk.end(), 0, `${client} ends`);
  await ann.hears(new RegExp(`${name}.* has left`));
  await ann.page.click("[aria-label='Leave den']");
  console.log(`${url}: ${client} talks, hears, sends a file, gets one and changes rooms`);
}

// The server is gone for a while. What was said meanwhile is sent later; what may be lost is not sent twice.
async function surviveRestart(server, ann, bob, url) {
  server.child.kill("SIGSTOP");
  await ann.say("into the void");
  await ann.marks(/…$/);
  await server.end("SIGKILL");
  await ann.shows("#state", /lost|cannot be reached/);
  await ann.marks(/perhaps not deliveredSend again$/);
  await ann.say("said alone");
  await ann.marks(/waits for the connection$/);
  await ann.picture("away");
  server = await serve(server.port);
  await ann.isConnected();
  await ann.marks(/said alone✓$/);
  await bob.isConnected();
  await ann.shows("#members", /bob/);
  await ann.page.click("text=Send again");
  await bob.hears(/into the void/);
  await ann.say("here again");
  await bob.hears(/here again/);
  assert.deepEqual((await ann.page.evaluate(() => window.transports)).slice(-3), ["none", "polling", "websocket"]);
  console.log(`${url}: a restart of the server is survived, and what was said meanwhile is marked and sent`);
  return server;
}

async function shows(ann, bob) {
  await ann.picture("light");
  await bob.picture("dark");
  for (const [person, name] of [[ann, "phone-light"], [bob, "phone-dark"]]) {
    await person.page.setViewportSize({ width: 360, height: 700 });
    assert.ok(await person.page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), "fits a phone");
    assert.ok(await person.page.evaluate(() => document.querySelector("#say").getBoundingClientRect().bottom <= innerHeight), "fits a phone");
    await person.picture(name);
  }
}


const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
});
try {
  let server = await serve();
  const url = `http://127.0.0.1:${server.port}/`;
  const ann = await Person.open(browser, url, "ann", { colorScheme: "light" });
  const bob = await Person.open(browser, url, "bob", { colorScheme: "dark" });
  await enter(ann, bob, url);
  await talk(ann, bob, url);
  await changeRooms(ann, bob, url);
  await poll(browser, ann, url);
  for (const [place, client] of clients.entries()) await useClient(client, `client ${place + 1}`, ann, url);
  assert.deepEqual([...ann.problems, ...bob.problems], []);
  server = await surviveRestart(server, ann, bob, url);
  await shows(ann, bob);
  assert.equal(await server.end("SIGINT"), 0, "SIGINT ends it orderly");
  await ann.shows("#state", /lost/);
  // While the server is away the browser says that it cannot be reached, and nothing else.
  assert.deepEqual([...ann.problems, ...bob.problems].filter((problem) => !/ERR_(CONNECTION|EMPTY)|closed before|WebSocket connection to/.test(problem)), []);
} finally {
  await browser.close();
  for (const child of processes) child.kill("SIGKILL");
  rmSync(folder, { recursive: true });
}
