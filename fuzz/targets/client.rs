//! libFuzzer's entry to [`sansocket_fuzz::client`].
#![no_main]

libfuzzer_sys::fuzz_target!(|input: sansocket_fuzz::Client<'_>| sansocket_fuzz::client(&input));
