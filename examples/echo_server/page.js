"use strict";
// The page of the echo server: one WebSocket that echoes, and the server's time by short polling, long polling and a second WebSocket.

const id = (name) => document.getElementById(name);
const urlOf = (path) => location.origin.replace(/^http/, "ws") + path;
const bytes = (count) => Math.round(count).toLocaleString("en").replaceAll(",", "\u202f");
const ms = (time) => (time < 9.95 ? time.toFixed(1) : bytes(time)) + " ms";
const wait = (time) => new Promise((resolve) => setTimeout(resolve, time));

id("host").textContent = location.host;

// ---- The connection that echoes.

const STATES = ["CONNECTING", "OPEN", "CLOSING", "CLOSED"];
const CODES = {
  1000: "done", 1001: "the server went away", 1002: "protocol error", 1003: "unsupported data", 1005: "without a code",
  1006: "without a Close", 1007: "data of the wrong kind", 1008: "policy", 1009: "message too big", 1011: "error in the server",
};
const BEAT = "\u2665 heartbeat ";
const BEAT_EVERY = 3000;

let socket;
let shownState;
let begun;
/** What was sent and has not come back, oldest first: the server echoes in order. */
let awaited = [];

function showState(state, note) {
  if (state === shownState) return;
  shownState = state;
  id("state").textContent = STATES[state];
  for (const item of id("states").children) {
    const own = Number(item.dataset.state);
    item.classList.toggle("current", own === state);
    if (own === state) {
      item.classList.add("passed");
      item.lastElementChild.textContent = note ?? (state ? `after ${ms(performance.now() - begun)}` : "now");
    }
  }
  id("toggle").textContent = state < 2 ? "Close" : "Open again";
  id("toggle").disabled = state === 2;
  id("send").disabled = id("file").disabled = state !== 1;
  id("choose").toggleAttribute("aria-disabled", state !== 1);
}

function addLine(text, kind) {
  const line = document.createElement("li");
  line.append(document.createElement("span"), document.createElement("small"));
  line.firstChild.textContent = text.slice(0, 2000);
  if (kind) line.className = kind;
  id("log").append(line);
  while (id("log").children.length > 200) id("log").firstChild.remove();
  id("log").scrollTop = id("log").scrollHeight;
  return line;
}

function setResult(line, strong, rest) {
  line.lastChild.textContent = rest;
  const result = document.createElement("b");
  result.textContent = strong;
  line.lastChild.append(" \u00a0", result);
}

function connect() {
  for (const item of id("states").children) {
    item.className = "";
    item.lastElementChild.textContent = "";
  }
  delete id("states").dataset.unclean;
  begun = performance.now();
  socket = new WebSocket(urlOf("/echo"));
  socket.binaryType = "arraybuffer";
  showState(0);
  id("states").children[0].lastElementChild.textContent = "opening handshake";
  socket.onopen = () => {
    showState(1);
    beat();
  };
  socket.onmessage = (event) => receive(event.data);
  socket.onclose = ({ code, reason, wasClean }) => {
    if (!wasClean) id("states").dataset.unclean = "";
    const why = `${code}, ${reason || CODES[code] || "unknown"}`;
    showState(3, why);
    addLine(`Closed ${wasClean ? "clean" : "not clean"}: ${why}`, wasClean ? "event" : "event bad");
    for (const { line } of awaited) if (line) setResult(line, "did not come back", "");
    awaited = [];
    id("page-beat").textContent = "–";
  };
}

function send(data, line, size) {
  awaited.push({ data, line, size, left: performance.now() });
  socket.send(data);
}

const isSame = (sent, received) => {
  if (typeof sent === "string" || typeof received === "string") return sent === received;
  const [one, other] = [new Uint8Array(sent), new Uint8Array(received)];
  return one.length === other.length && one.every((byte, place) => byte === other[place]);
};

function receive(data) {
  const arrived = performance.now();
  const { data: sent, line, size, left } = awaited.shift();
  const latency = arrived - left;
  if (!line) {
    id("page-beat").textContent = ms(latency);
    draw("page-line", latency);
    return;
  }
  const same = isSame(sent, data);
  line.classList.toggle("bad", !same);
  const speed = size > 1e6 ? `, ${bytes(size / latency / 1000)} MB/s each way` : "";
  setResult(line, `${ms(latency)}${speed}`, `${bytes(size)} bytes, ${same ? "came back the same" : "came back changed"}`);
}

function beat() {
  if (socket.readyState === WebSocket.OPEN) send(BEAT + new Date().toISOString());
}
setInterval(beat, BEAT_EVERY);

