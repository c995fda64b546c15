//! libFuzzer's entry to [`sansocket_fuzz::ffi`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| sansocket_fuzz::ffi(data));
