//! libFuzzer's entry to [`sansocket_fuzz::negotiate`].
#![no_main]

libfuzzer_sys::fuzz_target!(|input: sansocket_fuzz::Negotiate<'_>| sansocket_fuzz::negotiate(&input));
