// Node's socket.io-client against a server of ours: node clients.mjs PROGRAM [ARGUMENT]...
//
// PROGRAM is the example socketio_suite of adapters/tokio, or another one that does the same; it is started, killed and started anew here. What it does with
// events stands in its first comment. Each scenario runs with the client's default (polling, then WebSocket), with each of both transports alone.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { setTimeout as sleep } from "node:timers/promises";

// From NODE_PATH.
const { io } = createRequire(import.meta.url)("socket.io-client");
const [program, ...args] = process.argv.slice(2);
const TRANSPORTS = { default: undefined, websocket: ["websocket"], polling: ["polling"] };
const QUICK = ["--ping-interval", "300", "--ping-timeout", "200", "--connect-timeout", "1000"];
const MEBIBYTE = 1 << 20;

class Server {
  static async start(options = [], port = 0) {
    const server = new Server();
    server.process = spawn(program, [...args, "--listen", `127.0.0.1:${port}`, ...options], { stdio: ["ignore", "pipe", "inherit"] });
    const [line] = await once(server.process.stdout, "data");
    server.port = Number(/:(\d+)/.exec(line)[1]);
    return server;
  }

  connect(namespace = "/", options = {}) {
    return io(`http://127.0.0.1:${this.port}${namespace}`, { forceNew: true, reconnectionDelay: 50, reconnectionDelayMax: 100, ...options });
  }

