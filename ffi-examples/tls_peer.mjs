// An echo server for tls_client.c that is not ours: Node's `ws` over https. `node tls_peer.mjs CERTIFICATE KEY`, beside node_modules/ws.
import { readFileSync } from "node:fs";
import { createServer } from "node:https";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const { WebSocketServer } = createRequire(pathToFileURL(`${process.cwd()}/`))("ws");
const [cert, key] = process.argv.slice(2).map((file) => readFileSync(file));
const server = createServer({ cert, key });
const sockets = new WebSocketServer({ server });
sockets.on("connection", (socket) => socket.on("message", (data, binary) => socket.send(data, { binary })));
server.listen(0, "127.0.0.1", () => console.log(`listening on wss://127.0.0.1:${server.address().port}/`));
