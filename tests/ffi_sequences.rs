//! The C layer does what the Rust API does: random sequences of calls, right and wrong ones, beside the same calls in Rust.
#![cfg(all(feature = "ffi", feature = "deflate"))]

#[path = "support/ffi_alone.rs"]
mod ffi_alone;
#[path = "support/ffi_sequence.rs"]
mod ffi_sequence;

/// A quarter of a million calls; ten times as many in a release build. The data are those of a generator (splitmix64), the same at every run.
#[test]
fn random_sequences_of_calls_do_in_c_what_they_do_in_rust() {
    let sequences = if cfg!(debug_assertions) { 10_000 } else { 100_000 };
    for seed in 0..sequences {
        let mut state = seed;
        let mut next = || {
            state = u64::wrapping_add(state, 0x9E37_79B9_7F4A_7C15);
            let mixed = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
            (mixed ^ (mixed >> 31)).to_le_bytes()
        };
        let data: Vec<u8> = (0..60).flat_map(|_| next()).collect();
        let panicked = std::panic::catch_unwind(|| ffi_sequence::ffi_sequence(&data)).is_err();
        assert!(!panicked, "sequence {seed}");
    }
}
