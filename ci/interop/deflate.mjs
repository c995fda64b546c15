// One end of a compressed connection with Node's `ws`, whose options for permessage-deflate are given as JSON:
//   node deflate.mjs client OPTIONS URL MESSAGES    echoes the messages of the file, a list of [is text, hex], and compares
//   node deflate.mjs server OPTIONS                 prints its port, and echoes until it is killed
//   node deflate.mjs socket.io OPTIONS              the same with Socket.IO, whose clients send it events
import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

// From NODE_PATH.
const require = createRequire(import.meta.url);
const WebSocket = require("ws");
const [role, options, url, file] = process.argv.slice(2);
const perMessageDeflate = { threshold: 0, ...JSON.parse(options) };

if (role === "server") {
  const server = new WebSocket.Server({ port: 0, host: "127.0.0.1", perMessageDeflate, maxPayload: 1 << 24 });
  server.on("connection", (socket) => socket.on("message", (data, binary) => socket.send(data, { binary })));
  server.on("listening", () => console.log(server.address().port));
} else if (role === "socket.io") {
  const http = require("node:http").createServer();
  const io = new (require("socket.io").Server)(http, { perMessageDeflate, maxHttpBufferSize: 1 << 24 });
  io.on("connection", (socket) => socket.on("echo", (text) => socket.emit("echo", text)));
  http.listen(0, "127.0.0.1", () => console.log(http.address().port));
} else {
  const socket = new WebSocket(url, { perMessageDeflate });
  await once(socket, "open");
  assert.match(socket.extensions, /^permessage-deflate/);
  for (const [isText, hex] of JSON.parse(readFileSync(file))) {
    const message = Buffer.from(hex, "hex");
    socket.send(message, { binary: !isText });
    const [echo, isBinary] = await once(socket, "message");
    assert.ok(isBinary !== isText && echo.equals(message), `the echo of ${message.length} bytes differs`);
  }
  socket.close(1000);
  assert.equal((await once(socket, "close"))[0], 1000);
}