id("form").onsubmit = (event) => {
  event.preventDefault();
  if (socket.readyState !== WebSocket.OPEN) return;
  const text = id("text").value;
  send(text, addLine(text || "(empty message)"), new TextEncoder().encode(text).length);
  id("text").select();
};
id("file").onchange = async () => {
  const files = [...id("file").files];
  id("file").value = "";
  for (const file of files) {
    const data = await file.arrayBuffer();
    if (socket.readyState === WebSocket.OPEN) send(data, addLine(`File ${file.name}`), data.byteLength);
  }
};
id("toggle").onclick = () => {
  if (socket.readyState === WebSocket.CLOSED) return connect();
  socket.close(1000, "done");
  showState(socket.readyState);
};

const lines = {};

/** Adds a round trip to the curve of the last ones. */
function draw(name, value) {
  const values = (lines[name] ??= []);
  values.push(value);
  if (values.length > 30) values.shift();
  const top = Math.max(...values);
  const points = values.map((value, place) => `${((place + 30 - values.length) * 120) / 29},${23 - (value / top) * 21}`);
  id(name).firstElementChild.setAttribute("points", points.join(" "));
}

connect();

// ---- The time, in three ways.

/** The server's clock minus ours: of the polls so far, the one that came back fastest knows best. */
const offset = { known: 0, roundTrip: Infinity };
const here = () => performance.timeOrigin + performance.now();

class Way {
  static all = [];

  constructor(name) {
    this.place = id(name);
    this.requests = 0;
    this.bytes = 0;
    this.ages = [];
    this.second = 0;
    Way.all.push(this);
  }

  /** The second that the server's clock shows has come here. */
  take(second) {
    if (this.second && second !== this.second) {
      this.ages.push(Math.max(here() + offset.known - second * 1000, 0));
      if (this.ages.length > 10) this.ages.shift();
    }
    this.second = second;
    this.put("time", new Date(second * 1000).toTimeString().slice(0, 8));
    this.show();
  }

  staleness() {
    return this.ages.length ? this.ages.reduce((sum, age) => sum + age) / this.ages.length : undefined;
  }

  put(selector, text) {
    const element = this.place.querySelector(selector);
    if (element.textContent !== text) element.textContent = text;
  }

  show() {
    const age = this.staleness();
    this.put(".requests", bytes(this.requests));
    this.put(".bytes", bytes(this.bytes));
    this.put(".staleness", age === undefined ? "–" : ms(age));
    const most = Math.max(...Way.all.map((way) => way.bytes), 1);
    for (const way of Way.all) {
      way.place.querySelector(".bytes-bar i").style.width = `${(way.bytes * 100) / most}%`;
      way.place.querySelector(".staleness-bar i").style.width = `${Math.min((way.staleness() ?? 0) / 10, 100)}%`;
    }
  }
}

const short = new Way("short");
const long = new Way("long");
const push = new Way("push");

/** One poll: counts it, and gives what the server says. */
async function poll(way, path) {
  way.requests += 1;
  const response = await fetch(path, { cache: "no-store" });
  if (!response.ok) throw new Error(`${response.status}`);
  const time = await response.json();
  way.bytes += time.request + time.response;
  way.put(".note", `${time.request} + ${time.response} bytes of HTTP heads for each answer.`);
  return time;
}

async function pollShort() {
  const left = here();
  const time = await poll(short, "/time/now");
  const roundTrip = here() - left;
  if (roundTrip <= offset.roundTrip) {
    offset.known = time.now - (left + roundTrip / 2);
    offset.roundTrip = roundTrip;
  }
  // Clocks drift: what was measured long ago counts for less.
  offset.roundTrip *= 1.02;
  short.take(time.second);
}

async function pollLong() {
  for (;;) {
    try {
      long.take((await poll(long, long.second ? `/time/next?after=${long.second}` : "/time/next")).second);
    } catch {
      long.put(".note", "The server does not answer.");
      await wait(2000);
    }
  }
}

const frameHeader = (len) => (len < 126 ? 2 : len < 65536 ? 4 : 10);

function watch() {
  let [heads, frames, messages] = [0, 0, 0];
  const time = new WebSocket(urlOf("/time"));
  push.requests += 1;
  time.onmessage = ({ data }) => {
    const { second, request, response, round_trip_ms: roundTrip } = JSON.parse(data);
    let more = frameHeader(data.length);
    if (request) heads = more + request + response;
    // The Ping and, masked, its Pong.
    if (roundTrip !== undefined) {
      id("server-beat").textContent = ms(roundTrip);
      draw("server-line", roundTrip);
      more += 2 + 6;
    }
    messages += 1;
    frames += more;
    push.bytes += more + (request ? request + response : 0);
    push.put(".note", `${heads} bytes once, then 2 for each of ${bytes(messages - 1)} messages${frames > 2 * messages ? ", 8 for each Ping" : ""}.`);
    if (second) push.take(second);
    else push.show();
  };
  time.onclose = () => {
    push.put(".note", "The server does not answer.");
    id("server-beat").textContent = "–";
    setTimeout(watch, 2000);
  };
}

setInterval(() => pollShort().catch(() => short.put(".note", "The server does not answer.")), 1000);
pollShort().catch(() => {}).then(pollLong);
watch();
