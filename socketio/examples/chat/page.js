"use strict";
// The chat's page: one connection of socket.io-client with its default options. What the events are stands in chat.rs.

const MAX_FILE = 4_000_000;
const MAX_LINES = 300;
const ANSWER_WITHIN = 10_000;
const FILE_WITHIN = 60_000;
const TYPING_FOR = 3000;

const id = (name) => document.getElementById(name);
const ms = (time) => `${Math.max(1, Math.round(time))} ms`;
/** A name inside a sentence: from right to left or not, it does not turn the rest around. */
const isolate = (name) => `\u2068${name}\u2069`;
const clock = () => new Date().toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });

/** An element with a class, and with texts and elements in it. Texts stay texts, whatever is in them. */
function make(tag, className, ...content) {
  const element = document.createElement(tag);
  element.className = className;
  element.append(...content);
  return element;
}

let socket;
let me;
/** By name, in the order in which they were joined. */
const rooms = new Map();
let current;
/** Own messages that the server has not answered, oldest first. */
let outbox = [];

// ---- The connection.

let begun;

function showTransport(name, note) {
  for (const item of id("transports").children) {
    if (item.dataset.transport !== name) continue;
    for (const other of id("transports").children) {
      other.classList.remove("current");
      other.removeAttribute("aria-current");
    }
    item.className = "current passed";
    item.setAttribute("aria-current", "step");
    item.lastElementChild.textContent = note;
  }
}

function begin() {
  begun = performance.now();
  for (const item of id("transports").children) {
    item.className = "";
    item.removeAttribute("aria-current");
    item.lastElementChild.textContent = "–";
  }
}

/** The engine is open, by its first transport: each connection has a new one. */
function watch(engine) {
  showTransport(engine.transport.name, `after ${ms(performance.now() - begun)}`);
  const next = id("transports").querySelector("[data-transport=websocket] small");
  if (engine.transport.name === "polling") next.textContent = "is tried";
  engine.once("upgrade", (transport) => showTransport(transport.name, `after ${ms(performance.now() - begun)}`));
  engine.once("upgradeError", () => { next.textContent = "not possible"; });
}

function showState(text, className = "") {
  id("state").textContent = text;
  id("state").className = className;
}

function connect() {
  begin();
  showState("connecting…");
  if (socket) {
    socket.auth = { name: me };
    socket.connect();
    return;
  }
  socket = io({ auth: { name: me } });
  socket.io.on("reconnect_attempt", begin);
  socket.io.on("open", () => watch(socket.io.engine));
  socket.on("connect", entered);
  socket.on("connect_error", refused);
  socket.on("disconnect", (reason) => {
    begin();
    for (const room of rooms.values()) room.isJoined = false;
    showMembers();
    showState(`the connection is lost (${reason}); trying again…`, "bad");
    showTyping();
  });
  socket.on("joined", (name, who) => changed(name, who, "has joined"));
  socket.on("left", (name, who) => changed(name, who, "has left"));
  socket.on("said", (name, who, text) => received(name, who, make("div", "text", text)));
  socket.on("uploaded", (name, who, file, bytes) => received(name, who, fileOf(file, bytes)));
  socket.on("typing", typed);
}

function entered() {
  id("door").hidden = true;
  id("chat").hidden = false;
  showState(`connected as ${isolate(me)}`, "good");
  if (!rooms.size) {
    open("lobby");
    id("text").focus();
  } else for (const room of rooms.values()) join(room);
}

function refused(error) {
  // Of the transport: the client goes on trying by itself.
  if (socket.active) return showState(`the server cannot be reached (${error.message}); trying again…`, "bad");
  begin();
  if (id("chat").hidden) {
    showState("not connected");
    id("refusal").textContent = error.message;
    return id("name").focus();
  }
  // We were in: perhaps the server has not noticed yet that our old connection is gone, which then has the name.
  showState(`${error.message}; trying again…`, "bad");
  setTimeout(connect, 2000);
}

// ---- Rooms.

function open(name) {
  if (!rooms.has(name)) {
    const log = make("ol", "");
    log.setAttribute("role", "log");
    log.setAttribute("aria-label", `Messages in ${name}`);
    log.tabIndex = 0;
    log.hidden = true;
    id("logs").append(log);
    const room = { name, log, members: [], typing: new Map(), unread: 0, isJoined: false };
    rooms.set(name, room);
    if (socket.connected) join(room);
  }
  show(rooms.get(name));
}

