//! libFuzzer's entry to [`sansocket_fuzz::sending`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| sansocket_fuzz::sending(data));
