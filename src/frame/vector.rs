//! Masking by AVX2, where the CPU has it: the loops of `xor`, compiled for registers of 32 bytes.
//!
//! The only unsafe code of the library outside of the C layer, and all of it one thing: to call a function that is compiled for CPUs
//! with AVX2. Such a call is sound if the CPU has AVX2, and asks nothing else of its caller: the functions take slices, and their
//! bodies are safe code.
#![allow(unsafe_code, reason = "calls of functions that are compiled for AVX2, each after the CPU was asked for it")]

use super::xor::{copy_by_words, mask_by_words};

/// XORs `bytes` with `key`; `None` if that is better done without AVX2.
#[inline(always)]
pub(super) fn mask(key: [u8; 4], bytes: &mut [u8]) -> Option<()> {
    #[target_feature(enable = "avx2")]
    unsafe fn by_avx2(key: [u8; 4], bytes: &mut [u8]) {
        mask_by_words(key, bytes);
    }
    // SAFETY: the CPU has AVX2, says `pays_off`.
    pays_off(bytes.len()).then(|| unsafe { by_avx2(key, bytes) })
}

/// The same, and every bit that is then set in any word of them.
#[inline(always)]
pub(super) fn mask_and_see(key: [u8; 4], bytes: &mut [u8]) -> Option<u64> {
    #[target_feature(enable = "avx2")]
    unsafe fn by_avx2(key: [u8; 4], bytes: &mut [u8]) -> u64 {
        mask_by_words(key, bytes)
    }
    // SAFETY: the CPU has AVX2, says `pays_off`.
    pays_off(bytes.len()).then(|| unsafe { by_avx2(key, bytes) })
}

/// Copies `from` to `to`, XORed with `key`; `None` if that is better done without AVX2.
#[inline(always)]
pub(super) fn copy_masked(key: [u8; 4], from: &[u8], to: &mut [u8]) -> Option<()> {
    #[target_feature(enable = "avx2")]
    unsafe fn by_avx2(key: [u8; 4], from: &[u8], to: &mut [u8]) {
        copy_by_words(key, from, to);
    }
    // SAFETY: the CPU has AVX2, says `pays_off`.
    pays_off(from.len()).then(|| unsafe { by_avx2(key, from, to) })
}

/// Whether the CPU has AVX2, and `len` bytes are worth a call that cannot be inlined. The standard library asks CPU and system once,
/// and remembers the answer.
#[inline(always)]
fn pays_off(len: usize) -> bool {
    len >= 64 && std::arch::is_x86_feature_detected!("avx2")
}