function join(room) {
  socket.timeout(ANSWER_WITHIN).emit("join", room.name, (lost, answer, members) => {
    // If the connection is lost, the next one begins with this.
    if (rooms.get(room.name) !== room || lost && !socket.connected) return;
    if (lost || answer.error) return notice(room, `You are not in this room: ${lost ? "the server does not answer" : answer.error}.`);
    room.isJoined = true;
    room.members = members;
    showMembers();
    outbox.forEach(send);
  });
}

function leave(room) {
  if (room.isJoined) socket.emit("leave", room.name);
  room.isJoined = false;
  rooms.delete(room.name);
  outbox = outbox.filter((message) => message.room !== room);
  for (const line of room.log.children) forget(line);
  room.log.remove();
  if (current === room) show([...rooms.values()].at(-1));
  else showRooms();
}

function show(room) {
  current = room;
  for (const other of rooms.values()) other.log.hidden = other !== room;
  if (room) {
    room.unread = 0;
    room.log.scrollTop = room.log.scrollHeight;
  }
  id("room").textContent = room?.name ?? "no room";
  for (const control of id("say").elements) control.disabled = !room;
  id("choose").toggleAttribute("aria-disabled", !room);
  showRooms();
  showMembers();
  showTyping();
}

function showRooms() {
  id("rooms").replaceChildren(...[...rooms.values()].map((room) => {
    const enter = make("button", "", make("bdi", "", room.name));
    enter.type = "button";
    enter.onclick = () => show(room);
    if (room === current) enter.setAttribute("aria-current", "true");
    if (room.unread) enter.append(make("b", "", String(room.unread), make("span", "unseen", " unread")));
    const away = make("button", "", "×");
    away.type = "button";
    away.setAttribute("aria-label", `Leave ${room.name}`);
    away.onclick = () => leave(room);
    return make("li", room === current ? "current" : "", enter, away);
  }));
  const unread = [...rooms.values()].reduce((sum, room) => sum + room.unread, 0);
  document.title = unread ? `(${unread}) sansocket: chat` : "sansocket: chat";
}

function showMembers() {
  const others = current?.members.filter((name) => name !== me) ?? [];
  const text = others.length ? `with ${others.map(isolate).join(", ")}` : "nobody else is here";
  id("members").textContent = current?.isJoined ? text : "";
  id("members").title = others.join(", ");
}

function changed(name, who, what) {
  const room = rooms.get(name);
  if (!room) return;
  room.members = room.members.filter((other) => other !== who);
  if (what === "has joined") room.members.push(who);
  room.typing.delete(who);
  notice(room, make("bdi", "", who), ` ${what}`);
  showMembers();
  showTyping();
}

// ---- What is in a room.

function add(room, line) {
  const { log } = room;
  const isAtEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 80;
  log.append(line);
  while (log.children.length > MAX_LINES) {
    forget(log.firstElementChild);
    log.firstElementChild.remove();
  }
  const scroll = () => { if (isAtEnd || line.classList.contains("own")) log.scrollTop = log.scrollHeight; };
  line.querySelector("img")?.addEventListener("load", scroll);
  scroll();
}

/** What is shown of a file stays in memory as long as its address does. */
function forget(line) {
  const shown = line.querySelector("[src], [href]");
  if (shown) URL.revokeObjectURL(shown.src ?? shown.href);
}

const notice = (room, ...content) => add(room, make("li", "notice", ...content));

function lineOf(who, content, className) {
  const name = make("b", "", make("bdi", "", who));
  name.style.setProperty("--hue", [...who].reduce((hash, char) => (hash * 31 + char.codePointAt()) % 360, 7));
  return make("li", className, make("small", "", name, clock()), content);
}

function received(name, who, content) {
  const room = rooms.get(name);
  if (!room) return;
  room.typing.delete(who);
  add(room, lineOf(who, content, ""));
  if (room === current && !document.hidden) return showTyping();
  room.unread += 1;
  showRooms();
}

/** The types of images that are shown, by their first bytes; what anybody says of a file is not asked. */
const IMAGES = { "image/png": "89504e470d0a1a0a", "image/jpeg": "ffd8ff", "image/gif": "47494638", "image/webp": "52494646........57454250" };

