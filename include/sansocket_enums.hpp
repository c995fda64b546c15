/*
 * The enums of sansocket.h as enum classes, for sansocket.hpp, which includes this file. What they mean stands in sansocket.h.
 *
 * This file is generated from src by ci/header; changes belong there.
 */

#ifndef SANSOCKET_ENUMS_HPP
#define SANSOCKET_ENUMS_HPP

#include <cstdint>

#include "sansocket.h"

namespace sans {

/** `sansocket_result` */
enum class [[nodiscard]] result : std::uint32_t {
    ok = SANSOCKET_OK,
    needs_room = SANSOCKET_NEEDS_ROOM,
    entropy_failed = SANSOCKET_ENTROPY_FAILED,
    incomplete = SANSOCKET_INCOMPLETE,
    null_pointer = SANSOCKET_NULL_POINTER,
    misaligned = SANSOCKET_MISALIGNED,
    not_initialised = SANSOCKET_NOT_INITIALISED,
    wrong_size = SANSOCKET_WRONG_SIZE,
    wrong_version = SANSOCKET_WRONG_VERSION,
    length_too_large = SANSOCKET_LENGTH_TOO_LARGE,
    overlap = SANSOCKET_OVERLAP,
    invalid_argument = SANSOCKET_INVALID_ARGUMENT,
    out_of_range = SANSOCKET_OUT_OF_RANGE,
    list_too_long = SANSOCKET_LIST_TOO_LONG,
    not_a_head = SANSOCKET_NOT_A_HEAD,
    message_too_long = SANSOCKET_MESSAGE_TOO_LONG,
    not_a_frame = SANSOCKET_NOT_A_FRAME,
    wrong_memory_len = SANSOCKET_WRONG_MEMORY_LEN,
    codec_failed = SANSOCKET_CODEC_FAILED,
    not_connecting = SANSOCKET_USAGE_NOT_CONNECTING,
    not_open = SANSOCKET_USAGE_NOT_OPEN,
    wrong_role = SANSOCKET_USAGE_WRONG_ROLE,
    invalid_utf8 = SANSOCKET_USAGE_INVALID_UTF8,
    control_payload_too_long = SANSOCKET_USAGE_CONTROL_PAYLOAD_TOO_LONG,
    invalid_close_code = SANSOCKET_USAGE_INVALID_CLOSE_CODE,
    invalid_close_reason = SANSOCKET_USAGE_INVALID_CLOSE_REASON,
    wrong_message_kind = SANSOCKET_USAGE_WRONG_MESSAGE_KIND,
    invalid_host = SANSOCKET_USAGE_INVALID_HOST,
    invalid_target = SANSOCKET_USAGE_INVALID_TARGET,
    invalid_header = SANSOCKET_USAGE_INVALID_HEADER,
    reserved_header = SANSOCKET_USAGE_RESERVED_HEADER,
    invalid_subprotocol = SANSOCKET_USAGE_INVALID_SUBPROTOCOL,
    unoffered_subprotocol = SANSOCKET_USAGE_UNOFFERED_SUBPROTOCOL,
    origin_not_allowed = SANSOCKET_USAGE_ORIGIN_NOT_ALLOWED,
    not_an_opening_handshake = SANSOCKET_USAGE_NOT_AN_OPENING_HANDSHAKE,
    invalid_status = SANSOCKET_USAGE_INVALID_STATUS,
    input_too_short = SANSOCKET_USAGE_INPUT_TOO_SHORT,
    no_deflate = SANSOCKET_USAGE_NO_DEFLATE,
    message_unfinished = SANSOCKET_USAGE_MESSAGE_UNFINISHED,
    payload_too_long = SANSOCKET_USAGE_PAYLOAD_TOO_LONG,
    no_message_unfinished = SANSOCKET_USAGE_NO_MESSAGE_UNFINISHED,
    buffer_too_short = SANSOCKET_USAGE_BUFFER_TOO_SHORT,
    invalid_window_bits = SANSOCKET_USAGE_INVALID_WINDOW_BITS,
    wrong_compressor = SANSOCKET_USAGE_WRONG_COMPRESSOR,
    url_invalid_scheme = SANSOCKET_URL_INVALID_SCHEME,
    url_invalid_host = SANSOCKET_URL_INVALID_HOST,
    url_invalid_port = SANSOCKET_URL_INVALID_PORT,
    url_user_information = SANSOCKET_URL_USER_INFORMATION,
    url_fragment = SANSOCKET_URL_FRAGMENT,
    url_invalid_target = SANSOCKET_URL_INVALID_TARGET,
    inflate_reserved_block_type = SANSOCKET_INFLATE_RESERVED_BLOCK_TYPE,
    inflate_stored_len_mismatch = SANSOCKET_INFLATE_STORED_LEN_MISMATCH,
    inflate_too_many_codes = SANSOCKET_INFLATE_TOO_MANY_CODES,
    inflate_bad_code_length_code = SANSOCKET_INFLATE_BAD_CODE_LENGTH_CODE,
    inflate_bad_repeat = SANSOCKET_INFLATE_BAD_REPEAT,
    inflate_no_end_of_block = SANSOCKET_INFLATE_NO_END_OF_BLOCK,
    inflate_bad_literal_code = SANSOCKET_INFLATE_BAD_LITERAL_CODE,
    inflate_bad_distance_code = SANSOCKET_INFLATE_BAD_DISTANCE_CODE,
    inflate_invalid_literal = SANSOCKET_INFLATE_INVALID_LITERAL,
    inflate_invalid_distance = SANSOCKET_INFLATE_INVALID_DISTANCE,
    inflate_distance_too_far = SANSOCKET_INFLATE_DISTANCE_TOO_FAR,
    inflate_not_flushed = SANSOCKET_INFLATE_NOT_FLUSHED,
    inflate_unspecified = SANSOCKET_INFLATE_UNSPECIFIED,
};

/** `sansocket_event_type` */
enum class event_type : std::uint32_t {
    none = SANSOCKET_EVENT_NONE,
    request = SANSOCKET_EVENT_REQUEST,
    http_request = SANSOCKET_EVENT_HTTP_REQUEST,
    opened = SANSOCKET_EVENT_OPENED,
    refused = SANSOCKET_EVENT_REFUSED,
    data = SANSOCKET_EVENT_DATA,
    ping = SANSOCKET_EVENT_PING,
    pong = SANSOCKET_EVENT_PONG,
    close_received = SANSOCKET_EVENT_CLOSE_RECEIVED,
    failed = SANSOCKET_EVENT_FAILED,
    closed = SANSOCKET_EVENT_CLOSED,
};

/** `sansocket_error` */
enum class error : std::uint32_t {
    none = SANSOCKET_ERROR_NONE,
    reserved_bit_set = SANSOCKET_ERROR_RESERVED_BIT_SET,
    reserved_opcode = SANSOCKET_ERROR_RESERVED_OPCODE,
    fragmented_control_frame = SANSOCKET_ERROR_FRAGMENTED_CONTROL_FRAME,
    control_frame_too_long = SANSOCKET_ERROR_CONTROL_FRAME_TOO_LONG,
    unmasked_client_frame = SANSOCKET_ERROR_UNMASKED_CLIENT_FRAME,
    masked_server_frame = SANSOCKET_ERROR_MASKED_SERVER_FRAME,
    non_minimal_length = SANSOCKET_ERROR_NON_MINIMAL_LENGTH,
    length_top_bit_set = SANSOCKET_ERROR_LENGTH_TOP_BIT_SET,
    continuation_without_start = SANSOCKET_ERROR_CONTINUATION_WITHOUT_START,
    message_inside_message = SANSOCKET_ERROR_MESSAGE_INSIDE_MESSAGE,
    invalid_utf8 = SANSOCKET_ERROR_INVALID_UTF8,
    close_body_too_short = SANSOCKET_ERROR_CLOSE_BODY_TOO_SHORT,
    invalid_close_code = SANSOCKET_ERROR_INVALID_CLOSE_CODE,
    invalid_close_reason = SANSOCKET_ERROR_INVALID_CLOSE_REASON,
    message_too_long = SANSOCKET_ERROR_MESSAGE_TOO_LONG,
    too_many_fragments = SANSOCKET_ERROR_TOO_MANY_FRAGMENTS,
    too_many_empty_frames = SANSOCKET_ERROR_TOO_MANY_EMPTY_FRAMES,
    invalid_deflate = SANSOCKET_ERROR_INVALID_DEFLATE,
    invalid_request_line = SANSOCKET_ERROR_INVALID_REQUEST_LINE,
    invalid_status_line = SANSOCKET_ERROR_INVALID_STATUS_LINE,
    invalid_header_name = SANSOCKET_ERROR_INVALID_HEADER_NAME,
    invalid_header_value = SANSOCKET_ERROR_INVALID_HEADER_VALUE,
    invalid_line_end = SANSOCKET_ERROR_INVALID_LINE_END,
    folded_header_line = SANSOCKET_ERROR_FOLDED_HEADER_LINE,
    head_too_long = SANSOCKET_ERROR_HEAD_TOO_LONG,
    too_many_header_lines = SANSOCKET_ERROR_TOO_MANY_HEADER_LINES,
    target_too_long = SANSOCKET_ERROR_TARGET_TOO_LONG,
    invalid_header_list = SANSOCKET_ERROR_INVALID_HEADER_LIST,
    invalid_body_length = SANSOCKET_ERROR_INVALID_BODY_LENGTH,
    method_not_get = SANSOCKET_ERROR_METHOD_NOT_GET,
    invalid_host = SANSOCKET_ERROR_INVALID_HOST,
    missing_connection_upgrade = SANSOCKET_ERROR_MISSING_CONNECTION_UPGRADE,
    invalid_key = SANSOCKET_ERROR_INVALID_KEY,
    invalid_version = SANSOCKET_ERROR_INVALID_VERSION,
    unsupported_version = SANSOCKET_ERROR_UNSUPPORTED_VERSION,
    request_with_body = SANSOCKET_ERROR_REQUEST_WITH_BODY,
    unsupported_expectation = SANSOCKET_ERROR_UNSUPPORTED_EXPECTATION,
    connection_specific_field = SANSOCKET_ERROR_CONNECTION_SPECIFIC_FIELD,
    status_not_101 = SANSOCKET_ERROR_STATUS_NOT_101,
    invalid_upgrade = SANSOCKET_ERROR_INVALID_UPGRADE,
    missing_connection_upgrade_in_response = SANSOCKET_ERROR_MISSING_CONNECTION_UPGRADE_IN_RESPONSE,
    invalid_accept = SANSOCKET_ERROR_INVALID_ACCEPT,
    wrong_accept = SANSOCKET_ERROR_WRONG_ACCEPT,
    unoffered_subprotocol = SANSOCKET_ERROR_UNOFFERED_SUBPROTOCOL,
    unoffered_extension = SANSOCKET_ERROR_UNOFFERED_EXTENSION,
    response_with_body = SANSOCKET_ERROR_RESPONSE_WITH_BODY,
    too_many_interim_responses = SANSOCKET_ERROR_TOO_MANY_INTERIM_RESPONSES,
    invalid_deflate_response = SANSOCKET_ERROR_INVALID_DEFLATE_RESPONSE,
};

/** `sansocket_option` */
enum class option : std::uint32_t {
    max_message_len = SANSOCKET_OPTION_MAX_MESSAGE_LEN,
    max_fragments = SANSOCKET_OPTION_MAX_FRAGMENTS,
    max_empty_frames = SANSOCKET_OPTION_MAX_EMPTY_FRAMES,
    max_head_len = SANSOCKET_OPTION_MAX_HEAD_LEN,
    max_target_len = SANSOCKET_OPTION_MAX_TARGET_LEN,
    max_header_lines = SANSOCKET_OPTION_MAX_HEADER_LINES,
    max_interim_responses = SANSOCKET_OPTION_MAX_INTERIM_RESPONSES,
    auto_pong = SANSOCKET_OPTION_AUTO_PONG,
    handshake_timeout_ms = SANSOCKET_OPTION_HANDSHAKE_TIMEOUT_MS,
    closing_timeout_ms = SANSOCKET_OPTION_CLOSING_TIMEOUT_MS,
    keepalive_interval_ms = SANSOCKET_OPTION_KEEPALIVE_INTERVAL_MS,
    pong_timeout_ms = SANSOCKET_OPTION_PONG_TIMEOUT_MS,
    idle_timeout_ms = SANSOCKET_OPTION_IDLE_TIMEOUT_MS,
    min_write_rate = SANSOCKET_OPTION_MIN_WRITE_RATE,
    write_timeout_ms = SANSOCKET_OPTION_WRITE_TIMEOUT_MS,
};

/** `sansocket_role` */
enum class role : std::uint32_t {
    client = SANSOCKET_CLIENT,
    server = SANSOCKET_SERVER,
};

/** `sansocket_state` */
enum class state : std::uint32_t {
    connecting = SANSOCKET_STATE_CONNECTING,
    open = SANSOCKET_STATE_OPEN,
    closing = SANSOCKET_STATE_CLOSING,
    closed = SANSOCKET_STATE_CLOSED,
};

/** `sansocket_transport` */
enum class transport : std::uint32_t {
    keep = SANSOCKET_TRANSPORT_KEEP,
    shutdown_write = SANSOCKET_TRANSPORT_SHUTDOWN_WRITE,
    close = SANSOCKET_TRANSPORT_CLOSE,
};

/** `sansocket_kind` */
enum class kind : std::uint32_t {
    text = SANSOCKET_TEXT,
    binary = SANSOCKET_BINARY,
};

/** `sansocket_level` */
enum class level : std::uint32_t {
    fast = SANSOCKET_LEVEL_FAST,
    standard = SANSOCKET_LEVEL_DEFAULT,
    best = SANSOCKET_LEVEL_BEST,
};

/** `sansocket_ping_source` */
enum class ping_source : std::uint32_t {
    keepalive = SANSOCKET_PING_KEEPALIVE,
    application = SANSOCKET_PING_APPLICATION,
};

/** `sansocket_end_cause` */
enum class end_cause : std::uint32_t {
    end_of_input = SANSOCKET_CAUSE_END_OF_INPUT,
    handshake_timeout = SANSOCKET_CAUSE_HANDSHAKE_TIMEOUT,
    pong_timeout = SANSOCKET_CAUSE_PONG_TIMEOUT,
    idle_timeout = SANSOCKET_CAUSE_IDLE_TIMEOUT,
    closing_timeout = SANSOCKET_CAUSE_CLOSING_TIMEOUT,
    caller = SANSOCKET_CAUSE_CALLER,
    write_timeout = SANSOCKET_CAUSE_WRITE_TIMEOUT,
};

/** `sansocket_origin` */
enum class origin : std::uint32_t {
    any = SANSOCKET_ORIGIN_ANY,
    one_of = SANSOCKET_ORIGIN_ONE_OF,
    same_host = SANSOCKET_ORIGIN_SAME_HOST,
    same_host_secure = SANSOCKET_ORIGIN_SAME_HOST_SECURE,
};

/** `sansocket_close_code` */
enum class close_code : std::uint32_t {
    normal_closure = SANSOCKET_CLOSE_NORMAL_CLOSURE,
    going_away = SANSOCKET_CLOSE_GOING_AWAY,
    protocol_error = SANSOCKET_CLOSE_PROTOCOL_ERROR,
    unsupported_data = SANSOCKET_CLOSE_UNSUPPORTED_DATA,
    no_status_received = SANSOCKET_CLOSE_NO_STATUS_RECEIVED,
    abnormal_closure = SANSOCKET_CLOSE_ABNORMAL_CLOSURE,
    invalid_payload_data = SANSOCKET_CLOSE_INVALID_PAYLOAD_DATA,
    policy_violation = SANSOCKET_CLOSE_POLICY_VIOLATION,
    message_too_big = SANSOCKET_CLOSE_MESSAGE_TOO_BIG,
    mandatory_extension = SANSOCKET_CLOSE_MANDATORY_EXTENSION,
    internal_error = SANSOCKET_CLOSE_INTERNAL_ERROR,
    service_restart = SANSOCKET_CLOSE_SERVICE_RESTART,
    try_again_later = SANSOCKET_CLOSE_TRY_AGAIN_LATER,
    bad_gateway = SANSOCKET_CLOSE_BAD_GATEWAY,
};

/** `sansocket_opcode` */
enum class opcode : std::uint32_t {
    continuation = SANSOCKET_OPCODE_CONTINUATION,
    text = SANSOCKET_OPCODE_TEXT,
    binary = SANSOCKET_OPCODE_BINARY,
    close = SANSOCKET_OPCODE_CLOSE,
    ping = SANSOCKET_OPCODE_PING,
    pong = SANSOCKET_OPCODE_PONG,
};

/** `sansocket_masking` */
enum class masking : std::uint32_t {
    any = SANSOCKET_MASKING_ANY,
    required = SANSOCKET_MASKING_REQUIRED,
    forbidden = SANSOCKET_MASKING_FORBIDDEN,
};

} // namespace sans

#endif // SANSOCKET_ENUMS_HPP
