//! libFuzzer's entry to [`sansocket_fuzz::heads`].
#![no_main]

libfuzzer_sys::fuzz_target!(|input: sansocket_fuzz::Heads<'_>| sansocket_fuzz::heads(&input));
