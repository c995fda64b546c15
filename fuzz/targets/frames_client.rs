//! libFuzzer's entry to [`sansocket_fuzz::frames_client`].
#![no_main]

libfuzzer_sys::fuzz_target!(|input: sansocket_fuzz::Frames<'_>| sansocket_fuzz::frames_client(&input));
