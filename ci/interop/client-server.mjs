// The example client's peer: a server by Node's `ws`. `node client-server.mjs` prints its port. What it does depends on
// the path, as in client-server.py.
import { createHash } from "node:crypto";
import { createRequire } from "node:module";
import { createServer } from "node:http";

// From NODE_PATH.
const { WebSocketServer } = createRequire(import.meta.url)("ws");

const body = "Who are you?\nA second line.\n";
const refusals = {
  "/refused": (socket) => socket.end(
    `HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm="x"\r\nContent-Length: ${body.length}\r\n\r\n${body}`),
  // These stay open: the client has to see where the body ends.
  "/counted": (socket) => socket.write(`HTTP/1.1 403 Forbidden\r\nContent-Length: ${body.length}\r\n\r\n${body}`),
  "/chunked": (socket) => {
    socket.write("HTTP/1.1 503 Service Unavailable\r\nTransfer-Encoding: chunked\r\nRetry-After: 5\r\n\r\n4\r\nWho ");
    setTimeout(() => socket.write("\r\n9\r\nare you?\n\r\n0\r\n\r\n"), 100);
  },
  "/wrong": (socket) => socket.end(
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: AAAAAAAAAAAAAAAAAAAAAAAAAAA=\r\n\r\n"),
  "/silent": () => {},
};

// Frames by hand, which no library would send: `act` is called once the connection is open.
const byHand = (act) => (socket, request) => {
  const accept = createHash("sha1").update(request.headers["sec-websocket-key"] + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest("base64");
  socket.write(`HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`);
  act(socket);
};
const frame = (first, payload) => Buffer.concat([Buffer.from([first, Buffer.from(payload).length]), Buffer.from(payload)]);
const last = frame(0x88, [3, 0xe8]);
// The client's Close is the last thing that it sends: a header with its key, and 1000 as code.
const onClose = (socket, act) => {
  let end = Buffer.alloc(8);
  socket.on("data", (data) => {
    end = Buffer.concat([end, data]).subarray(-8);
    if (end[0] === 0x88 && end[1] === 0x82 && (end[2] ^ end[6]) === 3 && (end[3] ^ end[7]) === 0xe8) act();
  });
};
const conductByHand = {
  // A character in as many frames as it has bytes, and some that would command a terminal.
  "/characters": (socket) => {
    for (const byte of Buffer.from("é😀")) socket.write(frame(byte === 0xc3 ? 0x01 : 0x00, [byte]));
    socket.write(Buffer.concat([frame(0x80, ""), frame(0x81, "a\x1b[31m\u{9b}b\t\nc"), frame(0x88, [3, 0xe8, ...Buffer.from("\x1b[2J")])]));
    socket.end();
  },
  "/reset": (socket) => {
    socket.write(Buffer.concat([frame(0x81, "sent before"), last]));
    setTimeout(() => socket.resetAndDestroy(), 100);
  },
  "/late": (socket) => onClose(socket, () => {
    socket.write(Buffer.concat([frame(0x81, "one"), frame(0x01, "tw")]));
    setTimeout(() => socket.end(Buffer.concat([frame(0x80, "o"), last])), 100);
  }),
  "/flood": (socket) => {
    socket.write(frame(0x81, "the only message"));
    const pongs = Buffer.concat(Array(1000).fill(frame(0x8a, "x")));
    const flood = () => { while (socket.writable && socket.write(pongs)); };
    socket.on("drain", flood);
    onClose(socket, flood);
  },
  // It sends for a second before it reads.
  "/unread": (socket) => {
    for (let i = 0; i < 10; i++) setTimeout(() => socket.write(frame(0x81, `${i}`)), 100 * i);
    setTimeout(() => onClose(socket, () => socket.end(last)), 1000);
  },
};
for (const [path, act] of Object.entries(conductByHand)) refusals[path] = byHand(act);

const answer = (send) => (ws) => ws.on("message", (data, isBinary) => {
  if (data.toString() === "bye") ws.close(1000);
  else send(ws, data, isBinary);
});
const conduct = {
  "/echo": answer((ws, data, binary) => ws.send(data, { binary })),
  "/sum": answer((ws, data, isBinary) =>
    ws.send(`${isBinary ? "binary" : "text"} ${data.length} ${createHash("sha256").update(data).digest("hex")}`)),
  "/fragments": (ws) => {
    ws.send("Grü", { fin: false });
    ws.ping("between");
    ws.send("ße, ", { fin: false });
    ws.send("😀");
    ws.send(Buffer.from([1, 2]), { fin: false });
    ws.send(Buffer.alloc(100_000, 7), { fin: false });
    ws.send(Buffer.alloc(0));
    ws.close(1000);
  },
  "/subprotocol": (ws) => { ws.send(`chosen: ${ws.protocol}`); ws.close(1000); },
  "/headers": (ws, request) => {
    const { host, origin, "x-one": one, "x-two": two } = request.headers;
    ws.send([host === `127.0.0.1:${port}`, origin, one, two, request.url].join(" | "));
    ws.close(1000);
  },
  "/close": (ws) => ws.close(4001, "so long"),
  "/error": (ws) => ws.close(1011),
  "/gone": (ws) => ws.close(1001),
  "/nothing": (ws) => ws.close(),
  "/ping": (ws) => {
    ws.on("pong", (data) => { ws.send(`answered: ${data}`); ws.close(1000); });
    ws.ping("are you there?");
  },
  "/cut": (ws) => ws.terminate(),
  "/fault": (ws) => ws._socket.write(Buffer.from([0x81, 0x02, 0xc3, 0x28])),
};

const server = createServer((_, response) => response.writeHead(404).end());
const sockets = new WebSocketServer({ noServer: true, handleProtocols: (offered) => offered.has("superchat") && "superchat" });
server.on("upgrade", (request, socket, head) => {
  socket.on("error", () => {});
  const path = request.url.split("?")[0];
  if (refusals[path]) return refusals[path](socket, request);
  sockets.handleUpgrade(request, socket, head, (ws) => {
    ws.on("error", () => {});
    conduct[path](ws, request);
  });
});
server.listen(0, "127.0.0.1", () => console.log(server.address().port));
const port = await new Promise((resolve) => server.on("listening", () => resolve(server.address().port)));
