//! The functions of the header, in the order in which they are read.

use std::error::Error;

/// Titles, and the functions under each. Who adds a function adds its name here.
type Themes = &'static [(&'static str, &'static [&'static str])];

pub const ENGINE: Themes = &[
    (
        "The functions that a program needs",
        &[
            "init_server",
            "init_client",
            "buffered_attach",
            "buffered_next",
            "buffered_due",
            "buffered_written",
            "buffered_write_failed",
            "buffered_get_transport",
            "buffered_wants_reading",
            "buffered_poll_timeout",
            "buffered_space",
            "buffered_filled",
            "buffered_eof",
            "buffered_request",
            "buffered_accept_or_refuse",
            "buffered_send",
            "buffered_close",
        ],
    ),
    (
        "A connection with its buffers: more of the loop",
        &[
            "buffered_get_next_timeout",
            "buffered_current",
            "buffered_get_room",
            "buffered_pause",
            "buffered_resume",
            "buffered_unread",
            "buffered_discard",
        ],
    ),
    (
        "A connection with its buffers: more that it sends",
        &[
            "buffered_accept",
            "buffered_respond",
            "buffered_send_part",
            "buffered_send_part_by",
            "buffered_send_encoded",
            "buffered_ping",
            "buffered_pong",
            "buffered_fail",
        ],
    ),
    (
        "A connection with its buffers: compression",
        &[
            "buffered_set_inflater",
            "buffered_set_compressor",
            "buffered_send_plain",
            "buffered_send_part_plain",
            "buffered_send_compressed",
            "buffered_set_inflate_codec",
            "buffered_set_deflate_codec",
        ],
    ),
    ("A connection with its buffers: buffers that many share", &["buffered_remaining", "buffered_detach", "buffered_restore"]),
    (
        "By hand, without buffers",
        &["request", "accept_or_refuse", "receive", "receive_eof", "send", "close", "poll_timeout", "handle_timeout"],
    ),
    ("Configuration", &["config_init", "config_set", "config_set_subprotocols", "config_set_deflate"]),
    (
        "What a connection can be asked",
        &[
            "get_state",
            "get_transport",
            "get_role",
            "get_subprotocol",
            "get_deflate",
            "get_close_code",
            "get_was_clean",
            "get_next_timeout",
            "get_round_trip_us",
        ],
    ),
    (
        "The opening handshake, decided step by step",
        &["accept", "respond", "respond_head", "choose_subprotocol", "request_deflate_offer", "init_open"],
    ),
    (
        "HTTP heads and URLs, read in place",
        &["request_parse", "response_parse", "head_header", "head_header_at", "request_subprotocol_at", "token_at", "url_parse"],
    ),
    ("Further ways to send", &["ping", "pong", "fail", "send_header", "send_binary_header", "encode_message", "send_encoded"]),
    ("Messages that arrive in pieces", &["collect"]),
    ("Time, and peers that are slow", &["pause", "resume", "written", "widen_ms"]),
    (
        "Compression: permessage-deflate (RFC 7692)",
        &[
            "inflater_init",
            "compressor_init",
            "compressor_memory_len",
            "receive_with",
            "send_with",
            "inflater_reset",
            "compressor_reset",
            "inflater_get_window_bits",
            "compressor_get_window_bits",
            "compressor_is_idle",
            "encode_compressed",
            "send_compressed",
            "receive_with_codec",
            "send_with_codec",
            "encode_compressed_with_codec",
            "inflate",
            "inflate_end",
            "compress",
        ],
    ),
    (
        "For programs that do the opening handshake or the framing themselves",
        &["head_find", "accept_key", "frame_header_decode", "frame_header_encode", "apply_mask"],
    ),
    (
        "Texts and numbers",
        &["result_text", "error_text", "error_close_code", "event_text", "end_cause_text", "close_code_is_allowed", "version"],
    ),
];

