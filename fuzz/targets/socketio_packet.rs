//! libFuzzer's entry to [`sansocket_fuzz::socketio_packet`].
#![no_main]

libfuzzer_sys::fuzz_target!(|text: &str| sansocket_fuzz::socketio_packet(&text));
