//! libFuzzer's entry to [`sansocket_fuzz::compressed_pair`].
#![no_main]

libfuzzer_sys::fuzz_target!(|input: sansocket_fuzz::CompressedPair<'_>| sansocket_fuzz::compressed_pair(&input));
