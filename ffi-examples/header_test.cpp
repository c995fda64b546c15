// The C++ header, every function of it: two connections that talk to each other in memory. Prints what differs, and exits 1.
#include <algorithm>
#include <array>
#include <cstdio>
#include <string>
#include <utility>
#include <vector>

#include "sansocket.hpp"

namespace {

int failures;

#define EXPECT(condition) \
    do { \
        if (!(condition)) { \
            std::printf("header_test.cpp:%d: not so: %s\n", __LINE__, #condition); \
            failures++; \
        } \
    } while (0)

using sans::result;

/** Counts up: predictable, so for tests only. */
struct counting {
    std::uint8_t next = 0;
    bool works = true;
    bool operator()(sans::bytes bytes)
    {
        for (std::uint8_t &byte : bytes)
            byte = next++;
        return works;
    }
};

bool zeros(sans::bytes bytes)
{
    for (std::uint8_t &byte : bytes)
        byte = 0;
    return true;
}

/** One side: a connection, and what is on its way to it. */
struct side {
    sans::connection ws;
    std::vector<std::uint8_t> input;
    std::array<std::uint8_t, 4096> output;
    sans::io io;

    explicit side(sans::connection begun) : ws(std::move(begun)), output{} {}

    /** Prepares a call. */
    sans::io &ready(std::uint64_t now_ms = 0)
    {
        io.now(now_ms);
        io.input(input);
        io.output(output);
        return io;
    }
    /** Takes the next event. */
    sans::event next(std::uint64_t now_ms = 0)
    {
        EXPECT(ws.receive(ready(now_ms)) == result::ok);
        return io.event();
    }
    /** Sends what is due to the other side, and forgets what was consumed. */
    void pass(side &other)
    {
        const sans::bytes due = io.due();
        other.input.insert(other.input.end(), due.begin(), due.end());
        std::vector<std::uint8_t>(io.input().begin(), io.input().end()).swap(input);
        io.output(output);
    }
};

void whole_conversation()
{
    static const sans::config config = sans::config()
                                           .subprotocols("chat, superchat")
                                           .set(sans::option::keepalive_interval_ms, 1000)
                                           .set(sans::option::auto_pong, 0);
    counting random;
    side client(sans::connection::client(config, random, 0)), server(sans::connection::server(config, 0));
    const sans::header cookie[] = {{"Cookie", "a=b"}}, set_cookie[] = {{"Set-Cookie", "c=d"}};
    const sans::text_view origins[] = {"https://example.com"};

    EXPECT(config.status() == result::ok && client.ws.role() == sans::role::client && server.ws.role() == sans::role::server);
    EXPECT(client.ws.request(client.ready(), {"example.com", "/chat?room=1", "https://example.com", cookie}) == result::ok);
    client.pass(server);

    sans::event event = server.next();
    EXPECT(event.type() == sans::event_type::request && std::string_view(event.name()) == "request");
    const auto parts = event.request();
    EXPECT(parts && parts->method == "GET" && parts->target == "/chat?room=1" && parts->path == "/chat" &&
           parts->query == "room=1" && parts->host == "example.com" && parts->origin == "https://example.com");
    EXPECT(event.header("cookie") == "a=b" && !event.header("absent"));
    EXPECT(sans::header_at(event.bytes(), 0) && !sans::header_at(event.bytes(), 99));
    const auto chosen = config.choose_subprotocol(event.bytes());
    EXPECT(chosen == "chat");
    EXPECT(server.ws.accept(server.io, {sans::origin::one_of, origins, *chosen, set_cookie}) == result::ok);
    server.pass(client);
    EXPECT(client.next().type() == sans::event_type::opened);
    EXPECT(client.io.event().status() == 101 && client.io.event().header("Set-Cookie") == "c=d");
    EXPECT(client.ws.subprotocol() == "chat" && server.ws.subprotocol() == "chat" && client.ws.state() == sans::state::open);
    client.pass(server);

    // A message in two fragments, and a Ping between them that is answered by hand.
    EXPECT(client.ws.send_text(client.ready(), "Hel", false) == result::ok);
    EXPECT(client.ws.ping(client.io, sans::as_bytes("?")) == result::ok);
    EXPECT(client.ws.send_text(client.io, "lo") == result::ok);
    client.pass(server);
    event = server.next();
    EXPECT(event.type() == sans::event_type::data && event.is_text() && event.first() && !event.last() && event.text() == "Hel");
    server.pass(client);
    event = server.next();
    EXPECT(event.type() == sans::event_type::ping && !event.answered() && event.text() == "?");
    EXPECT(server.ws.pong(server.io, event.bytes()) == result::ok);
    server.pass(client);
    EXPECT(client.next().type() == sans::event_type::pong);
    client.pass(server);
    event = server.next();
    EXPECT(event.text() == "lo" && event.offset() == 3 && event.last() && !event.whole());
    EXPECT(server.ws.send(server.io, sans::kind::text, event.bytes()) == result::ok);
    EXPECT(server.ws.send_binary(server.io, std::vector<std::uint8_t>{1, 2, 3}) == result::ok);
    server.pass(client);
    EXPECT(client.next().whole() && client.io.event().text() == "lo");
    client.pass(server);
    EXPECT(client.next().kind() == sans::kind::binary && client.io.event().bytes().size() == 3);
    client.pass(server);

    // The keepalive, and a pause in it.
    EXPECT(client.ws.next_timeout() == 1000 && !client.ws.round_trip_us() && client.ws.poll_timeout(400) == 600);
    EXPECT(client.ws.pause(500) == result::ok && client.ws.resume(600) == result::ok);
    EXPECT(client.ws.handle_timeout(client.ready(1100)) == result::ok && !client.io.event() && !client.io.due().empty());
    client.pass(server);
    EXPECT(server.next(1100).type() == sans::event_type::ping);
    EXPECT(server.ws.pong(server.io, server.io.event().bytes()) == result::ok);
    server.pass(client);
    EXPECT(client.next(1107).type() == sans::event_type::pong && client.ws.round_trip_us() == 7000u);
    client.pass(server);

    // What is refused changes nothing.
    EXPECT(client.ws.send_text(client.ready(1200), "\xff") == result::invalid_utf8 && client.io.due().empty());
    client.io.output({});
    EXPECT(client.ws.send_text(client.io, "abc") == result::needs_room && client.io.needed() == 9);
    random.works = false;
    EXPECT(client.ws.send_text(client.ready(1200), "abc") == result::entropy_failed);
    random.works = true;

    // A connection moves, and still works.
    side moved(std::move(client.ws));
    EXPECT(!client.ws.initialised() && client.ws.receive(client.ready()) == result::not_initialised);
    EXPECT(client.ws.state() == sans::state::closed && client.ws.transport() == sans::transport::close &&
           !client.ws.next_timeout() && client.ws.close_code() == 1006 && !client.ws.role());
    EXPECT(moved.ws.close(moved.ready(1200), 3000, "bye") == result::ok);
    moved.pass(server);
    event = server.next(1200);
    EXPECT(event.type() == sans::event_type::close_received && event.close_code() == 3000 && event.text() == "bye");
    server.pass(moved);
    EXPECT(moved.next(1200).type() == sans::event_type::close_received);
    EXPECT(moved.ws.receive_eof(moved.ready(1200)) == result::ok && moved.io.event().type() == sans::event_type::closed);
    EXPECT(moved.io.event().was_clean() && moved.ws.was_clean() && moved.ws.close_code() == 3000);
}

void other_beginnings()
{
    static const sans::config config = sans::config().subprotocols("chat");
    side server(sans::connection::open_server(config, {0}, 0));
    side client(sans::connection::open_client(config, sans::entropy::of<zeros>(), {0}, 0));
    EXPECT(server.ws.subprotocol() == "chat" && client.ws.subprotocol() == "chat");
    EXPECT(client.ws.send_text(client.ready(), "abc") == result::ok);
    client.pass(server);
    EXPECT(server.next().text() == "abc" && server.ws.send(server.io, server.io.event()) == result::ok);
    EXPECT(server.io.due().size() == 5 && server.io.room() == server.output.size() - 5);
    EXPECT(server.ws.fail(server.ready(), 1011) == result::ok && server.ws.transport() == sans::transport::shutdown_write);

    side page(sans::connection::server(0));
    const std::string request = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
    page.input.assign(request.begin(), request.end());
    EXPECT(page.next().type() == sans::event_type::http_request);
    EXPECT(page.ws.respond(page.io, 404, {}, "not here") == result::ok);
    EXPECT(sans::as_text(page.io.due()).substr(0, 12) == "HTTP/1.1 404");

    side fault(sans::connection::server(0));
    fault.input = {0x16, 3, 1};
    EXPECT(fault.next().type() == sans::event_type::failed && fault.io.event().error() == sans::error::invalid_request_line);
    EXPECT(sans::close_code_of(sans::error::invalid_utf8) == sans::close_code::invalid_payload_data && sans::text(sans::error::invalid_utf8)[0] != '\0');
    EXPECT(sans::text(result::overlap)[0] != '\0' && sans::text(sans::event_type::data) == std::string("data"));

    const sans::config copy = config; // before it is lent
    EXPECT(copy.status() == result::ok && !sans::parse_request({}) && !copy.choose_subprotocol({}));
    EXPECT(sans::config().subprotocols("\xff").status() == result::invalid_subprotocol);
    EXPECT(sans::config().set(sans::option::max_message_len, 1).set(sans::option::idle_timeout_ms, 1).status() == result::ok);
    EXPECT(sans::config().set(sans::option::max_fragments, 1ull << 32).status() == result::out_of_range);

    // A page that may not connect is told so.
    side strict(sans::connection::server(0));
    const std::string stranger = "GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                                 "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nOrigin: https://stranger.example\r\n\r\n";
    strict.input.assign(stranger.begin(), stranger.end());
    EXPECT(strict.next().type() == sans::event_type::request);
    EXPECT(strict.ws.accept(strict.io, {sans::origin::same_host}) == result::origin_not_allowed && strict.io.due().empty());
    EXPECT(strict.ws.accept_or_refuse(strict.io, {sans::origin::same_host}) == result::ok);
    EXPECT(sans::as_text(strict.io.due()).substr(0, 12) == "HTTP/1.1 403" && strict.ws.state() == sans::state::closing);
    // What was written is taken out; the rest moves to the front.
    const std::string all(sans::as_text(strict.io.due()));
    strict.io.pop(9);
    EXPECT(sans::as_text(strict.io.due()) == all.substr(9));
    strict.io.pop(all.size() - 9);
    EXPECT(strict.io.due().empty() && strict.io.room() == strict.output.size());
    EXPECT(!sans::connection().initialised() && sans::version() == SANSOCKET_VERSION);
    EXPECT(sans::connection().c()->opaque[0] == 0 && config.c()->opaque[0] != 0);
}

void compression()
{
    static const sans::config config;
    static std::array<std::uint8_t, 1 << 9> history;
    static std::array<std::uint8_t, 1 << 10> memory;
    static std::array<std::uint8_t, 4096> window;
    const sans::negotiated agreed{{}, sans::negotiated::deflate{false, 9, false, 9}};
    side server(sans::connection::open_server(config, agreed, 0));
    side client(sans::connection::open_client(config, sans::entropy::of<zeros>(), agreed, 0));
    sans::compressor compressor(9, sans::level::fast, memory);
    sans::inflater inflater{sans::bytes(history)};
    const std::string text(3000, 'x');

    EXPECT(compressor.window_bits() == 9u && inflater.window_bits() == 9u && sans::compressor::memory_len(8, sans::level::fast) == 512);
    sans::const_bytes left = sans::as_bytes(text);
    client.ready();
    result sent = result::ok;
    do {
        sent = client.ws.send(client.io, compressor, sans::kind::text, left);
    } while (sent == result::ok && !client.io.done());
    EXPECT(sent == result::ok && left.empty() && client.io.due().size() < 200);
    client.pass(server);
    EXPECT(server.ws.receive(server.ready(), inflater, window) == result::ok);
    EXPECT(server.io.event().whole() && server.io.event().text() == text);

    sans::io io({}, window, 0);
    left = sans::as_bytes(text);
    EXPECT(compressor.reset() == result::ok && compressor.compress(io, left, true) == result::ok && io.done() && left.empty());
    std::vector<std::uint8_t> compressed(io.due().begin(), io.due().end());
    io.input(compressed);
    io.output(window);
    EXPECT(inflater.reset() == result::ok && inflater.inflate(io) == result::ok && io.input().empty());
    EXPECT(inflater.inflate_end(io) == result::ok && io.done() && sans::as_text(io.due()) == text);

    sans::inflater moved(std::move(inflater));
    EXPECT(moved.window_bits() && !inflater.window_bits() && inflater.reset() == result::not_initialised);
    EXPECT(!sans::compressor(16, sans::level::fast, memory).window_bits() && !sans::inflater({}).window_bits());
}

/** A codec that stores, as `deflate` with level 0 does. */
struct storing {
    bool run(sans::codec_step &step) noexcept
    {
        const std::size_t n = step.output_size < 10 ? 0 : std::min(step.input_len, step.output_size - 10);
        std::uint8_t *to = step.output;
        const auto block = [&](std::size_t len) {
            const std::uint8_t head[] = {0, std::uint8_t(len), std::uint8_t(len >> 8), std::uint8_t(~len), std::uint8_t(~len >> 8)};
            to = std::copy(head, head + 5, to);
        };
        if (n > 0) {
            block(n);
            to = std::copy(step.input, step.input + n, to);
        }
        if (step.flush != 0 && n == step.input_len && step.output_size >= 6)
            block(0);
        step.consumed = n;
        step.produced = static_cast<std::size_t>(to - step.output);
        return works;
    }
    void reset() noexcept { resets++; }
    bool works = true;
    int resets = 0;
};

/** One that inflates with the library's own. */
struct wrapping {
    bool run(sans::codec_step &step) noexcept
    {
        std::array<std::uint8_t, 256> input;
        const std::size_t len = std::min(step.input_len, input.size());
        std::copy(step.input, step.input + len, input.begin());
        sans::io io(sans::bytes(input).first(len), {step.output, step.output_size}, 0);
        const bool right = inner.inflate(io) == result::ok;
        step.consumed = len - io.input().size();
        step.produced = io.due().size();
        return right;
    }
    void reset() noexcept { (void)inner.reset(); }
    sans::inflater inner;
};

/** Codecs of the caller's, and one frame for many. */
void other_codecs()
{
    static const sans::config config;
    static std::array<std::uint8_t, 1 << 9> history;
    static std::array<std::uint8_t, 1 << 10> memory;
    static std::array<std::uint8_t, 4096> window, frame;
    const sans::negotiated agreed{{}, sans::negotiated::deflate{true, 9, false, 9}};
    side server(sans::connection::open_server(config, agreed, 0));
    side client(sans::connection::open_client(config, sans::entropy::of<zeros>(), agreed, 0));
    storing stores;
    wrapping inflates{sans::inflater(sans::bytes(history))};
    sans::deflate_codec compressor(stores, 9);
    sans::inflate_codec inflater(inflates, 9);

    sans::const_bytes left = sans::as_bytes("Hello");
    EXPECT(server.ws.send(server.ready(), compressor, sans::kind::text, left) == result::ok && server.io.done() && left.empty());
    EXPECT(sans::as_text(server.io.due()) == std::string_view("\xc1\x0b\0\x05\0\xfa\xffHello\0", 13) && stores.resets == 1);
    server.pass(client);
    EXPECT(client.ws.receive(client.ready(), inflater, window) == result::ok && client.io.event().text() == "Hello");
    EXPECT(client.io.event().whole() && client.io.input().empty());

    sans::compressor shared(9, sans::level::fast, memory);
    sans::io io({}, frame, 0);
    EXPECT(shared.is_idle() && shared.encode(io, 9, sans::kind::text, sans::as_bytes("tick tick tick")) == result::ok);
    EXPECT(compressor.encode(io, 9, sans::kind::text, sans::as_bytes("tock")) == result::ok && io.due().size() > 20);
    std::size_t due = 0;
    EXPECT(server.ws.send_compressed(io.due(), 9, due) == result::ok && due == io.due().size());
    EXPECT(server.ws.send_compressed(io.due(), 10, due) == result::no_deflate);
    client.input.assign(io.due().begin(), io.due().end());
    EXPECT(client.ws.receive(client.ready(), inflater, window) == result::ok && client.io.event().text() == "tick tick tick");
    EXPECT(client.ws.receive(client.io, inflater, window) == result::ok && client.io.event().text() == "tock");

    stores.works = false;
    left = sans::as_bytes("Hello");
    EXPECT(server.ws.send(server.ready(), compressor, sans::kind::text, left) == result::codec_failed && left.size() == 5);
    EXPECT(!server.io.done() && server.ws.fail(server.io, sans::close_code::internal_error) == result::ok);
    EXPECT(sans::text(result::codec_failed)[0] != '\0');
}

void negotiated_compression()
{
    static const sans::deflate_config small{0, 10, 0, 1, 0, {}};
    static const sans::config config = sans::config().deflate({}), narrow = sans::config().deflate(small);
    side client(sans::connection::client(narrow, sans::entropy::of<zeros>(), 0)), server(sans::connection::server(config, 0));
    EXPECT(client.ws.request(client.ready(), {"example.com"}) == result::ok && !client.ws.deflate());
    client.pass(server);
    sans::event event = server.next();
    const auto offer = config.offered_deflate(event.bytes());
    EXPECT(offer && offer->server_no_context_takeover && offer->server_max_window_bits == 10 && offer->client_max_window_bits == 15);
    EXPECT(!sans::config().offered_deflate(event.bytes()));
    sans::acceptance how{sans::origin::any};
    const sans::deflate_config wrong{7, 0, 0, 0, 0, {}};
    how.deflate = &wrong;
    EXPECT(server.ws.accept(server.io, how) == result::invalid_window_bits);
    how.deflate = nullptr;
    EXPECT(server.ws.accept(server.io, how) == result::ok);
    server.pass(client);
    EXPECT(client.next().type() == sans::event_type::opened);
    const auto agreed = client.ws.deflate();
    EXPECT(agreed && agreed->receive_window_bits == 10 && agreed->receive_no_context_takeover && agreed->send_window_bits == 15);
    EXPECT(server.ws.deflate()->send_window_bits == 10 && sans::config().deflate(wrong).status() == result::out_of_range);
}

void parts_of_the_machine()
{
    static const sans::config config;
    side server(sans::connection::open_server(config, {}, 0));
    sans::url url;
    EXPECT(sans::parse_url("wss://example.com:8443/chat?a", url) == result::ok && url.host == "example.com" && url.port == 8443 &&
           url.authority == "example.com:8443" && url.target == "/chat?a" && url.is_secure);
    EXPECT(sans::parse_url("ftp://example.com", url) == result::url_invalid_scheme && url.port == 8443);
    const auto accept = sans::accept_key("dGhlIHNhbXBsZSBub25jZQ=="); // §1.3
    EXPECT(std::string_view(accept.data(), accept.size()) == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    EXPECT(sans::token_at("chat, superchat", 1) == "superchat" && !sans::token_at("chat", 1));
    EXPECT(sans::close_code_is_allowed(1000) && !sans::close_code_is_allowed(SANSOCKET_CLOSE_ABNORMAL_CLOSURE));

    const std::string request = "GET / HTTP/1.1\r\nHost: h\r\nSec-WebSocket-Protocol: a, b\r\n\r\n", response = "HTTP/1.1 403 No\r\n\r\n";
    std::size_t len = 0;
    sans::error why = sans::error::none;
    EXPECT(config.find_head(sans::role::client, sans::as_bytes(request + "more"), len) == result::ok && len == request.size());
    EXPECT(config.find_head(sans::role::client, sans::as_bytes("\x16"), len, &why) == result::not_a_head &&
           why == sans::error::invalid_request_line);
    EXPECT(sans::offered_subprotocol_at(sans::as_bytes(request), 1) == "b");
    const auto parts = sans::parse_response(sans::as_bytes(response));
    EXPECT(parts && parts->status == 403 && parts->reason == "No");

    sans::frame_header header{};
    header.payload_len = 300;
    header.opcode = SANSOCKET_OPCODE_BINARY;
    header.fin = 1;
    EXPECT(server.ready().encode_frame_header(header) == result::ok && server.io.due().size() == 4);
    EXPECT(sans::decode_frame_header(server.io.due(), {}, header) == result::ok && header.payload_len == 300);
    EXPECT(sans::decode_frame_header(server.io.due(), {1, sans::masking::any, 0}, header, &why) == result::not_a_frame &&
           why == sans::error::message_too_long);
    std::uint8_t bytes[] = {1, 2, 3};
    const std::uint8_t key[] = {1, 2, 3, 4};
    EXPECT(sans::apply_mask(key, 0, bytes) == result::ok && bytes[2] == 0);

    EXPECT(server.ready().encode_message(sans::kind::text, sans::as_bytes("all")) == result::ok);
    std::size_t due = 0;
    EXPECT(server.ws.send_encoded(server.io.due(), due) == result::ok && due == 5);
    EXPECT(server.ws.written(due, 0) == result::ok);
    EXPECT(sans::as_text(server.io.due()) == "\x81\x03" "all");
    EXPECT(server.ws.send_header(server.ready(), sans::kind::binary, bytes) == result::ok && server.io.due().size() == 2);
    EXPECT(server.ws.send_binary_header(server.ready(), 70000) == result::ok && server.io.due().size() == 10);

    // "Hel" and "lo", from a client whose masking keys are 0.
    std::array<std::uint8_t, 16> memory{};
    server.input = {0x01, 0x83, 0, 0, 0, 0, 'H', 'e', 'l', 0x80, 0x82, 0, 0, 0, 0, 'l', 'o'};
    EXPECT(server.next().first() && server.io.collect(memory) == result::incomplete);
    EXPECT(server.ws.receive(server.io) == result::ok && server.io.collect(memory) == result::ok);
    EXPECT(server.io.event().whole() && server.io.event().text() == "Hello");

    side page(sans::connection::server(0));
    const std::string get = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
    page.input.assign(get.begin(), get.end());
    EXPECT(page.next() && page.ws.respond_head(page.io, 200, {}, 5) == result::ok);
    EXPECT(sans::as_text(page.io.due()).find("5\r\n") != std::string_view::npos);
}

/** Takes what is due from one side to the other, or the end. */
void carry(sans::buffered &from, sans::buffered &to)
{
    const sans::const_bytes due = from.due();
    const sans::bytes space = to.space();
    const std::size_t n = due.size() < space.size() ? due.size() : space.size();
    std::copy(due.begin(), due.begin() + static_cast<std::ptrdiff_t>(n), space.begin());
    from.written(n, 0);
    to.filled(n, 0);
    if (n == 0 && from.transport() != sans::transport::keep && to.wants_reading())
        to.eof();
}

void buffered_conversation()
{
    static counting random;
    static std::array<std::uint8_t, 512> buffers[4], joining, block;
    sans::connection connections[2] = {sans::connection::client(random, 0), sans::connection::server(0)};
    sans::buffered client(connections[0], buffers[0], buffers[1]);
    sans::buffered server(connections[1], buffers[2], buffers[3], sans::bytes(joining));
    EXPECT(client.status() == result::ok && server.status() == result::ok && client.room() == 512 - sans::max_answer);
    EXPECT(client.request(0, {"example.com"}) == result::ok);
    bool clean = false;
    int echoes = 0;
    for (int rounds = 0; rounds < 100 && client.transport() != sans::transport::close; rounds++) {
        while (const sans::event event = client.next(0)) {
            if (event.type() == sans::event_type::opened)
                EXPECT(client.send_text(0, "Hello") == result::ok && client.ping(0) == result::ok);
            else if (event.type() == sans::event_type::data && ++echoes == 1)
                EXPECT(event.text() == "Hello" && client.current().whole() && client.send_binary(0, event.bytes()) == result::ok);
            else if (event.type() == sans::event_type::data)
                EXPECT(!event.is_text() && client.close(0, sans::close_code::normal_closure, "bye") == result::ok);
            else if (event.type() == sans::event_type::closed)
                clean = event.was_clean();
        }
        while (const sans::event event = server.next(0)) {
            if (event.type() == sans::event_type::request)
                EXPECT(server.accept(0, {sans::origin::one_of}) == result::ok);
            else if (event.type() == sans::event_type::data)
                EXPECT(server.send(0, event) == result::ok);
        }
        EXPECT(client.status() == result::ok && server.status() == result::ok);
        carry(client, server);
        carry(server, client);
    }
    EXPECT(clean && echoes == 2 && client.poll_timeout(0) == 0 && !client.next_timeout() && client.remaining() > 0);

    // Turns, and the rest.
    static const sans::config config;
    sans::connection shared = sans::connection::open_server(config, {}, 0);
    sans::buffered turn(shared, buffers[0], buffers[1], sans::buffered::messages::in_pieces);
    EXPECT(turn.remaining() == 0 && turn.send_text(0, "kept") == result::ok);
    const std::size_t size = turn.remaining();
    EXPECT(size <= block.size() && turn.detach() == result::wrong_memory_len && turn.detach(block) == result::ok);
    EXPECT(!turn.next(0) && turn.status() == result::not_initialised && turn.transport() == sans::transport::close);
    turn = sans::buffered(shared, buffers[0], buffers[1], sans::buffered::messages::in_pieces);
    EXPECT(turn.restore(sans::const_bytes(block.data(), size)) == result::ok && turn.due().size() == 6);
    turn.written(7, 0);
    EXPECT(turn.status() == result::invalid_argument);
    turn.written(6, 0);
    turn.pause(0);
    EXPECT(turn.space().empty() && turn.status() == result::ok);
    turn.resume(0);
    EXPECT(!turn.next(0) && turn.space().size() == 512 && turn.unread().empty());
    turn.discard(0);
    const std::array<std::uint8_t, 1000> large{};
    sans::const_bytes rest = large;
    std::uint64_t offset = 0;
    EXPECT(turn.send_part(0, sans::kind::binary, offset, rest) == result::ok && offset + rest.size() == 1000 && offset > 300);
    EXPECT(turn.send_part(0, sans::kind::binary, offset, rest) == result::needs_room && offset + rest.size() == 1000);
    const auto all = [](sans::const_bytes due, sans::const_bytes payload) { return due.size() + payload.size(); };
    EXPECT(turn.send_part_by(0, sans::kind::binary, offset, rest, true, all) == result::needs_room && offset + rest.size() == 1000);
    EXPECT(turn.send_encoded(0, sans::as_bytes("\x81\x01" "a")) == result::message_unfinished);
    EXPECT(turn.pong(0) == result::needs_room && turn.fail(0, sans::close_code::internal_error) == result::ok);
    turn.write_failed();
    EXPECT(turn.due().empty() && !sans::buffered().next(0));

    sans::connection page = sans::connection::server(0);
    sans::buffered pages(page, buffers[0], buffers[1]);
    const std::string_view get = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
    EXPECT(!pages.next(0));
    std::copy(get.begin(), get.end(), pages.space().begin());
    pages.filled(get.size(), 0);
    EXPECT(pages.next(0).type() == sans::event_type::http_request);
    EXPECT(pages.accept_or_refuse(0, sans::const_bytes(), {sans::origin::any}) == result::not_a_head);
    EXPECT(pages.respond(0, 404, {}, "not here") == result::ok);
    EXPECT(sans::as_text(pages.due()).substr(0, 12) == "HTTP/1.1 404");
    EXPECT(sans::buffered(page, buffers[0], buffers[0]).status() == result::overlap);
}

/** Compressed both ways: by the library's codecs, by others, and once for many. */
void buffered_compression()
{
    static counting random;
    static std::array<std::uint8_t, 512> buffers[4], joining[2], history[2], frame;
    static std::array<std::uint8_t, 1024> memory;
    static const sans::config config;
    const std::string_view text = "Hello, hello, hello, hello";
    const sans::negotiated agreed{{}, sans::negotiated::deflate{true, 9, true, 9}};
    sans::connection c = sans::connection::open_client(config, random, agreed, 0), s = sans::connection::open_server(config, agreed, 0);
    sans::buffered client(c, buffers[0], buffers[1], joining[0], sans::buffered::messages::in_pieces);
    sans::buffered server(s, buffers[2], buffers[3], sans::bytes(joining[1]));
    sans::inflater inflater{sans::bytes(history[0])};
    sans::compressor compressor(9, sans::level::fast, memory);
    storing stores;
    wrapping inflates{sans::inflater(sans::bytes(history[1]))};
    sans::deflate_codec other_compressor(stores, 9);
    sans::inflate_codec other_inflater(inflates, 9);
    EXPECT(client.inflate_with(inflater) == result::ok && client.compress_with(other_compressor) == result::ok);
    EXPECT(server.inflate_with(other_inflater) == result::ok && server.compress_with(compressor, 20) == result::ok);

    EXPECT(client.send_text(0, text) == result::ok && client.due()[0] == 0xC1);
    carry(client, server);
    EXPECT(server.next(0).text() == text);
    EXPECT(server.send(0, server.current()) == result::ok && server.due()[0] == 0xC1 && server.due().size() < text.size());
    carry(server, client);
    EXPECT(client.next(0).text() == text && !client.next(0));
    EXPECT(server.send_text(0, "short") == result::ok && server.due()[0] == 0x81);
    EXPECT(server.send_plain(0, sans::kind::text, sans::as_bytes(text)) == result::ok && server.due()[7] == 0x81);
    std::uint64_t offset = 0;
    sans::const_bytes payload = sans::as_bytes(text);
    EXPECT(server.send_part_plain(0, sans::kind::text, offset, payload) == result::ok && payload.empty() && offset == text.size());
    sans::io io({}, frame, 0);
    EXPECT(compressor.encode(io, 9, sans::kind::text, sans::as_bytes(text)) == result::ok);
    EXPECT(server.send_compressed(0, io.due(), 9) == result::ok);
    carry(server, client);
    EXPECT(client.next(0).text() == "short");
    for (int i = 0; i < 3; i++)
        EXPECT(client.next(0).text() == text);
    EXPECT(!client.next(0) && client.inflate_with(nullptr) == result::ok && client.compress_with(nullptr) == result::ok);
    EXPECT(server.send_text(0, text) == result::ok);
    carry(server, client);
    EXPECT(!client.next(0) && client.status() == result::no_deflate);
}

static_assert(std::is_nothrow_move_constructible_v<sans::buffered> && !std::is_copy_constructible_v<sans::buffered>);
static_assert(!std::is_constructible_v<sans::buffered, sans::connection, sans::bytes, sans::bytes>);
static_assert(!std::is_copy_constructible_v<sans::connection> && !std::is_copy_assignable_v<sans::connection>);
static_assert(std::is_nothrow_move_constructible_v<sans::connection> && std::is_nothrow_move_assignable_v<sans::connection>);
static_assert(std::is_constructible_v<sans::entropy, counting &> && !std::is_constructible_v<sans::entropy, counting>);

} // namespace

int main()
{
    whole_conversation();
    other_beginnings();
    compression();
    negotiated_compression();
    other_codecs();
    parts_of_the_machine();
    buffered_conversation();
    buffered_compression();
    if (failures != 0)
        return 1;
    std::puts("header_test: as expected");
}
