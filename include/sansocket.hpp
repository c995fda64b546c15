/*
 * sansocket for C++17 and later: sansocket.h with types. Header only; nothing is allocated and nothing is thrown, so it may be
 * compiled without exceptions and without RTTI. What sansocket.h says about each function holds here.
 *
 *     sans::connection connection = sans::connection::server(config, now_ms);
 *     sans::buffered ws(connection, input, output);   // two arrays, vectors or spans
 *     ...
 *     while (const sans::event event = ws.next(now_ms)) {
 *         if (event.type() == sans::event_type::request)
 *             (void)ws.accept_or_refuse(now_ms, {sans::origin::same_host});
 *         else if (event.type() == sans::event_type::data)
 *             (void)ws.send(now_ms, event);           // the echo
 *     }
 *     // ws.due() goes to the peer, ws.space() is where to read into, ws.transport() is to be obeyed; wait for ws.poll_timeout(now_ms)
 *
 * `sans::buffered` has the whole loop. By hand, for programs that want every byte: a `sans::connection` and a `sans::io` for its calls.
 *
 * Where it differs from C:
 *
 * - The namespace is `sans`: `sansocket` is the name of C's struct.
 * - The enums are enum classes, with the names of C's constants in lower case (`level::standard`, since `default` is a keyword);
 *   `std::optional` says what may be absent.
 * - A `sans::connection` that was moved from, or could not begin, is as zeroed memory: all it gives is `not_initialised`.
 *
 * Who owns what is as in C: a `config`, its list of subprotocols and what an `entropy` refers to are lent to connections for as
 * long as those are used; all else is needed during the call only.
 */

#ifndef SANSOCKET_HPP
#define SANSOCKET_HPP

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string_view>
#include <type_traits>
#include <utility>

#include "sansocket.h"
#include "sansocket_enums.hpp"

#if defined(__has_include)
#if __has_include(<version>)
#include <version>
#endif
#endif
#if defined(__cpp_lib_span)
#include <span>
#define SANSOCKET_CPP_ABI std_span
#else
#define SANSOCKET_CPP_ABI own_span
#endif

