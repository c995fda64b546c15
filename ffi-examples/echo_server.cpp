/*
 * An echo server in C++, through sansocket.hpp: one thread, poll, one read buffer and one write buffer for all connections.
 *
 *     ffi-examples/build/echo_server_cpp [--listen ADDR:PORT]
 *
 * It is kept short; echo_server.c scales to thousands of connections.
 */
#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <unistd.h>
#include <utility>
#include <vector>

#include "listen.h"
#include "sansocket.hpp"

namespace {

constexpr std::size_t input_len = 65536;
std::uint8_t input[input_len];
// The echo of all input, with the header of a piece of a message, and an answer.
std::uint8_t output[input_len + 14 + sans::max_answer];
volatile std::sig_atomic_t stopping = 0;

std::uint64_t now_ms()
{
    std::timespec now{};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return static_cast<std::uint64_t>(now.tv_sec) * 1000 + static_cast<std::uint64_t>(now.tv_nsec) / 1000000;
}

/** One connection: it lies in a vector, and moves with it. */
struct client {
    int fd;
    sans::connection ws;
    std::vector<std::uint8_t> unconsumed, unwritten;
    bool write_ended;
};

void report(const client &c, sans::event event)
{
    std::printf("%d: %s", c.fd, event.name());
    if (event.error() != sans::error::none)
        std::printf(": %s", sans::text(event.error()));
    if (event.close_code() != 0)
        std::printf(" %u", event.close_code());
    std::putchar('\n');
}

/** Answers every event of the input. Returns false if a call was refused. */
bool converse(client &c, sans::io &io)
{
    static const sans::header plain[] = {{"Content-Type", "text/plain"}};
    for (;;) {
        if (c.ws.receive(io) != sans::result::ok)
            return false;
        const sans::event event = io.event();
        switch (event.type()) {
        case sans::event_type::none:
            return true;
        case sans::event_type::request:
            (void)c.ws.accept_or_refuse(io, {sans::origin::any});
            break;
        case sans::event_type::http_request:
            (void)c.ws.respond(io, 404, plain, "This port speaks WebSocket: connect with ws://\n");
            break;
        case sans::event_type::data: // the output has room for it
            (void)c.ws.send(io, event);
            break;
        default:
            report(c, event);
        }
    }
}

/** Writes what the socket takes and keeps the rest; keeps what was not consumed. Returns false if the connection is over. */
bool settle(client &c, const sans::io &io)
{
    const sans::bytes due = io.due(), left = io.input();
    c.unwritten.insert(c.unwritten.end(), due.begin(), due.end());
    const ssize_t sent = send(c.fd, c.unwritten.data(), c.unwritten.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno != EAGAIN && errno != EINTR)
        return false;
    c.unwritten.erase(c.unwritten.begin(), c.unwritten.begin() + (sent > 0 ? sent : 0));
    std::vector<std::uint8_t>(left.begin(), left.end()).swap(c.unconsumed); // which may be what `left` lies in
    if (c.ws.transport() == sans::transport::shutdown_write && c.unwritten.empty() && !c.write_ended) {
        c.write_ended = true;
        shutdown(c.fd, SHUT_WR);
    }
    return c.ws.transport() != sans::transport::close;
}

/** One turn of a connection. Returns false if it is over. */
bool serve(client &c, short ready)
{
    sans::io io({}, output, now_ms());
    bool going = true;
    if (c.unwritten.empty() && (ready & (POLLIN | POLLHUP | POLLERR)) != 0) {
        std::copy(c.unconsumed.begin(), c.unconsumed.end(), input);
        const ssize_t n = recv(c.fd, input + c.unconsumed.size(), input_len - c.unconsumed.size(), 0);
        if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) {
            (void)c.ws.receive_eof(io);
            report(c, io.event());
            return false;
        }
        io.input({input, c.unconsumed.size() + static_cast<std::size_t>(n > 0 ? n : 0)});
        going = converse(c, io);
    } else {
        io.input(c.unconsumed);
    }
    return settle(c, io) && going;
}

} // namespace

int main(int argc, char **argv)
{
    static const sans::config config = sans::config().set(sans::option::max_fragments, 100000);
    const bool listens = argc == 3 && std::strcmp(argv[1], "--listen") == 0;
    if (argc != 1 && !listens)
        return std::fputs("usage: echo_server_cpp [--listen ADDR:PORT]\n", stderr), 2;
    if (config.status() != sans::result::ok)
        return std::fprintf(stderr, "echo_server_cpp: %s\n", sans::text(config.status())), 1;
    std::setvbuf(stdout, nullptr, _IOLBF, BUFSIZ);
    const int listener = listen_on("echo_server_cpp", listens ? argv[2] : "127.0.0.1:9001");
    std::signal(SIGTERM, [](int) { stopping = 1; });
    std::signal(SIGINT, [](int) { stopping = 1; });

    std::vector<client> clients;
    std::vector<pollfd> polled;
    while (stopping == 0) {
        std::uint64_t due = UINT64_MAX;
        polled.assign(1, {listener, POLLIN, 0});
        for (const client &c : clients) {
            polled.push_back({c.fd, c.unwritten.empty() ? short{POLLIN} : short{POLLOUT}, 0});
            due = std::min(due, c.ws.next_timeout().value_or(due));
        }
        const std::uint64_t now = now_ms(), wait = due <= now ? 0 : due - now;
        if (poll(polled.data(), polled.size(), wait < 60000 ? static_cast<int>(wait) : 60000) < 0)
            continue;
        // From the last to the first, so that the last can take the place of one that is over.
        for (std::size_t i = clients.size(); i-- > 0;) {
            client &c = clients[i];
            bool alive = polled[i + 1].revents == 0 || serve(c, polled[i + 1].revents);
            if (alive && c.ws.poll_timeout(now_ms()) == 0) {
                sans::io io(c.unconsumed, output, now_ms());
                (void)c.ws.handle_timeout(io);
                if (io.event())
                    report(c, io.event());
                alive = settle(c, io);
            }
            if (!alive) {
                close(c.fd);
                std::swap(c, clients.back());
                clients.pop_back();
            }
        }
        if (polled[0].revents != 0) {
            const int fd = accept(listener, nullptr, nullptr), on = 1;
            if (fd < 0)
                continue;
            fcntl(fd, F_SETFL, O_NONBLOCK);
            setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
            clients.push_back({fd, sans::connection::server(config, now_ms()), {}, {}, false});
        }
    }
    for (const client &c : clients)
        close(c.fd);
    close(listener);
}
