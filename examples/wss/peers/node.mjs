// Node's `ws` over TLS, which is installed in the current folder.
//   node node.mjs client wss://localhost:9443/ CERT    talks to an echo server, and exits 1 at the first difference
//   node node.mjs server CERT KEY                      is an echo server, and prints its port
import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer } from "node:https";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const WebSocket = createRequire(pathToFileURL(`${process.cwd()}/`))("ws");

const client = async (url, cert) => {
  for (const maxVersion of ["TLSv1.2", "TLSv1.3"]) {
    const socket = new WebSocket(url, { ca: readFileSync(cert), maxVersion });
    await once(socket, "open");
    const version = socket._socket.getProtocol();
    assert.equal(version, maxVersion);
    for (const size of [0, 1, 125, 126, 16_384, 65_535, 65_536, 1 << 20]) {
      for (const data of [Buffer.alloc(size, 0xa5), "é".repeat(size / 2)]) {
        socket.send(data);
        const [received, isBinary] = await once(socket, "message");
        assert.equal(isBinary, typeof data !== "string");
        assert.ok(Buffer.from(data).equals(received), `echo of ${size} bytes differs`);
      }
    }
    const pong = once(socket, "pong");
    const message = once(socket, "message");
    socket.send("Hel", { fin: false });
    socket.ping("between");
    socket.send("lo");
    assert.equal((await pong)[0].toString(), "between");
    assert.equal((await message)[0].toString(), "Hello");
    // close_notify must be the end of the server's stream: `ws` gives the closing 30 s before it cuts the connection.
    const start = Date.now();
    const ended = once(socket._socket, "end");
    socket.close(3000, "done");
    assert.equal((await once(socket, "close"))[0], 3000);
    await ended;
    assert.ok(Date.now() - start < 3000, "the server did not end the stream");
    console.log(`Node's ws, ${version}, with our server: as expected`);
  }
};

const server = async (cert, key) => {
  const https = createServer({ cert: readFileSync(cert), key: readFileSync(key) });
  new WebSocket.Server({ server: https }).on("connection", (socket) =>
    socket.on("message", (data, isBinary) => socket.send(data, { binary: isBinary })));
  https.listen(0, "127.0.0.1");
  await once(https, "listening");
  console.log(https.address().port);
};

const [role, ...rest] = process.argv.slice(2);
await { client, server }[role](...rest);