namespace sans {
// What is compiled with std::span and what is not may be linked into one program: their types have different names.
inline namespace SANSOCKET_CPP_ABI {

#if defined(__cpp_lib_span)
template <class T>
using span = std::span<T>;
#else
/** Some T in a row that belong to somebody else: what C++20 calls std::span, as far as it is needed here. */
template <class T>
class span {
  public:
    constexpr span() noexcept = default;
    constexpr span(T *data, std::size_t size) noexcept : data_(data), size_(size) {}
    template <std::size_t N>
    constexpr span(T (&array)[N]) noexcept : data_(array), size_(N) {}
    /** From whatever has data() and size(): std::array, std::vector, another span. */
    template <class C, class = std::enable_if_t<std::is_convertible_v<
                           std::remove_pointer_t<decltype(std::declval<C &>().data())> (*)[], T (*)[]>>>
    constexpr span(C &container) noexcept : data_(container.data()), size_(container.size()) {}
    template <class C, class = std::enable_if_t<std::is_const_v<T> && std::is_convertible_v<
                           std::remove_pointer_t<decltype(std::declval<const C &>().data())> (*)[], T (*)[]>>>
    constexpr span(const C &container) noexcept : data_(container.data()), size_(container.size()) {}

    constexpr T *data() const noexcept { return data_; }
    constexpr std::size_t size() const noexcept { return size_; }
    constexpr bool empty() const noexcept { return size_ == 0; }
    constexpr T *begin() const noexcept { return data_; }
    constexpr T *end() const noexcept { return data_ + size_; }
    constexpr T &operator[](std::size_t at) const noexcept { return data_[at]; }
    constexpr span first(std::size_t count) const noexcept { return {data_, count}; }
    constexpr span subspan(std::size_t at) const noexcept { return {data_ + at, size_ - at}; }

  private:
    T *data_ = nullptr;
    std::size_t size_ = 0;
};
#endif

using bytes = span<std::uint8_t>;
using const_bytes = span<const std::uint8_t>;

/** The bytes of a text, as a payload. */
inline const_bytes as_bytes(std::string_view text) noexcept
{
    return {reinterpret_cast<const std::uint8_t *>(text.data()), text.size()};
}

/** Bytes as a text, whatever they are. */
inline std::string_view as_text(const_bytes data) noexcept
{
    return {reinterpret_cast<const char *>(data.data()), data.size()};
}

/** Bytes of free output that suffice for every `receive` and `handle_timeout`. */
inline constexpr std::size_t max_answer = SANSOCKET_MAX_ANSWER;
/** The most bytes that stay unconsumed once the opening handshake is over. */
inline constexpr std::size_t max_remainder = SANSOCKET_MAX_REMAINDER;

namespace detail {
constexpr result to_result(::sansocket_result of) noexcept { return static_cast<result>(of); }
constexpr ::sansocket_result c(result of) noexcept { return static_cast<::sansocket_result>(of); }
constexpr ::sansocket_error c(error of) noexcept { return static_cast<::sansocket_error>(of); }
constexpr ::sansocket_event_type c(event_type of) noexcept { return static_cast<::sansocket_event_type>(of); }
constexpr ::sansocket_kind c(kind of) noexcept { return static_cast<::sansocket_kind>(of); }
constexpr ::sansocket_level c(level of) noexcept { return static_cast<::sansocket_level>(of); }
constexpr ::sansocket_role c(role of) noexcept { return static_cast<::sansocket_role>(of); }
inline std::string_view view(const ::sansocket_text &text) noexcept { return {text.data, text.len}; }
inline std::optional<std::string_view> view_if_any(const ::sansocket_text &text) noexcept
{
    return text.data == nullptr ? std::nullopt : std::optional<std::string_view>(view(text));
}
inline std::optional<std::uint64_t> unless_never(std::uint64_t value) noexcept
{
    return value == SANSOCKET_NEVER ? std::nullopt : std::optional(value);
}
} // namespace detail

inline const char *text(result of) noexcept { return ::sansocket_result_text(detail::c(of)); }
inline const char *text(error of) noexcept { return ::sansocket_error_text(detail::c(of)); }
inline const char *text(event_type of) noexcept { return ::sansocket_event_text(detail::c(of)); }
inline const char *text(end_cause of) noexcept { return ::sansocket_end_cause_text(static_cast<::sansocket_end_cause>(of)); }

/** The close code that tells a peer of an error. */
inline close_code close_code_of(error of) noexcept { return static_cast<close_code>(::sansocket_error_close_code(detail::c(of))); }

/** Whether the code may stand in a Close frame. */
inline bool close_code_is_allowed(std::uint16_t code) noexcept { return ::sansocket_close_code_is_allowed(code) != 0; }

/** The version of the library that runs, as `SANSOCKET_VERSION` has that of the header. */
inline std::uint32_t version() noexcept { return ::sansocket_version(); }

/** A `sansocket_text` that is made from a string_view, so that lists of them can be passed. */
struct text_view : ::sansocket_text {
    constexpr text_view() noexcept : ::sansocket_text{nullptr, 0} {}
    constexpr text_view(std::string_view text) noexcept : ::sansocket_text{text.data(), text.size()} {}
    constexpr text_view(const char *text) noexcept : text_view(std::string_view(text)) {}
    constexpr operator std::string_view() const noexcept { return {data, len}; }
};

/** One header line. */
struct header : ::sansocket_header {
    constexpr header(std::string_view field, std::string_view content) noexcept
        : ::sansocket_header{{field.data(), field.size()}, {content.data(), content.size()}}
    {
    }
};
static_assert(sizeof(text_view) == sizeof(::sansocket_text) && sizeof(header) == sizeof(::sansocket_header),
              "lists are passed as they are");

/** What a client asks for. */
struct client_request {
    /** Host, with the port unless it is the scheme's default. */
    std::string_view host;
    /** Path and query. */
    std::string_view target = "/";
    /** Origin, which browsers send and others may; none if it is empty. */
    std::string_view origin = {};
    /** Further headers: Authorization, Cookie, User-Agent. */
    span<const header> headers = {};
};

/** What is wanted of permessage-deflate, what a client offers of it, and what was agreed, as C has it. */
using deflate_config = ::sansocket_deflate_config;
using deflate_offer = ::sansocket_deflate_offer;
using deflate_agreement = ::sansocket_deflate_agreement;

/** How a server accepts an opening handshake: `{sans::origin::any}`. */
struct acceptance {
    enum origin origin;
    /** For `origin::one_of`. */
    span<const text_view> origins = {};
    /** Out of `choose_subprotocol`; none if it is empty. */
    std::string_view subprotocol = {};
    /** Further headers, such as Set-Cookie. */
    span<const header> headers = {};
    /** Compression for this client: other settings than those of the configuration, which has it on. */
    const deflate_config *deflate = nullptr;
    /** No compression for this client. */
    bool no_deflate = false;
};

namespace detail {
inline ::sansocket_client_request c_request(const client_request &wanted) noexcept
{
    ::sansocket_client_request raw{};
    raw.host = text_view(wanted.host);
    raw.target = text_view(wanted.target);
    raw.origin = text_view(wanted.origin);
    raw.headers = wanted.headers.data();
    raw.header_count = wanted.headers.size();
    return raw;
}
inline ::sansocket_acceptance c_acceptance(const acceptance &how) noexcept
{
    ::sansocket_acceptance raw{};
    raw.origin = static_cast<::sansocket_origin>(how.origin);
    raw.origins = how.origins.data();
    raw.origin_count = how.origins.size();
    raw.subprotocol = text_view(how.subprotocol);
    raw.headers = how.headers.data();
    raw.header_count = how.headers.size();
    raw.deflate = how.deflate;
    raw.no_deflate = how.no_deflate;
    return raw;
}
} // namespace detail

/** A request, read in place: all texts lie in the head, or are constants. */
struct request_parts {
    std::string_view method;
    std::string_view target;
    std::string_view path;
    std::optional<std::string_view> query;
    std::optional<std::string_view> host;
    std::optional<std::string_view> origin;
};

/** The parts of the head of a request; nothing if it is not one. */
inline std::optional<request_parts> parse_request(const_bytes head) noexcept
{
    ::sansocket_request_parts parts{};
    if (::sansocket_request_parse(head.data(), head.size(), &parts) != SANSOCKET_OK)
        return std::nullopt;
    return request_parts{detail::view(parts.method),       detail::view(parts.target),      detail::view(parts.path),
                         detail::view_if_any(parts.query), detail::view_if_any(parts.host), detail::view_if_any(parts.origin)};
}

/** A response, read in place. */
struct response_parts {
    std::uint16_t status;
    std::string_view reason;
};

/** The parts of the head of a response; nothing if it is not one. */
inline std::optional<response_parts> parse_response(const_bytes head) noexcept
{
    ::sansocket_response_parts parts{};
    if (::sansocket_response_parse(head.data(), head.size(), &parts) != SANSOCKET_OK)
        return std::nullopt;
    return response_parts{parts.status, detail::view(parts.reason)};
}

/** The subprotocol at `index`, counted from 0, of those that the client offers in the head of its request. */
inline std::optional<std::string_view> offered_subprotocol_at(const_bytes head, std::size_t index) noexcept
{
    return detail::view_if_any(::sansocket_request_subprotocol_at(head.data(), head.size(), index));
}

/** The token at `index`, counted from 0, of a header's value that is a list. */
inline std::optional<std::string_view> token_at(std::string_view value, std::size_t index) noexcept
{
    return detail::view_if_any(::sansocket_token_at(value.data(), value.size(), index));
}

/** The Sec-WebSocket-Accept that answers a key, for those who do the opening handshake themselves. */
inline std::array<char, SANSOCKET_ACCEPT_KEY_LEN> accept_key(std::string_view key) noexcept
{
    std::array<char, SANSOCKET_ACCEPT_KEY_LEN> accept{};
    (void)::sansocket_accept_key(key.data(), key.size(), accept.data());
    return accept;
}

/** A URL: where to connect, and what to ask for. All texts lie in it, or are constants. */
struct url {
    std::string_view host;
    /** Host and port as `client_request` takes them. */
    std::string_view authority;
    std::string_view target;
    std::uint16_t port = 0;
    bool is_secure = false;
};

/** Cuts a URL into its parts; `parts` is written with `ok` only. */
inline result parse_url(std::string_view text, url &parts) noexcept
{
    ::sansocket_url raw{};
    const ::sansocket_result number = ::sansocket_url_parse(text.data(), text.size(), &raw);
    if (number == SANSOCKET_OK)
        parts = {detail::view(raw.host), detail::view(raw.authority), detail::view(raw.target), raw.port, raw.is_secure != 0};
    return detail::to_result(number);
}

/** A frame's header, as C has it. */
using frame_header = ::sansocket_frame_header;

/** What a header must satisfy beyond its syntax. */
struct frame_rules {
    std::uint64_t max_payload_len = UINT64_MAX >> 1;
    enum masking masking = masking::any;
    /** The reserved bits that an extension gave a meaning. */
    std::uint8_t rsv = 0;
};

/** Reads the frame header at the start of the input; `why` is written with `not_a_frame` only. */
inline result decode_frame_header(const_bytes input, const frame_rules &rules, frame_header &header,
                                  error *why = nullptr) noexcept
{
    ::sansocket_frame_rules raw{};
    raw.max_payload_len = rules.max_payload_len;
    raw.masking = static_cast<::sansocket_masking>(rules.masking);
    raw.rsv = rules.rsv;
    ::sansocket_error fault = SANSOCKET_ERROR_NONE;
    const ::sansocket_result number = ::sansocket_frame_header_decode(input.data(), input.size(), &raw, &header, &fault);
    if (number == SANSOCKET_NOT_A_FRAME && why != nullptr)
        *why = static_cast<error>(fault);
    return detail::to_result(number);
}

/** Widens a 32-bit counter of milliseconds that wraps: see `sansocket_widen_ms`. */
inline std::uint64_t widen_ms(std::uint64_t last_ms, std::uint32_t tick) noexcept { return ::sansocket_widen_ms(last_ms, tick); }

/** Masks or unmasks a payload in place, `offset` bytes of which went before. */
inline result apply_mask(const std::uint8_t (&key)[4], std::uint64_t offset, bytes payload) noexcept
{
    return detail::to_result(::sansocket_apply_mask(key, offset, payload.data(), payload.size()));
}

/** The value of the first header of that name in the head of a request or response; nothing if there is none. */
inline std::optional<std::string_view> find_header(const_bytes head, std::string_view name) noexcept
{
    return detail::view_if_any(::sansocket_head_header(head.data(), head.size(), name.data(), name.size()));
}

/** The header at `index`, counted from 0, as name and value; nothing past the last. */
inline std::optional<std::pair<std::string_view, std::string_view>> header_at(const_bytes head, std::size_t index) noexcept
{
    const ::sansocket_header found = ::sansocket_head_header_at(head.data(), head.size(), index);
    if (found.name.data == nullptr)
        return std::nullopt;
    return std::pair(detail::view(found.name), detail::view(found.value));
}

/**
 * Limits, timeouts and subprotocols, built call by call: `config().set(option::max_message_len, 65536).subprotocols("chat")`. May be copied
 * until it is lent to a connection; from then on it stays where it is, unchanged, for as long as that is used.
 */
class config {
  public:
    config() noexcept
    {
        const ::sansocket_setup setup = SANSOCKET_SETUP;
        status_ = detail::to_result(::sansocket_config_init(&raw_, &setup));
    }

    /** `ok`, or what the first setter that was refused gave; the others took effect. */
    [[nodiscard]] result status() const noexcept { return status_; }

    /** Sets an option: `set(sans::option::max_message_len, 65536)`. */
    config &set(option which, std::uint64_t value) noexcept
    {
        return note(::sansocket_config_set(&raw_, static_cast<::sansocket_option>(which), value));
    }

    /** In order of preference: `chat, superchat`. The list is lent as the configuration is. */
    config &subprotocols(std::string_view list) noexcept
    {
        return note(::sansocket_config_set_subprotocols(&raw_, list.data(), list.size()));
    }

    /** Turns compression on: `deflate({})` with the RFC's defaults. */
    config &deflate(const deflate_config &settings) noexcept { return note(::sansocket_config_set_deflate(&raw_, &settings)); }

    /** What the client offers of compression in the head of its request, if this configuration has it on. */
    [[nodiscard]] std::optional<deflate_offer> offered_deflate(const_bytes head) const noexcept
    {
        const ::sansocket_deflate_offer offer = ::sansocket_request_deflate_offer(&raw_, head.data(), head.size());
        return offer.is_offered == 0 ? std::nullopt : std::optional(offer);
    }

    /** The first subprotocol of this configuration that the client offers in the head of its request. */
    [[nodiscard]] std::optional<std::string_view> choose_subprotocol(const_bytes head) const noexcept
    {
        return detail::view_if_any(::sansocket_choose_subprotocol(&raw_, head.data(), head.size()));
    }

    /** The length of the head at the start of the input, within these limits: a client's request, a server's response. */
    result find_head(role sender, const_bytes input, std::size_t &len, error *why = nullptr) const noexcept
    {
        ::sansocket_error fault = SANSOCKET_ERROR_NONE;
        const ::sansocket_result number =
            ::sansocket_head_find(&raw_, detail::c(sender), input.data(), input.size(), &len, &fault);
        if (number == SANSOCKET_NOT_A_HEAD && why != nullptr)
            *why = static_cast<error>(fault);
        return detail::to_result(number);
    }

    [[nodiscard]] const ::sansocket_config *c() const noexcept { return &raw_; }

  private:
    config &note(::sansocket_result number) noexcept
    {
        if (status_ == result::ok)
            status_ = detail::to_result(number);
        return *this;
    }

    ::sansocket_config raw_{};
    result status_;
};

/**
 * A source of bytes that a peer cannot predict, which a client needs: refers to a callable that takes `sans::bytes`, fills
 * them and returns whether it could. The callable is lent for as long as the connection is used; it may be called only while a
 * function of that connection runs, and may not throw.
 */
class entropy {
  public:
    template <class F, class = std::enable_if_t<!std::is_same_v<std::remove_cv_t<F>, entropy> && !std::is_function_v<F>>>
    entropy(F &callable) noexcept : function_(&call<F>), context_(const_cast<void *>(static_cast<const void *>(&callable)))
    {
    }
    /** Nothing would keep a temporary alive. */
    template <class F, class = std::enable_if_t<!std::is_lvalue_reference_v<F> && !std::is_same_v<std::remove_cv_t<F>, entropy>>>
    entropy(F &&callable) = delete;
    entropy(::sansocket_entropy function, void *context) noexcept : function_(function), context_(context) {}

    /** A plain function: `sans::entropy::of<fill>()`. */
    template <bool (*Function)(bytes)>
    static entropy of() noexcept
    {
        return {&call_function<Function>, nullptr};
    }

  private:
    friend class connection;

    template <bool (*Function)(bytes)>
    static std::int32_t call_function(void *, std::uint8_t *data, std::size_t len) noexcept
    {
        return Function(bytes(data, len)) ? 0 : 1;
    }
    template <class F>
    static std::int32_t call(void *context, std::uint8_t *data, std::size_t len) noexcept
    {
        return (*static_cast<F *>(context))(bytes(data, len)) ? 0 : 1;
    }

    ::sansocket_entropy function_;
    void *context_;
};

/** A view of what happened, in a `sans::io` or `sans::buffered`: valid until that takes part in another call that gives events. */
class event {
  public:
    explicit event(const ::sansocket_event &raw) noexcept : raw_(&raw) {}

    [[nodiscard]] event_type type() const noexcept { return static_cast<event_type>(raw_->type); }
    /** Whether anything happened. */
    explicit operator bool() const noexcept { return raw_->type != SANSOCKET_EVENT_NONE; }
    /** What it is called in a log. */
    [[nodiscard]] const char *name() const noexcept { return ::sansocket_event_text(raw_->type); }

    /** A message's piece, a Ping's payload, a Close's reason, or the head of a request or response. Data may be changed. */
    [[nodiscard]] sans::bytes bytes() const noexcept { return {raw_->data, raw_->len}; }
    /** The same as text; UTF-8 if it is a Close's reason or `is_text()`, but a piece may end inside a character. */
    [[nodiscard]] std::string_view text() const noexcept { return as_text(bytes()); }

    [[nodiscard]] sans::kind kind() const noexcept { return static_cast<sans::kind>(raw_->kind); }
    [[nodiscard]] bool is_text() const noexcept { return raw_->kind == SANSOCKET_TEXT; }
    /** Whether the message starts with this piece. */
    [[nodiscard]] bool first() const noexcept { return raw_->first != 0; }
    /** Whether the message ends with this piece. */
    [[nodiscard]] bool last() const noexcept { return raw_->last != 0; }
    /** Whether this piece is the whole message. */
    [[nodiscard]] bool whole() const noexcept { return first() && last(); }
    /** Bytes of this message before this piece. */
    [[nodiscard]] std::uint64_t offset() const noexcept { return raw_->offset; }

    /** Of a Ping: whether the Pong is in the output. */
    [[nodiscard]] bool answered() const noexcept { return raw_->answered != 0; }
    /** Of a Pong: which Ping of ours it answers; nothing if it came unasked, or to one that was not the latest. */
    [[nodiscard]] std::optional<ping_source> answers() const noexcept
    {
        return raw_->answers == 0 ? std::nullopt : std::optional(static_cast<ping_source>(raw_->answers));
    }
    /** Of a response. */
    [[nodiscard]] std::uint16_t status() const noexcept { return raw_->status; }
    [[nodiscard]] std::uint16_t close_code() const noexcept { return raw_->close_code; }
    [[nodiscard]] bool was_clean() const noexcept { return raw_->was_clean != 0; }
    /** What ended the connection; nothing in other events. */
    [[nodiscard]] std::optional<end_cause> cause() const noexcept
    {
        return raw_->cause == 0 ? std::nullopt : std::optional(static_cast<end_cause>(raw_->cause));
    }
    [[nodiscard]] sans::error error() const noexcept { return static_cast<sans::error>(raw_->error); }

    /** The request in an event that shows one. */
    [[nodiscard]] std::optional<request_parts> request() const noexcept { return parse_request(bytes()); }
    /** A header in an event that shows a head. */
    [[nodiscard]] std::optional<std::string_view> header(std::string_view name) const noexcept
    {
        return find_header(bytes(), name);
    }

    [[nodiscard]] const ::sansocket_event &c() const noexcept { return *raw_; }

  private:
    const ::sansocket_event *raw_;
};

/**
 * What goes in and out of calls. `input()` is what is not consumed yet, `due()` what calls appended to the output, `room()` what is
 * free of it. One can serve all connections of a thread.
 */
class io {
  public:
    io() noexcept = default;
    io(sans::bytes arrived, sans::bytes room, std::uint64_t now_ms) noexcept
    {
        now(now_ms);
        input(arrived);
        output(room);
    }

    /** The time, in milliseconds since any epoch, of a clock that does not run backwards. */
    void now(std::uint64_t now_ms) noexcept { raw_.now_ms = now_ms; }
    /** What was left unconsumed and, after it, what arrived since. */
    void input(sans::bytes arrived) noexcept
    {
        raw_.input = arrived.data();
        raw_.input_len = arrived.size();
    }
    /** A buffer for what calls write, empty. */
    void output(sans::bytes buffer) noexcept
    {
        raw_.output = buffer.data();
        raw_.output_size = buffer.size();
        raw_.output_len = 0;
    }
    /** Takes the first `count` bytes of `due()` out of the output: they were written. What is left of them moves to its front. */
    void pop(std::size_t count) noexcept
    {
        count = count < raw_.output_len ? count : raw_.output_len;
        raw_.output_len -= count;
        if (raw_.output_len != 0)
            std::memmove(raw_.output, raw_.output + count, raw_.output_len);
    }

    /** What is not consumed. */
    [[nodiscard]] sans::bytes input() const noexcept { return {raw_.input, raw_.input_len}; }
    /** What goes to the peer, whatever the event. */
    [[nodiscard]] sans::bytes due() const noexcept { return {raw_.output, raw_.output_len}; }
    /** What is free of the output. */
    [[nodiscard]] std::size_t room() const noexcept { return raw_.output_size - raw_.output_len; }
    /** The room that the last call wanted, if it gave `needs_room`. */
    [[nodiscard]] std::size_t needed() const noexcept { return raw_.needed; }
    /** Of `send` with a compressor, `compress` and `inflate_end`: whether the message is complete; else call again. */
    [[nodiscard]] bool done() const noexcept { return raw_.done != 0; }
    /**
     * Takes the event, which is data, into `memory`, the same for all pieces of a message; with the last piece, the event
     * becomes that of the whole message. `incomplete` where more pieces are to come.
     */
    result collect(sans::bytes memory) noexcept
    {
        return detail::to_result(::sansocket_collect(memory.data(), memory.size(), &raw_.event));
    }
    /** Encodes a whole message of a server's, to be sent to many: see `connection::send_encoded`. */
    result encode_message(kind of, const_bytes payload) noexcept
    {
        return detail::to_result(::sansocket_encode_message(&raw_, detail::c(of), payload.data(), payload.size()));
    }
    /** Writes a frame's header. */
    result encode_frame_header(const frame_header &header) noexcept
    {
        return detail::to_result(::sansocket_frame_header_encode(&raw_, &header));
    }
    /** What happened, by the last call that gives events: `receive`, `receive_eof`, `handle_timeout`. */
    [[nodiscard]] sans::event event() const noexcept { return sans::event(raw_.event); }

  private:
    friend class connection;
    friend class inflater;
    friend class compressor;
    friend class deflate_codec;

    /** After a call that reads a payload. */
    result step_payload(::sansocket_result number, const_bytes &payload) noexcept
    {
        if (number == SANSOCKET_OK)
            payload = payload.subspan(raw_.consumed);
        return detail::to_result(number);
    }

    ::sansocket_io raw_{};
};

/** What an opening handshake that was done elsewhere agreed on. */
struct negotiated {
    /** permessage-deflate's parameters (RFC 7692 §7.1). */
    struct deflate {
        bool server_no_context_takeover = false;
        std::uint8_t server_max_window_bits = 15;
        bool client_no_context_takeover = false;
        std::uint8_t client_max_window_bits = 15;
    };
    /** The subprotocol, as its place in the list of the configuration, counted from 0. */
    std::optional<std::uint8_t> subprotocol = {};
    std::optional<deflate> compression = {};
};

namespace detail {
/** What lies in the caller's memory, moves, and is as zeroed memory where it was moved from or could not begin. */
template <class C>
class movable {
  public:
    movable(const movable &) = delete;
    movable &operator=(const movable &) = delete;
    [[nodiscard]] C *c() noexcept { return &raw_; }
    [[nodiscard]] const C *c() const noexcept { return &raw_; }

  protected:
    movable() noexcept = default;
    movable(movable &&other) noexcept : raw_(std::exchange(other.raw_, C{})) {}
    movable &operator=(movable &&other) noexcept
    {
        raw_ = std::exchange(other.raw_, C{});
        return *this;
    }

    C raw_{};
};
} // namespace detail

/** Inflates what a peer compressed, for one connection. The history, 2^8 to 2^15 bytes as agreed, is lent to it. */
class inflater : public detail::movable<::sansocket_inflater> {
  public:
    explicit inflater(bytes history) noexcept
    {
        ::sansocket_setup setup = SANSOCKET_SETUP;
        setup.memory = history.data();
        setup.memory_len = history.size();
        (void)::sansocket_inflater_init(&raw_, &setup);
    }

    /** For those who frame messages themselves: from the input to the output, until the one is consumed or the other full. */
    result inflate(io &call) noexcept { return detail::to_result(::sansocket_inflate(&raw_, &call.raw_)); }
    /** Ends the message. */
    result inflate_end(io &call) noexcept { return detail::to_result(::sansocket_inflate_end(&raw_, &call.raw_)); }
    result reset() noexcept { return detail::to_result(::sansocket_inflater_reset(&raw_)); }
    /** The window's, as a power of 2; nothing if the history's length was none of these. */
    [[nodiscard]] std::optional<std::uint32_t> window_bits() const noexcept
    {
        const std::uint32_t bits = ::sansocket_inflater_get_window_bits(&raw_);
        return bits == 0 ? std::nullopt : std::optional(bits);
    }
};

/** Compresses what we send, for one connection. The memory is lent to it. */
class compressor : public detail::movable<::sansocket_compressor> {
  public:
    compressor(std::uint32_t window_bits, level of, bytes memory) noexcept
    {
        ::sansocket_setup setup = SANSOCKET_SETUP;
        setup.window_bits = window_bits;
        setup.level = detail::c(of);
        setup.memory = memory.data();
        setup.memory_len = memory.size();
        (void)::sansocket_compressor_init(&raw_, &setup);
    }
    /** Bytes of memory that go well with a window; 0 if `window_bits` is not 8 to 15. */
    static std::size_t memory_len(std::uint32_t window_bits, level of) noexcept
    {
        return ::sansocket_compressor_memory_len(window_bits, detail::c(of));
    }

    /** For those who frame messages themselves. What is left of `data` is what was not consumed. */
    result compress(io &call, const_bytes &data, bool flush) noexcept
    {
        return call.step_payload(::sansocket_compress(&raw_, &call.raw_, data.data(), data.size(), flush), data);
    }
    /**
     * Compresses a whole message of a server's as one frame, with a window of 2^`window_bits` bytes, to be sent to many: see
     * `connection::send_compressed`.
     */
    result encode(io &call, std::uint32_t window_bits, kind of, const_bytes payload) noexcept
    {
        return detail::to_result(::sansocket_encode_compressed(&call.raw_, &raw_, window_bits, detail::c(of),
                                                               payload.data(), payload.size()));
    }
    result reset() noexcept { return detail::to_result(::sansocket_compressor_reset(&raw_)); }
    /** Whether no message is under way. */
    [[nodiscard]] bool is_idle() const noexcept { return ::sansocket_compressor_is_idle(&raw_) != 0; }
    /** The window's, as a power of 2; nothing if it could not begin. */
    [[nodiscard]] std::optional<std::uint32_t> window_bits() const noexcept
    {
        const std::uint32_t bits = ::sansocket_compressor_get_window_bits(&raw_);
        return bits == 0 ? std::nullopt : std::optional(bits);
    }
};

/** What a codec of the caller's is to do in one step, as C has it. */
using codec_step = ::sansocket_codec_step;

namespace detail {
template <class C>
std::int32_t run_codec(void *codec, codec_step *step) noexcept
{
    return static_cast<C *>(codec)->run(*step) ? 0 : 1;
}
template <class C>
void reset_codec(void *codec) noexcept
{
    static_cast<C *>(codec)->reset();
}
} // namespace detail

/**
 * A codec of the caller's that inflates, for one connection: refers to an object with `bool run(sans::codec_step &)`, which returns
 * whether it can go on, and `void reset()`; see `sansocket_inflate_codec`. The object is lent for as long as this is used; its
 * functions may not throw.
 */
class inflate_codec {
  public:
    template <class C>
    inflate_codec(C &codec, std::uint32_t window_bits) noexcept
    {
        raw_.context = &codec;
        raw_.inflate = &detail::run_codec<C>;
        raw_.reset = &detail::reset_codec<C>;
        raw_.window_bits = window_bits;
    }
    [[nodiscard]] ::sansocket_inflate_codec *c() noexcept { return &raw_; }

  private:
    ::sansocket_inflate_codec raw_{};
};

/** A codec of the caller's that compresses, in the same way; see `sansocket_deflate_codec`. */
class deflate_codec {
  public:
    template <class C>
    deflate_codec(C &codec, std::uint32_t window_bits) noexcept
    {
        raw_.context = &codec;
        raw_.compress = &detail::run_codec<C>;
        raw_.reset = &detail::reset_codec<C>;
        raw_.window_bits = window_bits;
    }
    /** What `compressor::encode` does. */
    result encode(io &call, std::uint32_t window_bits, kind of, const_bytes payload) noexcept
    {
        return detail::to_result(::sansocket_encode_compressed_with_codec(&call.raw_, &raw_, window_bits, detail::c(of),
                                                                          payload.data(), payload.size()));
    }
    [[nodiscard]] ::sansocket_deflate_codec *c() noexcept { return &raw_; }

  private:
    ::sansocket_deflate_codec raw_{};
};

/** One endpoint of one connection: 128 bytes, wherever it lies. Moves, but has no copies. There is nothing to free. */
class connection : public detail::movable<::sansocket> {
  public:
    /** Has not begun: gives `not_initialised` until one that has is moved into it. */
    connection() noexcept = default;

    /** Begins a server's connection, when the transport is there. Without a configuration: the defaults. */
    [[nodiscard]] static connection server(const config &settings, std::uint64_t now_ms) noexcept
    {
        return server(settings.c(), now_ms);
    }
    [[nodiscard]] static connection server(std::uint64_t now_ms) noexcept { return server(nullptr, now_ms); }

    /** Begins a client's connection, when the transport (and TLS in it) is there. `request` comes next. */
    [[nodiscard]] static connection client(const config &settings, entropy source, std::uint64_t now_ms) noexcept
    {
        return client(settings.c(), source, now_ms);
    }
    [[nodiscard]] static connection client(entropy source, std::uint64_t now_ms) noexcept
    {
        return client(nullptr, source, now_ms);
    }

    /** Begins a connection whose opening handshake was done elsewhere. */
    [[nodiscard]] static connection open_server(const config &settings, negotiated agreed, std::uint64_t now_ms) noexcept
    {
        return open(role::server, settings, {nullptr, nullptr}, agreed, now_ms);
    }
    [[nodiscard]] static connection open_client(const config &settings, entropy source, negotiated agreed,
                                                std::uint64_t now_ms) noexcept
    {
        return open(role::client, settings, source, agreed, now_ms);
    }

    // Nothing would keep a temporary configuration alive.
    static connection server(const config &&, std::uint64_t) = delete;
    static connection client(const config &&, entropy, std::uint64_t) = delete;
    static connection open_server(const config &&, negotiated, std::uint64_t) = delete;
    static connection open_client(const config &&, entropy, negotiated, std::uint64_t) = delete;

    /** Takes what arrived: at most one event. Call it until there is no event. */
    result receive(io &call) noexcept { return detail::to_result(::sansocket_receive(&raw_, &call.raw_)); }
    /** The same where compression was agreed: compressed messages are inflated into `window`, where their events show them. */
    result receive(io &call, inflater &with, bytes window) noexcept
    {
        return detail::to_result(::sansocket_receive_with(&raw_, &call.raw_, with.c(), window.data(), window.size()));
    }
    /** The same with a codec of the caller's. */
    result receive(io &call, inflate_codec &with, bytes window) noexcept
    {
        return detail::to_result(::sansocket_receive_with_codec(&raw_, &call.raw_, with.c(), window.data(), window.size()));
    }
    /** Takes the end of the transport's input. */
    result receive_eof(io &call) noexcept { return detail::to_result(::sansocket_receive_eof(&raw_, &call.raw_)); }
    /** Acts on the deadlines that have passed. */
    result handle_timeout(io &call) noexcept { return detail::to_result(::sansocket_handle_timeout(&raw_, &call.raw_)); }

    /** Writes a client's opening handshake. */
    result request(io &call, const client_request &wanted) noexcept
    {
        const ::sansocket_client_request raw = detail::c_request(wanted);
        return detail::to_result(::sansocket_request(&raw_, &call.raw_, &raw));
    }
    /** Accepts the opening handshake whose head this is. If that is refused, nothing is written: `respond` answers then. */
    result accept(io &call, const_bytes head, const acceptance &how) noexcept
    {
        const ::sansocket_acceptance raw = detail::c_acceptance(how);
        return detail::to_result(::sansocket_accept(&raw_, &call.raw_, head.data(), head.size(), &raw));
    }
    /** The same for the event that shows the head. */
    result accept(io &call, const acceptance &how) noexcept { return accept(call, call.event().bytes(), how); }
    /** Accepts it, or writes the response that refuses it: 403 for its Origin, 400 for what is no opening handshake. See `state()`. */
    result accept_or_refuse(io &call, const_bytes head, const acceptance &how) noexcept
    {
        const ::sansocket_acceptance raw = detail::c_acceptance(how);
        return detail::to_result(::sansocket_accept_or_refuse(&raw_, &call.raw_, head.data(), head.size(), &raw));
    }
    /** The same for the event that shows the head. */
    result accept_or_refuse(io &call, const acceptance &how) noexcept { return accept_or_refuse(call, call.event().bytes(), how); }
    /** Answers a request with any other final response. */
    result respond(io &call, std::uint16_t status, span<const header> headers = {}, std::string_view body = {}) noexcept
    {
        return detail::to_result(
            ::sansocket_respond(&raw_, &call.raw_, status, headers.data(), headers.size(), body.data(), body.size()));
    }

    /** The head alone: the caller writes the body after it. */
    result respond_head(io &call, std::uint16_t status, span<const header> headers, std::size_t content_len) noexcept
    {
        return detail::to_result(
            ::sansocket_respond_head(&raw_, &call.raw_, status, headers.data(), headers.size(), content_len));
    }

    /** Writes a message, or without `fin` a fragment of one. */
    result send(io &call, kind of, const_bytes payload, bool fin = true) noexcept
    {
        return detail::to_result(
            ::sansocket_send(&raw_, &call.raw_, detail::c(of), payload.data(), payload.size(), fin));
    }
    result send_text(io &call, std::string_view text, bool fin = true) noexcept
    {
        return send(call, kind::text, as_bytes(text), fin);
    }
    result send_binary(io &call, const_bytes payload, bool fin = true) noexcept
    {
        return send(call, kind::binary, payload, fin);
    }
    /** Sends a piece as it came: an echo. */
    result send(io &call, event data) noexcept { return send(call, data.kind(), data.bytes(), data.last()); }
    /** Compressed: one frame at most. To be called with what is left of `payload` until `io::done()`. */
    result send(io &call, compressor &with, kind of, const_bytes &payload, bool fin = true) noexcept
    {
        const ::sansocket_result number = ::sansocket_send_with(&raw_, &call.raw_, with.c(), detail::c(of),
                                                           payload.data(), payload.size(), fin);
        return call.step_payload(number, payload);
    }
    /** The same with a codec of the caller's. */
    result send(io &call, deflate_codec &with, kind of, const_bytes &payload, bool fin = true) noexcept
    {
        const ::sansocket_result number = ::sansocket_send_with_codec(&raw_, &call.raw_, with.c(), detail::c(of),
                                                                      payload.data(), payload.size(), fin);
        return call.step_payload(number, payload);
    }
    /** The header alone: the caller writes the payload after it, masked if it is a client's. */
    result send_header(io &call, kind of, const_bytes payload, bool fin = true) noexcept
    {
        return detail::to_result(
            ::sansocket_send_header(&raw_, &call.raw_, detail::c(of), payload.data(), payload.size(), fin));
    }
    /** The same for binary bytes that are not in memory. */
    result send_binary_header(io &call, std::uint64_t payload_len, bool fin = true) noexcept
    {
        return detail::to_result(::sansocket_send_binary_header(&raw_, &call.raw_, payload_len, fin));
    }
    /**
     * Counts what `io::encode_message` encoded as sent on this connection. `due` is how many bytes of it the caller has to write now:
     * all, or 0 if the connection is closing already.
     */
    result send_encoded(const_bytes encoded, std::size_t &due) noexcept
    {
        return detail::to_result(::sansocket_send_encoded(&raw_, encoded.data(), encoded.size(), &due));
    }
    /** The same for what `compressor::encode` compressed with this `window_bits`. */
    result send_compressed(const_bytes encoded, std::uint32_t window_bits, std::size_t &due) noexcept
    {
        return detail::to_result(::sansocket_send_compressed(&raw_, encoded.data(), encoded.size(), window_bits, &due));
    }
    /** The transport took `n` of the bytes that are due: see `sansocket_written`. */
    result written(std::size_t n, std::uint64_t now_ms) noexcept
    {
        return detail::to_result(::sansocket_written(&raw_, n, now_ms));
    }
    result ping(io &call, const_bytes payload = {}) noexcept
    {
        return detail::to_result(::sansocket_ping(&raw_, &call.raw_, payload.data(), payload.size()));
    }
    result pong(io &call, const_bytes payload = {}) noexcept
    {
        return detail::to_result(::sansocket_pong(&raw_, &call.raw_, payload.data(), payload.size()));
    }
    /** Writes our Close, with a code of `sans::close_code` or of 3000 to 4999, or without one. */
    result close(io &call, sans::close_code code, std::string_view reason = {}) noexcept
    {
        return close(call, static_cast<std::uint16_t>(code), reason);
    }
    result close(io &call, std::uint16_t code = 0, std::string_view reason = {}) noexcept
    {
        return detail::to_result(::sansocket_close(&raw_, &call.raw_, code, reason.data(), reason.size()));
    }
    /** Fails the connection for a reason of the caller's. */
    result fail(io &call, sans::close_code code) noexcept { return fail(call, static_cast<std::uint16_t>(code)); }
    result fail(io &call, std::uint16_t code) noexcept { return detail::to_result(::sansocket_fail(&raw_, &call.raw_, code)); }

    result pause(std::uint64_t now_ms) noexcept { return detail::to_result(::sansocket_pause(&raw_, now_ms)); }
    result resume(std::uint64_t now_ms) noexcept { return detail::to_result(::sansocket_resume(&raw_, now_ms)); }

    /** Whether it has begun: false once it was moved from, or if library or configuration did not fit. */
    [[nodiscard]] bool initialised() const noexcept { return role().has_value(); }
    /** When `handle_timeout` has something to do; nothing if nothing is waited for. */
    [[nodiscard]] std::optional<std::uint64_t> next_timeout() const noexcept
    {
        return detail::unless_never(::sansocket_get_next_timeout(&raw_));
    }
    /** `closed` if it has not begun. */
    [[nodiscard]] sans::state state() const noexcept { return static_cast<sans::state>(::sansocket_get_state(&raw_)); }
    /** What to do with the transport once `io::due()` is written; `close` if it has not begun. */
    [[nodiscard]] sans::transport transport() const noexcept
    {
        return static_cast<sans::transport>(::sansocket_get_transport(&raw_));
    }
    [[nodiscard]] std::optional<sans::role> role() const noexcept
    {
        const ::sansocket_role number = ::sansocket_get_role(&raw_);
        return number == 0 ? std::nullopt : std::optional(static_cast<sans::role>(number));
    }
    /** The code of the peer's Close: 1005 if it had none, 1006 as long as none was received. */
    [[nodiscard]] std::uint16_t close_code() const noexcept { return ::sansocket_get_close_code(&raw_); }
    /** Whether the closing handshake was completed. */
    [[nodiscard]] bool was_clean() const noexcept { return ::sansocket_get_was_clean(&raw_) != 0; }
    /** What was agreed; it lies in the configuration's list. */
    [[nodiscard]] std::optional<std::string_view> subprotocol() const noexcept
    {
        return detail::view_if_any(::sansocket_get_subprotocol(&raw_));
    }
    /** What was agreed on compression; nothing if none was. */
    [[nodiscard]] std::optional<deflate_agreement> deflate() const noexcept
    {
        const ::sansocket_deflate_agreement agreed = ::sansocket_get_deflate(&raw_);
        return agreed.is_agreed == 0 ? std::nullopt : std::optional(agreed);
    }
    /** Between the last keepalive Ping that was answered by itself and its Pong, in microseconds. */
    [[nodiscard]] std::optional<std::uint64_t> round_trip_us() const noexcept
    {
        return detail::unless_never(::sansocket_get_round_trip_us(&raw_));
    }
    /** Milliseconds until `handle_timeout` has something to do, as `poll` takes them: 0 for past, -1 for never. */
    [[nodiscard]] int poll_timeout(std::uint64_t now_ms) const noexcept { return ::sansocket_poll_timeout(&raw_, now_ms); }

  private:
    static connection server(const ::sansocket_config *config, std::uint64_t now_ms) noexcept
    {
        connection made;
        const ::sansocket_setup setup = c_setup(config, {nullptr, nullptr}, now_ms);
        (void)::sansocket_init_server(&made.raw_, &setup);
        return made;
    }
    static connection client(const ::sansocket_config *config, entropy source, std::uint64_t now_ms) noexcept
    {
        connection made;
        const ::sansocket_setup setup = c_setup(config, source, now_ms);
        (void)::sansocket_init_client(&made.raw_, &setup);
        return made;
    }
    static connection open(sans::role end, const config &settings, entropy source, negotiated agreed,
                           std::uint64_t now_ms) noexcept
    {
        connection made;
        ::sansocket_negotiated raw{};
        raw.has_subprotocol = agreed.subprotocol.has_value();
        raw.subprotocol = agreed.subprotocol.value_or(std::uint8_t{0});
        if (agreed.compression) {
            raw.has_deflate = 1;
            raw.server_no_context_takeover = agreed.compression->server_no_context_takeover;
            raw.server_max_window_bits = agreed.compression->server_max_window_bits;
            raw.client_no_context_takeover = agreed.compression->client_no_context_takeover;
            raw.client_max_window_bits = agreed.compression->client_max_window_bits;
        }
        ::sansocket_setup setup = c_setup(settings.c(), source, now_ms);
        setup.role = detail::c(end);
        setup.negotiated = &raw;
        (void)::sansocket_init_open(&made.raw_, &setup);
        return made;
    }
    static ::sansocket_setup c_setup(const ::sansocket_config *config, entropy source, std::uint64_t now_ms) noexcept
    {
        ::sansocket_setup setup = SANSOCKET_SETUP;
        setup.config = config;
        setup.now_ms = now_ms;
        setup.entropy = source.function_;
        setup.entropy_context = source.context_;
        return setup;
    }
};
static_assert(sizeof(connection) == sizeof(::sansocket), "nothing is added");

/**
 * A connection with the two buffers of its transport: what a program that has a socket wants. Connection and buffers are lent to
 * it. The loop, over a blocking socket:
 *
 *     sans::connection connection = sans::connection::client(random, now());
 *     sans::buffered ws(connection, input, output);
 *     (void)ws.request(now(), {"127.0.0.1:9001"});
 *     while (ws.transport() != sans::transport::close) {
 *         while (const sans::event event = ws.next(now())) {
 *             if (event.type() == sans::event_type::opened)
 *                 (void)ws.send_text(now(), "Hello");
 *             else if (event.type() == sans::event_type::data)
 *                 (void)ws.close(now(), sans::close_code::normal_closure);
 *         }
 *         ws.written(write(fd, ws.due()), now());             // or ws.write_failed()
 *         if (ws.transport() == sans::transport::shutdown_write)
 *             shutdown(fd, SHUT_WR);
 *         if (const sans::bytes space = ws.space(); !space.empty() && wait_for(fd, ws.poll_timeout(now())))
 *             ws.filled(read(fd, space), now());              // or ws.eof()
 *         else
 *             ws.filled(0, now());
 *     }
 */
class buffered : public detail::movable<::sansocket_buffered> {
  public:
    /** What makes messages whole, or does not. */
    enum class messages : std::uint8_t { whole, in_pieces };

    /** Without a connection: gives `not_initialised` until one that has begun is moved into it. */
    buffered() noexcept = default;

    /**
     * Whole messages are joined in the input. There is no event unless the output has room for `room_for` bytes of frames beside the
     * answer to the peer. Whether it could begin says `status()`.
     */
    buffered(connection &ws, bytes input, bytes output, messages how = messages::whole, std::size_t room_for = 0) noexcept
        : buffered(ws, input, output, bytes(), how, room_for)
    {
    }
    /** Messages that arrive in pieces are joined in memory of their own. */
    buffered(connection &ws, bytes input, bytes output, bytes joining, std::size_t room_for = 0) noexcept
        : buffered(ws, input, output, joining, messages::whole, room_for)
    {
    }
    /** The same as they arrive, if that is asked for: what is inflated comes in memory of its own all the same. */
    buffered(connection &ws, bytes input, bytes output, bytes joining, messages how, std::size_t room_for = 0) noexcept
    {
        ::sansocket_buffers lent{};
        lent.input = input.data();
        lent.input_size = input.size();
        lent.output = output.data();
        lent.output_size = output.size();
        lent.joining = joining.data();
        lent.joining_size = joining.size();
        lent.in_pieces = how == messages::in_pieces;
        lent.room_for = room_for;
        note(::sansocket_buffered_attach(&raw_, ws.c(), &lent));
    }
    /** Nothing would keep a temporary alive. */
    template <class... Rest>
    buffered(connection &&, Rest &&...) = delete;

    /**
     * `ok`, or why the last call that returns no result was refused: `buffer_too_short` or `overlap` when it began,
     * `entropy_failed` by `next`, `invalid_argument` for a count of more bytes than there are.
     */
    [[nodiscard]] result status() const noexcept { return status_; }

    /** Releases the current event and goes on to the next. None: write, read or wait; `status()` is `ok` unless it was refused. */
    sans::event next(std::uint64_t now_ms) noexcept
    {
        note(::sansocket_buffered_next(&raw_, now_ms, &event_));
        return sans::event(event_);
    }
    /** The current event once more, with its bytes as they are now. */
    sans::event current() noexcept
    {
        (void)::sansocket_buffered_current(&raw_, &event_);
        return sans::event(event_);
    }

    /**
     * Inflates what comes, into the memory for joining, once compression is agreed on. What is lent belongs to this connection alone and
     * stays where it is until it is taken away again, or for as long as this is used.
     */
    result inflate_with(inflater &with) noexcept { return detail::to_result(::sansocket_buffered_set_inflater(&raw_, with.c())); }
    result inflate_with(inflate_codec &with) noexcept
    {
        return detail::to_result(::sansocket_buffered_set_inflate_codec(&raw_, with.c()));
    }
    result inflate_with(std::nullptr_t) noexcept { return detail::to_result(::sansocket_buffered_set_inflater(&raw_, nullptr)); }
    /**
     * Compresses what is sent, if it has at least `min_len` bytes. Without context takeover any number of connections can share what is
     * lent, one message after the other.
     */
    result compress_with(compressor &with, std::size_t min_len = 0) noexcept
    {
        return detail::to_result(::sansocket_buffered_set_compressor(&raw_, with.c(), min_len));
    }
    result compress_with(deflate_codec &with, std::size_t min_len = 0) noexcept
    {
        return detail::to_result(::sansocket_buffered_set_deflate_codec(&raw_, with.c(), min_len));
    }
    result compress_with(std::nullptr_t) noexcept
    {
        return detail::to_result(::sansocket_buffered_set_compressor(&raw_, nullptr, 0));
    }

    /** What is to be written to the transport. It stays where it is until `written`. */
    [[nodiscard]] const_bytes due() const noexcept
    {
        const ::sansocket_bytes found = ::sansocket_buffered_due(&raw_);
        return {found.data, found.len};
    }
    /** The transport took the first `n` bytes of that. */
    void written(std::size_t n, std::uint64_t now_ms) noexcept { note(::sansocket_buffered_written(&raw_, n, now_ms)); }
    /** It takes no more. */
    void write_failed() noexcept { note(::sansocket_buffered_write_failed(&raw_)); }

    /** Where the transport's next bytes go; empty if nothing should be read now. It stays where it is until `filled`. */
    [[nodiscard]] bytes space() noexcept
    {
        const ::sansocket_bytes found = ::sansocket_buffered_space(&raw_);
        return {found.data, found.len};
    }
    /** It has put `n` bytes there: 0 if there was nothing to read. Deadlines up to now may act. */
    void filled(std::size_t n, std::uint64_t now_ms) noexcept { note(::sansocket_buffered_filled(&raw_, n, now_ms)); }
    /** Its input has ended. */
    void eof() noexcept { note(::sansocket_buffered_eof(&raw_)); }

    /** What to do with the transport now; `close` without a connection. */
    [[nodiscard]] sans::transport transport() const noexcept
    {
        return static_cast<sans::transport>(::sansocket_buffered_get_transport(&raw_));
    }
    /** Whether `space` has something. */
    [[nodiscard]] bool wants_reading() const noexcept { return ::sansocket_buffered_wants_reading(&raw_) != 0; }
    /** Milliseconds until `next` has something to do, as `poll` takes them: 0 for at once and when all is over, -1 for never. */
    [[nodiscard]] int poll_timeout(std::uint64_t now_ms) const noexcept
    {
        return ::sansocket_buffered_poll_timeout(&raw_, now_ms);
    }
    /** The same as a point in time. */
    [[nodiscard]] std::optional<std::uint64_t> next_timeout() const noexcept
    {
        return detail::unless_never(::sansocket_buffered_get_next_timeout(&raw_));
    }
    /** Bytes of frames that the output has room for: a payload, and 2 to 14 more. */
    [[nodiscard]] std::size_t room() const noexcept { return ::sansocket_buffered_get_room(&raw_); }

    /** No events for now. */
    void pause(std::uint64_t now_ms) noexcept { note(::sansocket_buffered_pause(&raw_, now_ms)); }
    void resume(std::uint64_t now_ms) noexcept { note(::sansocket_buffered_resume(&raw_, now_ms)); }

    /** What has arrived and is not read as WebSocket: the body of a response that refused. */
    [[nodiscard]] const_bytes unread() const noexcept
    {
        const ::sansocket_bytes found = ::sansocket_buffered_unread(&raw_);
        return {found.data, found.len};
    }
    /** Drops the first `n` bytes of that. */
    void discard(std::size_t n) noexcept { note(::sansocket_buffered_discard(&raw_, n)); }

    /** The bytes of the block that `detach` wants; 0 if nothing remains. */
    [[nodiscard]] std::size_t remaining() noexcept { return ::sansocket_buffered_remaining(&raw_); }
    /** Ends a turn with shared buffers: what remains is in `block` then, and the connection is no longer lent. */
    result detach(bytes block = {}) noexcept
    {
        return detail::to_result(::sansocket_buffered_detach(&raw_, block.data(), block.size()));
    }
    /** Begins a turn with what remained of the last; with an empty block, with nothing. */
    result restore(const_bytes block) noexcept
    {
        return detail::to_result(::sansocket_buffered_restore(&raw_, block.data(), block.size()));
    }

    /** Writes a client's opening handshake. */
    result request(std::uint64_t now_ms, const client_request &wanted) noexcept
    {
        const ::sansocket_client_request raw = detail::c_request(wanted);
        return detail::to_result(::sansocket_buffered_request(&raw_, now_ms, &raw));
    }
    /** Accepts the opening handshake of the current event. If that is refused, nothing is written: `respond` answers then. */
    result accept(std::uint64_t now_ms, const acceptance &how) noexcept { return accept(now_ms, current().bytes(), how); }
    /** Accepts the opening handshake whose head this is. */
    result accept(std::uint64_t now_ms, const_bytes head, const acceptance &how) noexcept
    {
        const ::sansocket_acceptance raw = detail::c_acceptance(how);
        return detail::to_result(::sansocket_buffered_accept(&raw_, now_ms, head.data(), head.size(), &raw));
    }
    /** Accepts that of the current event, or writes the response that refuses it. */
    result accept_or_refuse(std::uint64_t now_ms, const acceptance &how) noexcept
    {
        return accept_or_refuse(now_ms, current().bytes(), how);
    }
    result accept_or_refuse(std::uint64_t now_ms, const_bytes head, const acceptance &how) noexcept
    {
        const ::sansocket_acceptance raw = detail::c_acceptance(how);
        return detail::to_result(::sansocket_buffered_accept_or_refuse(&raw_, now_ms, head.data(), head.size(), &raw));
    }
    /** Answers a request with any other final response, which has to fit into the output. */
    result respond(std::uint64_t now_ms, std::uint16_t status, span<const header> headers = {}, std::string_view body = {}) noexcept
    {
        return detail::to_result(::sansocket_buffered_respond(&raw_, now_ms, status, headers.data(), headers.size(), body.data(),
                                                              body.size()));
    }

    /** Sends a whole message. */
    result send(std::uint64_t now_ms, kind of, const_bytes payload) noexcept
    {
        return detail::to_result(::sansocket_buffered_send(&raw_, now_ms, detail::c(of), payload.data(), payload.size()));
    }
    result send_text(std::uint64_t now_ms, std::string_view text) noexcept { return send(now_ms, kind::text, as_bytes(text)); }
    result send_binary(std::uint64_t now_ms, const_bytes payload) noexcept { return send(now_ms, kind::binary, payload); }
    /** Sends a whole message as it came: an echo. */
    result send(std::uint64_t now_ms, sans::event data) noexcept { return send(now_ms, data.kind(), data.bytes()); }
    /**
     * Sends a part of a message as far as there is room. `payload` is then what was not taken, and `offset` how much went before
     * it: call it again with both, while `payload` is not empty, once some of `due()` is written.
     */
    result send_part(std::uint64_t now_ms, kind of, std::uint64_t &offset, const_bytes &payload, bool fin = true) noexcept
    {
        std::size_t taken = 0;
        const ::sansocket_result number = ::sansocket_buffered_send_part(&raw_, now_ms, detail::c(of), offset, payload.data(),
                                                                         payload.size(), fin, &taken);
        offset += taken;
        payload = payload.subspan(taken);
        return detail::to_result(number);
    }
    /**
     * `send_part`, without a copy of what the transport takes at once: `write` is called as `write(due, payload)`, both `const_bytes`, and
     * returns how many bytes of both it wrote. It must not throw.
     */
    template <typename Write>
    result send_part_by(std::uint64_t now_ms, kind of, std::uint64_t &offset, const_bytes &payload, bool fin, Write &&write) noexcept
    {
        std::size_t taken = 0;
        const auto call = [](void *context, ::sansocket_bytes due, ::sansocket_bytes part) noexcept -> std::size_t {
            std::remove_reference_t<Write> &act = *static_cast<std::remove_reference_t<Write> *>(context);
            return act(const_bytes(due.data, due.len), const_bytes(part.data, part.len));
        };
        const ::sansocket_result number = ::sansocket_buffered_send_part_by(
            &raw_, now_ms, detail::c(of), offset, payload.data(), payload.size(), fin, call,
            const_cast<void *>(static_cast<const volatile void *>(&write)), &taken);
        offset += taken;
        payload = payload.subspan(taken);
        return detail::to_result(number);
    }
    /** `send` and `send_part`, but never compressed: for what is secret beside what a stranger may choose. */
    result send_plain(std::uint64_t now_ms, kind of, const_bytes payload) noexcept
    {
        return detail::to_result(::sansocket_buffered_send_plain(&raw_, now_ms, detail::c(of), payload.data(), payload.size()));
    }
    result send_part_plain(std::uint64_t now_ms, kind of, std::uint64_t &offset, const_bytes &payload, bool fin = true) noexcept
    {
        std::size_t taken = 0;
        const ::sansocket_result number = ::sansocket_buffered_send_part_plain(&raw_, now_ms, detail::c(of), offset, payload.data(),
                                                                               payload.size(), fin, &taken);
        offset += taken;
        payload = payload.subspan(taken);
        return detail::to_result(number);
    }
    /** Sends what `compressor::encode` compressed once for many, with this `window_bits`. */
    result send_compressed(std::uint64_t now_ms, const_bytes encoded, std::uint32_t window_bits) noexcept
    {
        return detail::to_result(
            ::sansocket_buffered_send_compressed(&raw_, now_ms, encoded.data(), encoded.size(), window_bits));
    }
    /** Sends what `io::encode_message` encoded once for many. */
    result send_encoded(std::uint64_t now_ms, const_bytes encoded) noexcept
    {
        return detail::to_result(::sansocket_buffered_send_encoded(&raw_, now_ms, encoded.data(), encoded.size()));
    }
    result ping(std::uint64_t now_ms, const_bytes payload = {}) noexcept
    {
        return detail::to_result(::sansocket_buffered_ping(&raw_, now_ms, payload.data(), payload.size()));
    }
    result pong(std::uint64_t now_ms, const_bytes payload = {}) noexcept
    {
        return detail::to_result(::sansocket_buffered_pong(&raw_, now_ms, payload.data(), payload.size()));
    }
    /** Begins the closing handshake, with a code of `sans::close_code` or of 3000 to 4999, or without one. */
    result close(std::uint64_t now_ms, sans::close_code code, std::string_view reason = {}) noexcept
    {
        return close(now_ms, static_cast<std::uint16_t>(code), reason);
    }
    result close(std::uint64_t now_ms, std::uint16_t code = 0, std::string_view reason = {}) noexcept
    {
        return detail::to_result(::sansocket_buffered_close(&raw_, now_ms, code, reason.data(), reason.size()));
    }
    /** Fails the connection for a reason of the caller's. */
    result fail(std::uint64_t now_ms, sans::close_code code) noexcept
    {
        return fail(now_ms, static_cast<std::uint16_t>(code));
    }
    result fail(std::uint64_t now_ms, std::uint16_t code) noexcept
    {
        return detail::to_result(::sansocket_buffered_fail(&raw_, now_ms, code));
    }

  private:
    void note(::sansocket_result number) noexcept { status_ = detail::to_result(number); }

    ::sansocket_event event_{};
    result status_ = result::not_initialised;
};

} // namespace SANSOCKET_CPP_ABI
} // namespace sans

#undef SANSOCKET_CPP_ABI

#endif // SANSOCKET_HPP
