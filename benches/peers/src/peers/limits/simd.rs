//! Masking with SSE2, AVX2 and AVX-512. For all of it: a pointer and a length are those of one valid buffer, and
//! the caller has checked that the CPU has the unit. The key is used from its lowest byte on.
#![allow(unsafe_op_in_unsafe_fn)] // everything here is unsafe
#![allow(clippy::needless_range_loop)] // the loop as it is measured
use std::arch::x86_64::*;

/// In-place XOR with a repeating 4-byte key; the key starts at byte 0 of `p`.
#[inline]
pub unsafe fn xor_sse2(mut p: *mut u8, mut n: usize, key: u32) {
    let k = _mm_set1_epi32(key as i32);
    while n >= 64 {
        for i in 0..4 {
            let q = p.add(16 * i) as *mut __m128i;
            _mm_storeu_si128(q, _mm_xor_si128(_mm_loadu_si128(q), k));
        }
        p = p.add(64);
        n -= 64;
    }
    xor_tail(p, n, key)
}
#[target_feature(enable = "avx2")]
pub unsafe fn xor_avx2(mut p: *mut u8, mut n: usize, key: u32) {
    let k = _mm256_set1_epi32(key as i32);
    while n >= 128 {
        for i in 0..4 {
            let q = p.add(32 * i) as *mut __m256i;
            _mm256_storeu_si256(q, _mm256_xor_si256(_mm256_loadu_si256(q), k));
        }
        p = p.add(128);
        n -= 128;
    }
    while n >= 32 {
        let q = p as *mut __m256i;
        _mm256_storeu_si256(q, _mm256_xor_si256(_mm256_loadu_si256(q), k));
        p = p.add(32);
        n -= 32;
    }
    xor_tail(p, n, key)
}
#[target_feature(enable = "avx512f")]
pub unsafe fn xor_avx512(mut p: *mut u8, mut n: usize, key: u32) {
    let k = _mm512_set1_epi32(key as i32);
    while n >= 64 {
        let q = p as *mut __m512i;
        _mm512_storeu_si512(q as *mut _, _mm512_xor_si512(_mm512_loadu_si512(q as *const _), k));
        p = p.add(64);
        n -= 64;
    }
    xor_tail(p, n, key)
}
#[inline(always)]
pub unsafe fn xor_tail(mut p: *mut u8, mut n: usize, key: u32) {
    let k = _mm_set1_epi32(key as i32);
    while n >= 16 {
        let q = p as *mut __m128i;
        _mm_storeu_si128(q, _mm_xor_si128(_mm_loadu_si128(q), k));
        p = p.add(16);
        n -= 16;
    }
    if n >= 8 {
        let q = p as *mut u64;
        q.write_unaligned(q.read_unaligned() ^ (key as u64 | (key as u64) << 32));
        p = p.add(8);
        n -= 8;
    }
    if n >= 4 {
        let q = p as *mut u32;
        q.write_unaligned(q.read_unaligned() ^ key);
        p = p.add(4);
        n -= 4;
    }
    let kb = key.to_le_bytes();
    for i in 0..n {
        *p.add(i) ^= kb[i];
    }
}
#[inline]
pub fn xor(p: &mut [u8], key: u32, avx2: bool) {
    unsafe {
        // a call to an AVX2 function costs more than it gains under 64 bytes
        if avx2 && p.len() >= 64 { xor_avx2(p.as_mut_ptr(), p.len(), key) } else { xor_sse2(p.as_mut_ptr(), p.len(), key) }
    }
}

/// What the floor uses: the widest unit the CPU has, as two of the peers do.
#[inline]
pub fn xor_best(p: &mut [u8], key: u32, avx2: bool) {
    if p.len() >= 256 && is_x86_feature_detected!("avx512f") {
        unsafe { xor_avx512(p.as_mut_ptr(), p.len(), key) }
    } else {
        xor(p, key, avx2)
    }
}

/// `dst = src ^ key`, one pass.
#[target_feature(enable = "avx2")]
pub unsafe fn xor_copy_avx2(mut d: *mut u8, mut s: *const u8, mut n: usize, key: u32) {
    let k = _mm256_set1_epi32(key as i32);
    while n >= 32 {
        _mm256_storeu_si256(d as *mut _, _mm256_xor_si256(_mm256_loadu_si256(s as *const _), k));
        (d, s, n) = (d.add(32), s.add(32), n - 32);
    }
    std::ptr::copy_nonoverlapping(s, d, n);
    xor_tail(d, n, key)
}
/// XOR in place and report whether the result is pure ASCII, one pass.
#[target_feature(enable = "avx2")]
pub unsafe fn xor_ascii_avx2(mut p: *mut u8, mut n: usize, key: u32) -> bool {
    let k = _mm256_set1_epi32(key as i32);
    let mut acc = _mm256_setzero_si256();
    while n >= 128 {
        for i in 0..4 {
            let q = p.add(32 * i) as *mut __m256i;
            let v = _mm256_xor_si256(_mm256_loadu_si256(q), k);
            _mm256_storeu_si256(q, v);
            acc = _mm256_or_si256(acc, v);
        }
        p = p.add(128);
        n -= 128;
    }
    while n >= 32 {
        let q = p as *mut __m256i;
        let v = _mm256_xor_si256(_mm256_loadu_si256(q), k);
        _mm256_storeu_si256(q, v);
        acc = _mm256_or_si256(acc, v);
        p = p.add(32);
        n -= 32;
    }
    let hi = _mm256_movemask_epi8(acc);
    hi == 0 && xor_ascii_small(p, n, key) || {
        if hi != 0 {
            xor_tail(p, n, key);
        }
        false
    }
}
#[inline(always)]
pub unsafe fn xor_ascii_small(p: *mut u8, n: usize, key: u32) -> bool {
    xor_tail(p, n, key);
    let (mut i, mut acc) = (0, 0u64);
    while i + 8 <= n {
        acc |= (p.add(i) as *const u64).read_unaligned();
        i += 8;
    }
    while i < n {
        acc |= *p.add(i) as u64;
        i += 1;
    }
    acc & 0x8080808080808080 == 0
}
