//! libFuzzer's entry to [`sansocket_fuzz::socketio_engine`].
#![no_main]

libfuzzer_sys::fuzz_target!(|text: &str| sansocket_fuzz::socketio_engine(&text));
