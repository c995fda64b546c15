//! libFuzzer's entry to [`sansocket_fuzz::sending`].
#![no_main]

libfuzzer_sys::fuzz_target!(|input: sansocket_fuzz::Sending<'_>| sansocket_fuzz::sending(&input));
