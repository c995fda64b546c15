//! libFuzzer's entry to [`sansocket_fuzz::server`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| sansocket_fuzz::server(data));
