//! libFuzzer's entry to [`sansocket_fuzz::socketio_server`].
#![no_main]

libfuzzer_sys::fuzz_target!(|input: sansocket_fuzz::Socketio<'_>| sansocket_fuzz::socketio_server(&input));