  residentBytes() {
    return 1024 * Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${this.process.pid}/status`))[1]);
  }

  async stop() {
    assert.equal(this.process.exitCode, null, "the server has ended by itself");
    this.process.kill("SIGKILL");
    await once(this.process, "exit");
  }
}

// The arguments of the next event of this name.
function next(socket, name, ms = 5000) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`no event "${name}" in ${ms} ms`)), ms);
    socket.once(name, (...args) => {
      clearTimeout(timer);
      resolve(args);
    });
  });
}

const ask = (socket, ...args) => socket.timeout(5000).emitWithAck(...args);

async function until(what, condition, ms = 5000) {
  for (const end = Date.now() + ms; !(await condition()); await sleep(20)) assert.ok(Date.now() < end, `${what}: not within ${ms} ms`);
}

// Collects what arrives under a name.
function collect(socket, name) {
  const list = [];
  socket.on(name, (...args) => list.push(args));
  return list;
}

const upgraded = (socket) => until("the upgrade", () => socket.io.engine?.transport.name === "websocket");

const scenarios = {
  async "auth, and the transport that was asked for"({ server, transports }) {
    const socket = server.connect("/", { transports, auth: { token: "123", "ü": ["😀", null] } });
    assert.deepEqual(await next(socket, "auth"), [{ token: "123", "ü": ["😀", null] }]);
    assert.ok(socket.connected && socket.id !== socket.io.engine.id);
    if (transports) assert.equal(socket.io.engine.transport.name, transports[0]);
    else await upgraded(socket);
    socket.close();
  },

  async "refusals"({ server, transports }) {
    const socket = server.connect("/guarded", { transports, auth: { token: "guess" } });
    const [error] = await next(socket, "connect_error");
    assert.deepEqual([error.message, error.data], ["not authorized", { code: 42 }]);
    // Neither is retried by itself, and the same connection serves another attempt.
    assert.ok(!socket.active);
    socket.auth = { token: "secret" };
    socket.connect();
    assert.deepEqual(await next(socket, "auth"), [{ token: "secret" }]);
    const unknown = socket.io.socket("/unknown");
    assert.equal((await next(unknown, "connect_error"))[0].message, "Invalid namespace");
    const custom = socket.io.socket("/custom", { auth: { of: "custom" } });
    assert.notEqual(custom.id, socket.id);
    socket.close();
    custom.close();
  },

  async "namespaces on one connection"({ server, transports }) {
    const socket = server.connect("/", { transports });
    await next(socket, "connect");
    const custom = socket.io.socket("/custom");
    await next(custom, "connect");
    for (const each of [socket, custom]) {
      each.emit("message", each.nsp);
      assert.deepEqual(await next(each, "message-back"), [each.nsp]);
    }
    custom.disconnect();
    assert.deepEqual(await ask(socket, "message-with-ack", "still", "here"), "still");
    socket.close();
  },

  async "events and binary both ways"({ server, transports }) {
    const socket = server.connect("/", { transports });
    await next(socket, "connect");
    const cases = [
      [],
      [1, -2.5, "3", true, null, { 4: [[], {}] }],
      ["\u0000\"\\\n\u2028 Grüße 世界 😀"],
      ["\u001e", "b"],
      [Buffer.from([1, 2, 3])],
      [Buffer.alloc(0), { deep: [Buffer.from([0x1e, 0xff]), Buffer.alloc(70_000, 7)] }, "text", Buffer.from("last")],
    ];
    for (const sent of cases) {
      socket.emit("message", ...sent);
      assert.deepEqual(await next(socket, "message-back"), sent);
    }
    // All at once, in order.
    const back = collect(socket, "message-back");
    for (const sent of cases) socket.emit("message", ...sent);
    await until("all answers", () => back.length === cases.length);
    assert.deepEqual(back, cases);
    socket.close();
  },

  async "acknowledgements both ways"({ server, transports }) {
    const socket = server.connect("/", { transports });
    await next(socket, "connect");
    const several = await new Promise((resolve) => socket.emit("message-with-ack", 1, { 2: [3] }, "4", (...args) => resolve(args)));
    assert.deepEqual(several, [1, { 2: [3] }, "4"]);
    assert.deepEqual(await ask(socket, "message-with-ack", Buffer.from([9, 8])), Buffer.from([9, 8]));
    const many = await Promise.all(Array.from({ length: 200 }, (_, i) => ask(socket, "message-with-ack", i)));
    assert.deepEqual(many, Array.from({ length: 200 }, (_, i) => i));
    await assert.rejects(socket.timeout(100).emitWithAck("never"), /timed out/);

    socket.once("question", (a, b, answer) => answer(b, a, Buffer.from("yes")));
    socket.emit("ask", 3000, "a", Buffer.from("b"));
    assert.deepEqual(await next(socket, "answered"), [Buffer.from("b"), "a", Buffer.from("yes")]);
    // An answer after its time is none.
    socket.once("question", (answer) => setTimeout(answer, 300, "late"));
    const answered = collect(socket, "answered");
    socket.emit("ask", 100);
    assert.deepEqual(await next(socket, "unanswered"), []);
    await sleep(300);
    assert.deepEqual([answered, await ask(socket, "message-with-ack", "goes on")], [[], "goes on"]);
    socket.close();
  },

  async "rooms and broadcast"({ server, transports }) {
    const sockets = [0, 1, 2, 3, 4].map((i) => server.connect("/", { transports: i === 4 ? ["polling"] : transports }));
    await Promise.all(sockets.map((socket) => next(socket, "connect")));
    const said = sockets.map((socket) => collect(socket, "said"));
    for (const i of [0, 1, 4]) await ask(sockets[i], "join", "blue");
    sockets[0].emit("say", "blue", "to blue", Buffer.from([1]));
    sockets[3].emit("say", "blue", "from outside");
    sockets[3].emit("say", "green", "to nobody");
    await until("what is for the room", () => said[1].length === 2 && said[4].length === 2 && said[0].length === 1);
    await ask(sockets[1], "leave", "blue");
    sockets[0].emit("say", "blue", "without 1");
    await ask(sockets[0], "message-with-ack", "the server has it");
    sockets[2].emit("say-all", "to all");
    await until("what is for all", () => said.every((list) => list.at(-1)?.[0] === "to all"));
    const texts = said.map((list) => list.map(([text]) => text).sort());
    const blue = ["from outside", "to blue", "without 1", "to all"].sort();
    assert.deepEqual(texts, [["from outside", "to all"], ["from outside", "to all", "to blue"], ["to all"], ["to all"], blue]);
    assert.deepEqual(said[4].find(([text]) => text === "to blue")[1], Buffer.from([1]));
    // One that has gone is in no room any longer.
    sockets[4].close();
    sockets[0].emit("say", "blue", "alone");
    await ask(sockets[0], "message-with-ack", "the server lives");
    sockets.forEach((socket) => socket.close());
  },

  async "disconnecting from either side"({ server, transports }) {
    const witness = server.connect("/", { transports: ["websocket"] });
    const reasonOf = async (id, reason) => {
      let told;
      await until(`"${reason}"`, async () => (told = await ask(witness, "reason-of", id)) !== null);
      assert.equal(told, reason);
    };
    for (const [how, here, there] of [
      [(socket) => socket.disconnect(), "io client disconnect", "client namespace disconnect"],
      [(socket) => socket.emit("leave-me"), "io server disconnect", "server namespace disconnect"],
      [(socket) => socket.emit("close-me"), "io server disconnect", "server namespace disconnect"],
      [(socket) => socket.io.engine.close(), "forced close", "transport close"],
    ]) {
      const socket = server.connect("/", { transports, reconnection: false });
      await next(socket, "connect");
      if (!transports) await upgraded(socket);
      const { id } = socket;
      const gone = next(socket, "disconnect");
      how(socket);
      assert.equal((await gone)[0], here);
      await reasonOf(id, there);
      // Nothing comes back by itself.
      await sleep(150);
      assert.ok(!socket.connected);
    }
    witness.close();
  },

  async "heartbeat, and a client that falls silent"({ quick, transports }) {
    const witness = quick.connect("/", { transports: ["websocket"] });
    const socket = quick.connect("/", { transports, reconnection: false });
    await next(socket, "connect");
    if (!transports) await upgraded(socket);
    const { id } = socket;
    const pings = collect(socket.io, "ping");
    await sleep(1100);
    assert.ok(socket.connected && pings.length >= 2 && pings.length <= 4, `${pings.length} pings in 1100 ms`);
    // No Pong leaves any longer.
    socket.io.engine.transport.send = () => {};
    await until("the timeout", async () => (await ask(witness, "reason-of", id)) === "ping timeout", 2000);
    await until("the end here", () => !socket.connected, 2000);
    witness.close();
  },

  async "large payloads"({ server, transports }) {
    const socket = server.connect("/", { transports, reconnection: false });
    await next(socket, "connect");
    if (!transports) await upgraded(socket);
    const { transport } = socket.io.engine;
    // A text of almost 1 MB, less for base64's sake.
    const text = "ü".repeat(transport.name === "polling" ? 490_000 : 499_000);
    socket.emit("message", text);
    assert.equal((await next(socket, "message-back"))[0], text);
    const bytes = Buffer.alloc(transport.name === "polling" ? 740_000 : 999_999, "abc");
    socket.emit("message", bytes);
    assert.ok((await next(socket, "message-back"))[0].equals(bytes));
    // Many that are more than a payload together, to the server and back.
    const back = collect(socket, "message-back");
    for (let i = 0; i < 40; i++) socket.emit("message", i, "x".repeat(100_000));
    await until("all of 4 MB", () => back.length === 40, 10_000);
    assert.deepEqual(back.map(([i, x]) => [i, x.length]), Array.from({ length: 40 }, (_, i) => [i, 100_000]));
    // One byte too many ends the connection.
    const gone = next(socket, "disconnect");
    socket.emit("message", "x".repeat(1_000_001));
    assert.match((await gone)[0], transport.name === "polling" ? /^transport (error|close)$/ : /^transport close$/);
  },

  async "a server that is restarted"({ transports }) {
    let server = await Server.start();
    let tries = 0;
    const socket = server.connect("/", { transports, auth: (give) => give({ number: tries++ }) });
    assert.deepEqual(await next(socket, "auth"), [{ number: 0 }]);
    if (!transports) await upgraded(socket);
    const { id } = socket;
    const gone = next(socket, "disconnect");
    await server.stop();
    const reason = (await gone)[0];
    assert.ok(transports?.[0] === "polling" ? reason === "transport error" : reason === "transport close", reason);
    socket.emit("message", "kept meanwhile");
    const back = collect(socket, "message-back");
    server = await Server.start([], server.port);
    assert.deepEqual(await next(socket, "auth"), [{ number: 1 }]);
    assert.notEqual(socket.id, id);
    await ask(socket, "message-with-ack", "round");
    assert.deepEqual(back, [["kept meanwhile"]]);
    socket.close();
    await server.stop();
  },

  async "upgrades under traffic"({ server, transports }) {
    const clients = Array.from({ length: 12 }, async (_, client) => {
      const socket = server.connect("/", { transports });
      const back = collect(socket, "message-back");
      const numbers = collect(socket, "number");
      await next(socket, "connect");
      socket.emit("count", 300, client * 100);
      // Until well after the upgrade; every fifth with bytes.
      let sent = 0;
      for (const end = Date.now() + 500; Date.now() < end; await sleep(0)) {
        for (let i = 0; i < 1 + (client % 4); i++, sent++) socket.emit("message", sent, sent % 5 ? "text" : Buffer.from([sent % 256]));
        if (sent % 50 === 0) socket.emit("count", 10, 1000);
      }
      if (!transports) assert.equal(socket.io.engine.transport.name, "websocket");
      await until("all answers", () => back.length >= sent, 10_000);
      assert.deepEqual(back.map(([i]) => i), Array.from({ length: sent }, (_, i) => i));
      back.forEach(([i, with_it]) => assert.deepEqual(with_it, i % 5 ? "text" : Buffer.from([i % 256])));
      await until("all numbers", () => numbers.length >= 300);
      assert.deepEqual(numbers.slice(0, 300).map(([i]) => i), Array.from({ length: 300 }, (_, i) => i));
      socket.close();
      return sent;
    });
    return `${(await Promise.all(clients)).reduce((a, b) => a + b)} messages`;
  },

  async "slow readers"({ server, transports }) {
    const witness = server.connect("/", { transports: ["websocket"] });
    const open = async () => {
      const socket = server.connect("/", { transports, reconnection: false });
      await next(socket, "connect");
      if (!transports) await upgraded(socket);
      return socket;
    };
    // Stops reading, which over polling means that no further GET comes.
    const pause = (socket) => {
      const { transport } = socket.io.engine;
      if (transport.name === "websocket") {
        transport.ws.pause();
        return () => transport.ws.resume();
      }
      // In the middle of what the client does next after an answer.
      const poll = transport._poll;
      let missed = false;
      transport._poll = () => (missed = true);
      return () => {
        transport._poll = poll;
        if (missed) transport._poll();
      };
    };

    // What waits for a slow one arrives, and nobody else waits for it.
    const slow = await open();
    const numbers = collect(slow, "number");
    let resume = pause(slow);
    slow.emit("count", 80, 100_000);
    for (let i = 0; i < 20; i++) {
      const start = Date.now();
      await ask(witness, "message-with-ack", i);
      assert.ok(Date.now() - start < 500, "a slow client delays another one");
    }
    await sleep(200);
    assert.ok(numbers.length < 80);
    resume();
    await until("all of 8 MB", () => numbers.length === 80, 10_000);
    assert.deepEqual(numbers.map(([i, x]) => [i, x.length]), Array.from({ length: 80 }, (_, i) => [i, 100_000]));

    // What is volatile does not wait.
    resume = pause(slow);
    numbers.length = 0;
    // The poll that waits already brings the first ones, and what comes last, in spite of the pause.
    const end = next(slow, "end");
    slow.emit("count-volatile", 500, 100_000);
    await sleep(300);
    resume();
    await end;
    assert.ok(numbers.length < 400, `${numbers.length} of 500 volatile events have waited`);
    assert.deepEqual(numbers.map(([i]) => i), numbers.map(([i]) => i).sort((a, b) => a - b));
    slow.close();

    // What no client takes is not kept without end.
    const stuck = await open();
    const { id } = stuck;
    const before = server.residentBytes();
    pause(stuck);
    for (let i = 0; i < 30; i++) stuck.emit("count", 20, 100_000);
    await until("the end of the stuck one", async () => (await ask(witness, "reason-of", id)) !== null, 5000);
    const grown = server.residentBytes() - before;
    assert.ok(grown < 45 * MEBIBYTE, `the server has grown by ${grown} bytes`);
    stuck.close();
    witness.close();
    return `of 500 volatile events ${numbers.length}`;
  },
};

const only = process.env.ONLY;
const server = await Server.start();
const quick = await Server.start(QUICK);
let failed = 0;
for (const [name, transports] of Object.entries(TRANSPORTS)) {
  for (const [scenario, run] of Object.entries(scenarios)) {
    if (only && !scenario.includes(only)) continue;
    const start = Date.now();
    try {
      const note = await run({ server, quick, transports });
      if (only || process.env.VERBOSE) console.log(`  ${name}: ${scenario}: ${note ?? "as expected"} (${Date.now() - start} ms)`);
    } catch (error) {
      failed++;
      console.error(`socket.io-client, ${name}: ${scenario}: ${error.stack}`);
    }
  }
  if (!failed) console.log(`socket.io-client, ${name}: ${Object.keys(scenarios).length} scenarios as expected`);
}
await server.stop();
await quick.stop();
process.exit(failed ? 1 : 0);