function fileOf(name, bytes) {
  const start = [...new Uint8Array(bytes.slice(0, 12))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  const type = Object.keys(IMAGES).find((type) => new RegExp(`^${IMAGES[type]}`).test(start));
  const address = URL.createObjectURL(new Blob([bytes], { type: type ?? "application/octet-stream" }));
  const size = ` ${bytes.byteLength.toLocaleString("en")} bytes`;
  if (type) {
    const image = make("img", "");
    image.src = address;
    image.alt = name;
    return make("div", "", image, make("small", "", make("bdi", "", name), size));
  }
  const link = make("a", "", make("bdi", "", name));
  link.href = address;
  link.download = name;
  return make("div", "", link, make("small", "", size));
}

// ---- Own messages: each waits until it is sent, then for the server's answer.

function post(room, content, args, within) {
  const mark = make("small", "mark");
  mark.setAttribute("role", "status");
  const line = lineOf(me, content, "own");
  line.append(mark);
  const message = { room, args, within, mark, isSent: false };
  setMark(message, "…");
  add(room, line);
  outbox.push(message);
  send(message);
}

function setMark(message, text, isBad = false) {
  message.mark.textContent = text;
  message.mark.classList.toggle("bad", isBad);
}

function send(message) {
  if (message.isSent) return;
  if (!message.room.isJoined) return setMark(message, "waits for the connection");
  const [event, ...args] = message.args;
  message.isSent = true;
  setMark(message, "…");
  socket.timeout(message.within).emit(event, message.room.name, ...args, (lost, answer) => {
    outbox = outbox.filter((other) => other !== message);
    if (!lost && !answer?.error) return setMark(message, "✓");
    // Without an answer nobody knows: so it is not sent twice unless you say so.
    setMark(message, lost ? "perhaps not delivered" : `not delivered: ${answer.error}`, true);
    const again = make("button", "", "Send again");
    again.type = "button";
    again.onclick = () => {
      message.isSent = false;
      outbox.push(message);
      send(message);
    };
    message.mark.append(again);
  });
}

async function upload(files) {
  const room = current;
  if (!room) return;
  for (const file of files) {
    if (file.size > MAX_FILE) notice(room, make("bdi", "", file.name), ` is larger than ${MAX_FILE / 1e6} MB.`);
    else {
      try {
        const bytes = await file.arrayBuffer();
        post(room, fileOf(file.name, bytes), ["upload", file.name, bytes], FILE_WITHIN);
      } catch (error) {
        notice(room, make("bdi", "", file.name), ` cannot be read: ${error.message}`);
      }
    }
  }
}

// ---- Who is typing: worth nothing later, so volatile; and since it may be lost, it ends by itself.

let typing;

function showTyping() {
  const names = current?.isJoined ? [...current.typing.keys()] : [];
  id("typing").textContent = names.length ? `${names.map(isolate).join(", ")} ${names.length > 1 ? "are" : "is"} typing…` : "";
}

function typed(name, who, isTyping) {
  const room = rooms.get(name);
  if (!room) return;
  clearTimeout(room.typing.get(who));
  room.typing.delete(who);
  if (isTyping) room.typing.set(who, setTimeout(() => typed(name, who, false), 2 * TYPING_FOR));
  showTyping();
}

/** In which room we type; in none without one. It is told anew from time to time. */
function setTyping(room) {
  clearTimeout(typing?.timer);
  if (typing && typing.room !== room) {
    if (typing.room.isJoined) socket.volatile.emit("typing", typing.room.name, false);
    typing = undefined;
  }
  if (!room?.isJoined) return;
  if (!typing || Date.now() - typing.toldAt > TYPING_FOR) {
    socket.volatile.emit("typing", room.name, true);
    typing = { room, toldAt: Date.now() };
  }
  typing.timer = setTimeout(() => setTyping(), TYPING_FOR);
}

// ---- Controls.

id("door").onsubmit = (event) => {
  event.preventDefault();
  me = id("name").value.trim();
  id("refusal").textContent = "";
  connect();
};
id("join").onsubmit = (event) => {
  event.preventDefault();
  const name = id("room-name").value.trim();
  id("room-name").value = "";
  if (name) open(name);
};
id("say").onsubmit = (event) => {
  event.preventDefault();
  const text = id("text").value.trim();
  id("text").value = "";
  setTyping();
  if (text) post(current, make("div", "text", text), ["say", text], ANSWER_WITHIN);
};
id("text").oninput = () => setTyping(id("text").value ? current : undefined);
id("text").onpaste = (event) => upload(event.clipboardData.files);
id("file").onchange = () => {
  upload([...id("file").files]);
  id("file").value = "";
};
for (const kind of ["dragenter", "dragover", "dragleave", "drop"]) {
  id("place").addEventListener(kind, (event) => {
    event.preventDefault();
    id("place").classList.toggle("drop", kind === "dragenter" || kind === "dragover");
    if (kind === "drop") upload(event.dataTransfer.files);
  });
}
// The keyboard of a phone takes room.
addEventListener("resize", () => { if (current) current.log.scrollTop = current.log.scrollHeight; });
document.addEventListener("visibilitychange", () => { if (!document.hidden && current) show(current); });
