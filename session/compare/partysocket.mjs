// The program of ../examples/minimal.rs on partysocket: `node partysocket.mjs ws://127.0.0.1:9001/`.
//
// The library does not do: Pings (a server that is gone without a word is not noticed), waits that are random anew each time, giving up
// when the server refuses for good (a client in JavaScript is not told its status), a limit of what waits in bytes.
import PartySocket from "partysocket/ws";
import WebSocket from "ws";

const url = process.argv[2] ?? "ws://127.0.0.1:9001/";
if (!/^wss?:\/\/./.test(url)) {
  console.error(`* ${url} is not a URL of a WebSocket`);
  process.exit(2);
}
let isDone = false;
const socket = new PartySocket(url, [], {
  WebSocket,
  connectionTimeout: 20_000,
  minReconnectionDelay: 1000 * (0.5 + Math.random()),
  maxReconnectionDelay: 30_000,
  reconnectionDelayGrowFactor: 2,
});
socket.send("Hello"); // waits for the connection
socket.addEventListener("message", ({ data }) => {
  console.log(data);
  isDone = true;
  socket.close(1000);
});
socket.addEventListener("error", ({ message }) => console.error(`* ${message}`));
socket.addEventListener("close", ({ code }) => {
  if (!isDone) console.error(`* closed with ${code}`);
});
