/*
 * An echo server in C++, through sansocket.hpp: one thread, poll; each connection has buffers of its own.
 *
 *     ffi-examples/build/echo_server_cpp [--listen ADDR:PORT] [--quiet] [--max-message BYTES] [--subprotocol LIST] [--deflate]
 *
 * It is kept short; echo_server.c scales to thousands of connections.
 */
#include "wire.h"

#include <algorithm>
#include <cstdio>
#include <ctime>
#include <list>
#include <optional>
#include <vector>

#include "listen.h"
#include "sansocket.hpp"

namespace {

options chosen;
sans::config config;
std::uint64_t now; // of this round

/** The echo of the longest piece; compressing makes bytes longer that cannot be made shorter. */
constexpr std::size_t input_len = 16384, inflated_len = input_len / 2,
                      echo_len = input_len + input_len / 8 + input_len / 64 + 64 + SANSOCKET_MAX_FRAME_HEADER_LEN;

/** For a client that compresses, as was agreed. */
struct codec {
    std::vector<std::uint8_t> history, memory;
    sans::inflater inflater{history};
    sans::compressor compressor;

    explicit codec(const sans::deflate_agreement &agreed)
        : history(std::size_t{1} << agreed.receive_window_bits),
          memory(sans::compressor::memory_len(agreed.send_window_bits, sans::level::standard)),
          compressor(agreed.send_window_bits, sans::level::standard, memory)
    {
    }
};

/** One connection, which stays where it is. */
struct client {
    int fd;
    sans::connection ws = sans::connection::server(config, now);
    std::uint8_t input[input_len], output[2 * echo_len];
    std::vector<std::uint8_t> inflated{std::vector<std::uint8_t>(chosen.deflate ? inflated_len : 0)};
    std::optional<codec> own;
    sans::buffered b{ws, input, output, inflated, sans::buffered::messages::in_pieces, echo_len};

    explicit client(int socket) : fd(socket) {}
    client(const client &) = delete;
    ~client() { close(fd); }
};

void report(const client &c, sans::event event)
{
    if (chosen.quiet)
        return;
    std::printf("%d: %s", c.fd, event.name());
    if (event.error() != sans::error::none)
        std::printf(": %s", sans::text(event.error()));
    if (event.close_code() != 0)
        std::printf(" %u", event.close_code());
    std::putchar('\n');
}

/** With a subprotocol of --subprotocol, or the first that the client offers; with a codec if the client compresses. */
void accept_request(client &c, sans::event request)
{
    const auto subprotocol = chosen.subprotocol != nullptr ? config.choose_subprotocol(request.bytes())
                                                           : sans::offered_subprotocol_at(request.bytes(), 0);
    if (c.b.accept_or_refuse(now, {sans::origin::any, {}, subprotocol.value_or("")}) != sans::result::ok)
        (void)c.b.respond(now, 500);
    if (const auto agreed = c.ws.deflate()) {
        c.own.emplace(*agreed);
        (void)c.b.inflate_with(c.own->inflater);
        (void)c.b.compress_with(c.own->compressor);
    }
}

/** Answers what has arrived. */
void answer_all(client &c)
{
    static const sans::header plain[] = {{"Content-Type", "text/plain"}};
    for (;;) {
        const sans::event event = c.b.next(now);
        std::uint64_t offset = event.offset();
        sans::const_bytes payload = event.bytes();
        if (!event)
            return;
        if (event.type() == sans::event_type::request)
            accept_request(c, event);
        else if (event.type() == sans::event_type::http_request)
            (void)c.b.respond(now, 404, plain, "This port speaks WebSocket: connect with ws://\n");
        else if (event.type() == sans::event_type::data) // all of it is taken: there is room
            (void)c.b.send_part(now, event.kind(), offset, payload, event.last());
        else
            report(c, event);
    }
}

/** A turn, which is short enough for the others to have theirs. Returns false if the connection is over. */
bool serve(client &c)
{
    // Only who has opened is told that the server stops, and waited for as long as the closing deadline allows.
    if (signals > 0 && c.b.close(now, sans::close_code::going_away) == sans::result::not_open)
        return false;
    for (int reads = 0; reads < 2; reads++) {
        if (reads > 0)
            wire_read(c.fd, c.b.c(), now);
        do
            answer_all(c);
        while (wire_write(c.fd, c.b.c(), now));
    }
    return c.b.transport() != sans::transport::close;
}

/** Until all have gone after a signal, or a second one comes. */
void run(int listener, const sigset_t &waiting)
{
    std::list<client> clients;
    std::vector<pollfd> polled;
    std::uint64_t accept_at = 0;
    while (signals == 0 || (signals == 1 && !clients.empty())) {
        std::uint64_t due = accept_at > now ? accept_at : now + 60000;
        polled.assign(1, {signals == 0 && accept_at <= now ? listener : -1, POLLIN, 0});
        for (const client &c : clients) {
            polled.push_back({c.fd, wire_events(c.b.c()), 0});
            due = std::min(due, c.b.next_timeout().value_or(due));
        }
        const std::uint64_t wait = due > now ? due - now : 0;
        const std::timespec timeout{static_cast<std::time_t>(wait / 1000), static_cast<long>(wait % 1000 * 1000000)};
        if (ppoll(polled.data(), polled.size(), &timeout, &waiting) < 0)
            std::for_each(polled.begin(), polled.end(), [](pollfd &one) { one.revents = 0; });
        now = now_ms();
        std::size_t i = 1;
        clients.remove_if([&](client &c) {
            const bool is_due = polled[i++].revents != 0 || c.b.next_timeout().value_or(now + 1) <= now || signals > 0;
            return is_due && !serve(c);
        });
        bool is_short = false;
        for (int fd; polled[0].revents != 0 && (fd = accept_on("echo_server_cpp", listener, &is_short)) >= 0;)
            clients.emplace_back(fd);
        if (is_short)
            accept_at = now + 500;
    }
}

} // namespace

int main(int argc, char **argv)
{
    chosen = read_options("echo_server_cpp", argc, argv);
    config.set(sans::option::max_fragments, 100000);
    if (chosen.max_message > 0)
        config.set(sans::option::max_message_len, chosen.max_message);
    sans::deflate_config deflate{};
    deflate.send_window_bits = 12;
    if (chosen.deflate)
        config.deflate(deflate);
    if (chosen.subprotocol != nullptr)
        config.subprotocols(chosen.subprotocol);
    if (config.status() != sans::result::ok)
        return std::fprintf(stderr, "echo_server_cpp: %s\n", sans::text(config.status())), 2;
    std::setvbuf(stdout, nullptr, _IOLBF, BUFSIZ);
    const sigset_t waiting = count_signals();
    const int listener = listen_on("echo_server_cpp", chosen.listen);
    run(listener, waiting);
    close(listener);
}
