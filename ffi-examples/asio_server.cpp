/*
 * An echo server in Asio's loop (standalone; with Boost, `asio` is `boost::asio`): each connection has a socket, a timer and buffers.
 *
 *     ffi-examples/build/asio_server [--listen ADDR:PORT] [--quiet] [--max-message BYTES] [--subprotocol LIST] [--deflate]
 *
 * `session::turn` and what it starts is the loop, to be copied; what is below is the echo.
 */
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/signal_set.hpp>
#include <asio/steady_timer.hpp>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "listen.h"
#include "sansocket.hpp"

namespace {

using asio::ip::tcp;

options chosen;
sans::config config;

/** The echo of the longest piece; compressing makes bytes longer that cannot be made shorter. */
constexpr std::size_t input_len = 16384, inflated_len = input_len / 2,
                      echo_len = input_len + input_len / 8 + input_len / 64 + 64 + SANSOCKET_MAX_FRAME_HEADER_LEN;

std::uint64_t now_ms()
{
    const auto since = std::chrono::steady_clock::now().time_since_epoch();
    return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::milliseconds>(since).count());
}

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

/** One connection. What is under way keeps it alive. */
class session : public std::enable_shared_from_this<session> {
  public:
    explicit session(tcp::socket accepted) : socket(std::move(accepted)), timer(socket.get_executor()) { all.insert(this); }
    session(const session &) = delete;
    ~session() { all.erase(this); }

    void turn();
    void go_away();
    inline static std::set<session *> all;

  private:
    void write_some();
    void read_some();
    void wait();
    void drop();
    void handle(sans::event event);
    void accept_request(sans::event request);

    tcp::socket socket;
    asio::steady_timer timer;
    bool is_writing = false, is_reading = false, was_shut_down = false;
    std::uint64_t waits_until = SANSOCKET_NEVER;
    sans::connection ws = sans::connection::server(config, now_ms());
    std::uint8_t input[input_len], output[2 * echo_len], inflated[inflated_len];
    std::optional<codec> own;
    sans::buffered b{ws, input, output, inflated, sans::buffered::messages::in_pieces, echo_len};
};

/** After whatever happens to the connection. */
void session::turn()
{
    asio::error_code ignored; // it fails if the peer has gone
    if (!socket.is_open())
        return;
    while (const sans::event event = b.next(now_ms()))
        handle(event);
    if (!is_writing && !b.due().empty())
        write_some();
    if (!is_reading && b.wants_reading())
        read_some();
    if (b.transport() == sans::transport::close)
        drop();
    else if (b.next_timeout().value_or(SANSOCKET_NEVER) < waits_until)
        wait();
    if (b.transport() == sans::transport::shutdown_write && !std::exchange(was_shut_down, true))
        socket.shutdown(tcp::socket::shutdown_send, ignored);
}

void session::write_some()
{
    is_writing = true;
    const sans::const_bytes due = b.due(); // it stays there, whatever is sent meanwhile
    socket.async_write_some(asio::buffer(due.data(), due.size()), [self = shared_from_this()](asio::error_code error, std::size_t n) {
        self->is_writing = false;
        if (error)
            self->b.write_failed();
        else
            self->b.written(n, now_ms());
        self->turn();
    });
}

void session::read_some()
{
    is_reading = true;
    const sans::bytes space = b.space();
    socket.async_read_some(asio::buffer(space.data(), space.size()), [self = shared_from_this()](asio::error_code error, std::size_t n) {
        self->is_reading = false;
        if (error)
            self->b.eof();
        else
            self->b.filled(n, now_ms());
        self->turn();
    });
}

/** Until the next deadline. Most become later before they come, and are looked at again then. */
void session::wait()
{
    waits_until = *b.next_timeout();
    timer.expires_at(std::chrono::steady_clock::time_point(std::chrono::milliseconds(waits_until)));
    timer.async_wait([self = shared_from_this()](asio::error_code error) {
        if (error)
            return; // another wait has taken its place
        self->waits_until = SANSOCKET_NEVER;
        self->b.filled(0, now_ms());
        self->turn();
    });
}

