// The reference server, for our client: node server.mjs PORT [polling]
//
// What the example socketio_servers of adapters/tokio runs its scenarios against; server.py does the same. The first line that it prints ends
// in its port. With `polling`, no WebSocket is allowed.
import { createServer } from "node:http";
import { createRequire } from "node:module";

// From NODE_PATH.
const { Server } = createRequire(import.meta.url)("socket.io");
const [port, only] = process.argv.slice(2);
const http = createServer();
const io = new Server(http, {
  pingInterval: 300,
  pingTimeout: 300,
  connectionStateRecovery: {},
  ...(only ? { transports: [only] } : {}),
});

// What clients have sent as `m`, whichever connection they sent it on, and what they were sent as `n`.
const received = [];
let sent = 0;

function serve(namespace) {
  namespace.on("connection", (socket) => {
    if (!socket.recovered) socket.emit("auth", socket.handshake.auth);
    socket.on("echo", (...args) => socket.emit("echoed", ...args));
    socket.on("ask", (...args) => args.pop()(...args));
    socket.on("silent", () => {});
    socket.on("transport", (answer) => answer(socket.conn.transport.name));
    socket.on("headers", (answer) => answer(socket.conn.request.headers["x-test"]));
    // Asks back, and says what came of it.
    socket.on("question", async (...args) => {
      try {
        socket.emit("answered", await socket.timeout(500).emitWithAck("question", ...args));
      } catch {
        socket.emit("unanswered");
      }
    });
    socket.on("leave", () => socket.disconnect());
    socket.on("close", () => socket.conn.close());
    socket.on("m", (number) => received.push(number));
    socket.on("received", (answer) => answer(received));
    // So many numbers to everybody, also to who is away for a moment.
    socket.on("count", (count) => {
      const timer = setInterval(() => {
        io.emit("n", ++sent);
        if (--count === 0) clearInterval(timer);
      }, 2);
    });
  });
}

for (const name of ["/", "/a", "/b"]) serve(io.of(name));
io.of("/refused").use((socket, next) => {
  const error = new Error("not you");
  error.data = { auth: socket.handshake.auth };
  next(error);
});
http.listen(Number(port), "127.0.0.1", () => console.log(`port ${http.address().port}`));
