// Node's `ws`: `ws.mjs server PORT SETTING` as servers.py, `ws.mjs client PORT` as clients.py.
import { createRequire } from "node:module";
import { createInterface } from "node:readline";

// From NODE_PATH.
const WebSocket = createRequire(import.meta.url)("ws");
const [role, port, setting] = process.argv.slice(2);

const serve = ({ send_window_bits, receive_window_bits, send_no_context_takeover, receive_no_context_takeover }) => {
  const options = Object.entries({
    serverMaxWindowBits: send_window_bits,
    clientMaxWindowBits: receive_window_bits,
    serverNoContextTakeover: send_no_context_takeover && true,
    clientNoContextTakeover: receive_no_context_takeover && true,
  }).filter(([, value]) => value !== undefined);
  const perMessageDeflate = options.length === 0 || Object.fromEntries(options);
  const server = new WebSocket.Server({ host: "127.0.0.1", port, perMessageDeflate });
  server.on("connection", (socket) => socket.on("error", () => {}));
};

const number = (value) => (value ? Number(value) : true);

const connect = ({ id, offers: [offer] }) => new Promise((resolve) => {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/${id}`, {
    perMessageDeflate: {
      serverNoContextTakeover: "server_no_context_takeover" in offer,
      clientNoContextTakeover: "client_no_context_takeover" in offer || undefined,
      serverMaxWindowBits: "server_max_window_bits" in offer ? number(offer.server_max_window_bits) : undefined,
      // Without, it is offered.
      clientMaxWindowBits: "client_max_window_bits" in offer ? number(offer.client_max_window_bits ?? undefined) : false,
    },
  });
  socket.on("error", (error) => resolve(["fail", error.message]));
  socket.on("open", () => {
    resolve([socket.extensions ? "accepted" : "none", socket.extensions]);
    socket.terminate();
  });
});

if (role === "server") {
  serve(JSON.parse(setting));
} else {
  for await (const line of createInterface({ input: process.stdin })) {
    const one = JSON.parse(line);
    console.log([one.id, ...(await connect(one))].join("\t"));
  }
}
