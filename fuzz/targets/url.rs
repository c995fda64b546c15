//! libFuzzer's entry to [`sansocket_fuzz::url`].
#![no_main]

libfuzzer_sys::fuzz_target!(|text: &str| sansocket_fuzz::url(&text));
