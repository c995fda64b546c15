// An echo server for the TLS clients that is not ours: Node's `ws` over https. `node tls_peer.mjs CERTIFICATE KEY [deflate]`, beside
// node_modules/ws. With `deflate` it wants all messages compressed. At /pongs it sends many Pings, reads nothing until their answers
// fill what the systems keep, and wants each answered before it echoes.
import { readFileSync } from "node:fs";
import { createServer } from "node:https";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const { WebSocketServer } = createRequire(pathToFileURL(`${process.cwd()}/`))("ws");
const [cert, key] = process.argv.slice(2, 4).map((file) => readFileSync(file));
const deflate = process.argv[4] === "deflate";
const server = createServer({ cert, key });
const sockets = new WebSocketServer({ server, perMessageDeflate: deflate && { threshold: 0 } });

// A few at a time, so that the client's output fills up little by little.
const floods = async (socket) => {
  const count = 6000;
  let answered = 0;
  const all = new Promise((resolve) => socket.on("pong", (data) => {
    if (data.readUInt32BE() !== answered) socket.close(1011, `Pong ${data.readUInt32BE()} instead of ${answered}`);
    if ((answered += 1) === count) resolve();
  }));
  socket.pause();
  for (let i = 0; i < count; i += 1) {
    const payload = Buffer.alloc(125);
    payload.writeUInt32BE(i);
    socket.ping(payload);
    if (i % 10 === 9) await new Promise((resolve) => setTimeout(resolve, 0));
  }
  socket.resume();
  await all;
};

sockets.on("connection", async (socket, { url }) => {
  const ready = url === "/pongs" ? floods(socket) : Promise.resolve();
  socket.on("message", async (data, binary) => {
    const isCompressed = socket._receiver._compressed;
    await ready;
    if (isCompressed === deflate) socket.send(data, { binary });
    else socket.close(1011, isCompressed ? "compressed" : "not compressed");
  });
});
server.listen(0, "127.0.0.1", () => console.log(`listening on wss://127.0.0.1:${server.address().port}/`));
