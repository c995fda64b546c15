//! libFuzzer's entry to [`sansocket_fuzz::heads`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| sansocket_fuzz::heads(data));
