// The server of socket.io, with its defaults. It prints the port on which it listens.
const { createServer } = require("node:http");
const { Server } = require("socket.io"); // from NODE_PATH

const server = createServer();
const io = new Server(server);

io.on("connection", (socket) => {
  socket.on("echo", (text) => socket.emit("echo", text));
  socket.on("ask", (text, answer) => answer(text));
  socket.on("binary", (bytes) => socket.emit("binary", bytes));
  socket.on("join", (answer) => {
    socket.join("room");
    answer("");
  });
  socket.on("say", (text) => socket.to("room").emit("said", text));
});

server.listen(0, "127.0.0.1", () => console.log(server.address().port));