pub const SESSION: Themes = &[
    (
        "The functions that a program needs",
        &[
            "session_init",
            "session_start",
            "session_next",
            "session_get_transport",
            "session_get_epoch",
            "session_dial",
            "session_connected",
            "session_dial_failed",
            "session_due",
            "session_written",
            "session_write_failed",
            "session_wants_reading",
            "session_poll_timeout",
            "session_space",
            "session_filled",
            "session_eof",
            "session_send",
            "session_close",
            "session_get_state",
        ],
    ),
    (
        "More that a program sends and decides",
        &[
            "session_send_volatile",
            "session_send_now",
            "session_send_part",
            "session_request",
            "session_hold",
            "session_release",
            "session_ping",
            "session_retry_in",
            "session_stop",
            "session_set_url",
        ],
    ),
    (
        "Configuration",
        &[
            "session_config_init",
            "session_config_set",
            "session_config_set_proxy",
            "session_config_set_heartbeat",
            "session_config_url_memory_len",
        ],
    ),
    (
        "What a session can be asked, and more of the loop",
        &[
            "session_get_url",
            "session_get_queued",
            "session_get_last_number",
            "session_get_failures",
            "session_get_subprotocol",
            "session_get_round_trip_us",
            "session_get_next_timeout",
            "session_current",
            "session_unread",
            "session_read_body",
            "session_discard",
            "session_end_body",
            "session_pause",
            "session_resume",
        ],
    ),
    ("Credentials (RFC 7617)", &["basic_credentials", "split_url_user"]),
    (
        "Texts",
        &[
            "session_result_text",
            "session_event_text",
            "session_cause_text",
            "dial_error_text",
            "redirect_error_text",
            "session_state_text",
        ],
    ),
];

pub const SOCKETIO: Themes = &[
    (
        "The functions that a program needs",
        &[
            "socketio_target",
            "socketio_init",
            "socketio_connect",
            "socketio_next",
            "socketio_poll_timeout",
            "socketio_authenticate",
            "socketio_emit",
            "socketio_ack",
            "socketio_disconnect",
        ],
    ),
    (
        "JSON that has arrived, and that is made",
        &["json_items", "json_get", "json_equals", "json_text", "json_integer", "json_escape"],
    ),
    ("What a client can be asked", &["socketio_get_state", "socketio_get_name", "socketio_get_next_timeout"]),
    ("Configuration", &["socketio_config_init", "socketio_config_set"]),
    (
        "Texts",
        &["socketio_result_text", "socketio_event_text", "socketio_reason_text", "socketio_fault_text", "socketio_state_text"],
    ),
];

/// For compilers that have neither `mode` nor enums of an int's size.
pub const ENUM_CHECK: &str = "\
/** Fails to compile where an enum is not 32 bits wide: tell the compiler to make enums as wide as int. */
typedef char sansocket_enums_are_32_bits_wide[sizeof(sansocket_kind) == 4 ? 1 : -1];";

/// Puts the functions of a header in order, each theme under its title.
pub fn arrange(header: &str, themes: Themes, check: Option<&str>) -> Result<String, Box<dyn Error>> {
    let is_function = |block: &str| block.trim_end().ends_with(");") && !block.contains('{') && !block.contains("typedef");
    let blocks: Vec<&str> = header.split("\n\n").collect();
    let first = blocks.iter().position(|block| is_function(block)).ok_or("a header without functions")?;
    let end = blocks.iter().rposition(|block| is_function(block)).ok_or("a header without functions")? + 1;
    let mut functions: Vec<(&str, &str)> = Vec::new();
    for block in &blocks[first..end] {
        let prototype = block.rsplit("*/").next().unwrap_or(block);
        let name = prototype.split('(').next().and_then(|words| words.rsplit("sansocket_").next());
        functions.push((name.ok_or("a function without a name")?, block));
    }
    let mut arranged: Vec<String> = blocks[..first].iter().map(|block| block.to_string()).collect();
    if let Some(check) = check {
        // Before the functions, where C++ opens its `extern "C"`.
        arranged.insert(first - 1, check.to_owned());
    }
    for (title, names) in themes {
        arranged.push(format!("/* ---- {title} ---- */"));
        for name in *names {
            let place =
                functions.iter().position(|function| function.0 == *name).ok_or(format!("no function sansocket_{name}"))?;
            arranged.push(functions.swap_remove(place).1.to_owned());
        }
    }
    if let Some((name, _)) = functions.first() {
        return Err(format!("sansocket_{name} is in no theme: add it to capi/header/src/themes.rs").into());
    }
    arranged.extend(blocks[end..].iter().map(|block| block.to_string()));
    Ok(arranged.join("\n\n"))
}
