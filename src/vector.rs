//! What CPUs of x86-64 have vector units for: masking by AVX2, where the standard library finds it, and searches in a head by SSE2, which all
//! of them have.
//!
//! The only unsafe code of the library outside of the C layer, and all of it two things. To call a function that is compiled for CPUs with
//! AVX2 is sound if the CPU has AVX2, and asks nothing else of its caller: the functions take slices, and their bodies are safe code. SSE2
//! belongs to the target, so its instructions are sound as such; only the one that reads memory asks for something, 16 bytes to read.
#![allow(unsafe_code, reason = "calls of functions that are compiled for AVX2, each after the CPU was asked for it, and SSE2")]

use core::arch::x86_64::{
    __m128i, _mm_cmpeq_epi8, _mm_cmplt_epi8, _mm_loadu_si128, _mm_movemask_epi8, _mm_or_si128, _mm_set1_epi8, _mm_sub_epi8,
};

#[cfg(feature = "std")]
use crate::frame::xor::{copy_by_words, mask_by_words};

/// XORs `bytes` with `key`; `None` if that is better done without AVX2.
#[cfg(feature = "std")]
#[inline(always)]
pub(crate) fn mask(key: [u8; 4], bytes: &mut [u8]) -> Option<()> {
    #[target_feature(enable = "avx2")]
    unsafe fn by_avx2(key: [u8; 4], bytes: &mut [u8]) {
        mask_by_words(key, bytes);
    }
    // SAFETY: the CPU has AVX2, says `pays_off`.
    pays_off(bytes.len()).then(|| unsafe { by_avx2(key, bytes) })
}

/// The same, and every bit that is then set in any word of them.
#[cfg(feature = "std")]
#[inline(always)]
pub(crate) fn mask_and_see(key: [u8; 4], bytes: &mut [u8]) -> Option<u64> {
    #[target_feature(enable = "avx2")]
    unsafe fn by_avx2(key: [u8; 4], bytes: &mut [u8]) -> u64 {
        mask_by_words(key, bytes)
    }
    // SAFETY: the CPU has AVX2, says `pays_off`.
    pays_off(bytes.len()).then(|| unsafe { by_avx2(key, bytes) })
}

/// Copies `from` to `to`, XORed with `key`; `None` if that is better done without AVX2.
#[cfg(feature = "std")]
#[inline(always)]
pub(crate) fn copy_masked(key: [u8; 4], from: &[u8], to: &mut [u8]) -> Option<()> {
    #[target_feature(enable = "avx2")]
    unsafe fn by_avx2(key: [u8; 4], from: &[u8], to: &mut [u8]) {
        copy_by_words(key, from, to);
    }
    // SAFETY: the CPU has AVX2, says `pays_off`.
    pays_off(from.len()).then(|| unsafe { by_avx2(key, from, to) })
}

/// Whether the CPU has AVX2, and `len` bytes are worth a call that cannot be inlined. The standard library asks CPU and system once,
/// and remembers the answer.
#[cfg(feature = "std")]
#[inline(always)]
fn pays_off(len: usize) -> bool {
    len >= 64 && std::arch::is_x86_feature_detected!("avx2")
}

/// How many bytes a search looks at together.
pub(crate) const WIDTH: usize = 16;
/// How many bits a mark is from that of the next byte.
pub(crate) const APART: u32 = 1;
/// A bit for each byte that may not be in a header value, or is a tab; the first byte's is the lowest.
#[inline(always)]
pub(crate) fn value_marks(bytes: &[u8; WIDTH]) -> u64 {
    // SAFETY: SSE2, on 16 bytes.
    unsafe {
        let bytes = _mm_loadu_si128(bytes.as_ptr().cast());
        bits(_mm_or_si128(are_from_to(bytes, 0, b' ' - 1), _mm_cmpeq_epi8(bytes, each(0x7F))))
    }
}

/// A bit for each byte that is not a letter or a dash.
#[inline(always)]
pub(crate) fn name_marks(bytes: &[u8; WIDTH]) -> u64 {
    // SAFETY: SSE2, on 16 bytes.
    unsafe {
        let bytes = _mm_loadu_si128(bytes.as_ptr().cast());
        let are_letters = are_from_to(_mm_or_si128(bytes, each(b' ')), b'a', b'z');
        bits(_mm_or_si128(are_letters, _mm_cmpeq_epi8(bytes, each(b'-')))) ^ 0xFFFF
    }
}

/// A bit for each byte that is not visible ASCII.
#[inline(always)]
pub(crate) fn visible_marks(bytes: &[u8; WIDTH]) -> u64 {
    // SAFETY: SSE2, on 16 bytes.
    unsafe { bits(are_from_to(_mm_loadu_si128(bytes.as_ptr().cast()), b'!', b'~')) ^ 0xFFFF }
}

/// Which of `bytes` are from `first` to `last`, which is not 255: moved down to the least numbers with a sign.
#[inline(always)]
fn are_from_to(bytes: __m128i, first: u8, last: u8) -> __m128i {
    // SAFETY: SSE2, on values.
    unsafe {
        _mm_cmplt_epi8(_mm_sub_epi8(bytes, each(first.wrapping_add(0x80))), each(last.wrapping_sub(first).wrapping_add(0x81)))
    }
}

/// Sixteen such bytes.
#[inline(always)]
fn each(byte: u8) -> __m128i {
    // SAFETY: SSE2, on values.
    unsafe { _mm_set1_epi8(i8::from_ne_bytes([byte])) }
}

/// The top bit of each byte.
#[inline(always)]
fn bits(bytes: __m128i) -> u64 {
    // SAFETY: SSE2, on values.
    u64::try_from(unsafe { _mm_movemask_epi8(bytes) }).unwrap_or_default()
}