/** Ends what is under way. */
void session::drop()
{
    asio::error_code ignored;
    socket.close(ignored);
    timer.cancel();
}

// ---- The echo ----

void report(sans::event event)
{
    if (chosen.quiet)
        return;
    std::printf("%s", event.name());
    if (event.error() != sans::error::none)
        std::printf(": %s", sans::text(event.error()));
    if (event.close_code() != 0)
        std::printf(" %u", event.close_code());
    std::putchar('\n');
}

/** With a subprotocol of --subprotocol, or the first that the client offers; with a codec if the client compresses. */
void session::accept_request(sans::event request)
{
    const auto subprotocol = chosen.subprotocol != nullptr ? config.choose_subprotocol(request.bytes())
                                                           : sans::offered_subprotocol_at(request.bytes(), 0);
    if (b.accept_or_refuse(now_ms(), {sans::origin::any, {}, subprotocol.value_or("")}) != sans::result::ok)
        (void)b.respond(now_ms(), 500);
    if (const auto agreed = ws.deflate()) {
        own.emplace(*agreed);
        (void)b.inflate_with(own->inflater);
        (void)b.compress_with(own->compressor);
    }
}

void session::handle(sans::event event)
{
    static const sans::header plain[] = {{"Content-Type", "text/plain"}};
    std::uint64_t offset = event.offset();
    sans::const_bytes payload = event.bytes();
    if (event.type() == sans::event_type::request)
        accept_request(event);
    else if (event.type() == sans::event_type::http_request)
        (void)b.respond(now_ms(), 404, plain, "This port speaks WebSocket: connect with ws://\n");
    else if (event.type() == sans::event_type::data) // all of it is taken: there is room
        (void)b.send_part(now_ms(), event.kind(), offset, payload, event.last());
    else
        report(event);
}

/** Who has opened is told that the server stops, and waited for. */
void session::go_away()
{
    if (b.close(now_ms(), sans::close_code::going_away) == sans::result::not_open)
        drop();
    else
        turn();
}

void accept_all(tcp::acceptor &acceptor, asio::steady_timer &pause)
{
    acceptor.async_accept([&acceptor, &pause](asio::error_code error, tcp::socket accepted) {
        if (!acceptor.is_open())
            return;
        if (!error) {
            send_at_once(accepted.native_handle());
            std::make_shared<session>(std::move(accepted))->turn();
        } else if (error != asio::error::connection_aborted) { // descriptors or memory are used up: those who wait keep waiting
            complain("asio_server", error.message().c_str());
            pause.expires_after(std::chrono::milliseconds(500));
            pause.async_wait([&acceptor, &pause](asio::error_code) { accept_all(acceptor, pause); });
            return;
        }
        accept_all(acceptor, pause);
    });
}

} // namespace

int main(int argc, char **argv)
{
    chosen = read_options("asio_server", argc, argv);
    if (chosen.max_message > 0)
        config.set(sans::option::max_message_len, chosen.max_message);
    sans::deflate_config deflate{};
    deflate.send_window_bits = 12;
    if (chosen.deflate)
        config.deflate(deflate);
    if (chosen.subprotocol != nullptr)
        config.subprotocols(chosen.subprotocol);
    if (config.status() != sans::result::ok)
        return std::fprintf(stderr, "asio_server: %s\n", sans::text(config.status())), 2;
    std::setvbuf(stdout, nullptr, _IOLBF, BUFSIZ);
    std::signal(SIGPIPE, SIG_IGN); // of the log: Asio writes with MSG_NOSIGNAL

    asio::io_context io(1);
    asio::steady_timer pause(io);
    tcp::acceptor acceptor(io, chosen.listen[0] == '[' ? tcp::v6() : tcp::v4(), listen_on("asio_server", chosen.listen));
    asio::signal_set stop(io, SIGINT, SIGTERM);
    stop.async_wait([&](asio::error_code, int) {
        stop.clear(); // a second signal ends the program
        acceptor.close();
        pause.cancel();
        for (session *one : session::all)
            one->go_away();
    });
    accept_all(acceptor, pause);
    io.run();
}
