// Talks to an echo server with Node's `ws`: `node echo.mjs ws://127.0.0.1:9001/`. Exits 1 at the first difference.
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { once } from "node:events";
import { createConnection } from "node:net";

// From NODE_PATH.
const WebSocket = createRequire(import.meta.url)("ws");
const url = process.argv[2];

const open = async (options = {}) => {
  const socket = new WebSocket(url, options);
  await once(socket, "open");
  return socket;
};
const echo = async (socket, data) => {
  socket.send(data);
  const [received, isBinary] = await once(socket, "message");
  assert.equal(isBinary, typeof data !== "string");
  assert.ok(Buffer.from(data).equals(received), `echo of ${data.length} bytes differs`);
};
const closed = async (socket) => {
  const [code, reason] = await once(socket, "close");
  return [code, reason.toString()];
};

// Every length form, whole reads and many of them, text and binary.
let socket = await open();
for (const size of [0, 1, 125, 126, 65535, 65536, 1 << 20]) {
  await echo(socket, Buffer.alloc(size, 0xa5));
  await echo(socket, "é".repeat(size / 2));
}

// A fragmented message with a Ping between its fragments.
const pong = once(socket, "pong");
const message = once(socket, "message");
socket.send("Hel", { fin: false });
socket.ping("between");
socket.send("lo, ", { fin: false });
socket.send("fragments");
assert.equal((await pong)[0].toString(), "between");
assert.equal((await message)[0].toString(), "Hello, fragments");

// Many messages at once, without reading until all are sent: the server must stop reading rather than queue.
const count = 2000;
const big = Buffer.alloc(10_000, 1);
socket.pause();
for (let i = 0; i < count; i += 1) socket.send(big);
await new Promise((resolve) => setTimeout(resolve, 300));
let received = 0;
const all = new Promise((resolve) => socket.on("message", (data) => {
  assert.equal(data.length, big.length);
  received += 1;
  if (received === count) resolve();
}));
socket.resume();
await all;

socket.close(1000, "done");
assert.deepEqual(await closed(socket), [1000, ""]);
socket = await open();
socket.close();
assert.deepEqual(await closed(socket), [1005, ""]);

// Faults are answered with the code that names them.
for (const [bytes, code] of [
  [[0x81, 0x82, 0, 0, 0, 0, 0xc3, 0x28], 1007],
  [[0x83, 0x80, 0, 0, 0, 0], 1002],
  [[0x82, 0x05, 1, 2, 3, 4, 5], 1002],
  [[0x82, 0xff, 0, 0, 0, 0, 0x80, 0, 0, 0, 0, 0, 0, 0], 1009],
]) {
  socket = await open();
  socket._socket.write(Buffer.from(bytes));
  assert.equal((await closed(socket))[0], code);
}

// Plain HTTP and garbage get an answer and an end.
const raw = async (text) => {
  const connection = createConnection(new URL(url).port, new URL(url).hostname);
  connection.write(text);
  let answer = "";
  connection.on("data", (data) => (answer += data));
  await once(connection, "end");
  connection.end();
  return answer;
};
assert.match(await raw("GET /nowhere HTTP/1.1\r\nHost: x\r\n\r\n"), /^HTTP\/1\.1 4\d\d /);
assert.match(await raw("\x16\x03\x01\x02\x00\x01"), /^HTTP\/1\.1 400 /);
assert.match(
  await raw("GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: upgrade\r\nSec-WebSocket-Version: 8\r\n\r\n"),
  /^HTTP\/1\.1 426 .*\r\n(.*\r\n)*Sec-WebSocket-Version: 13\r\n/,
);
console.log(`${url}: echo, fragments, ping, back-pressure, closing, faults, plain HTTP: as expected`);
