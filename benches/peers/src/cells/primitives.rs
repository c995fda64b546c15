//! P: what the memory, the SIMD units and the UTF-8 validators can do.
use crate::measure::{Config, Entry, Row, bench};
use crate::peers::limits::{xor_avx2, xor_avx512, xor_sse2};
use crate::wire::{Kind, payload};
use std::hint::black_box;

const KEY: u32 = 0x12345678;

pub fn run(cfg: &Config, cell: &str, size: usize) -> Vec<Row> {
    let src = payload(Kind::Binary, size, 1).slice;
    let ascii = payload(Kind::Ascii, size, 1).slice;
    let chinese = payload(Kind::Chinese, size, 1).slice;
    let mut entries: Vec<Entry> = vec![];
    let per = ((1 << 18) / size).clamp(2, 4096);
    macro_rules! add {
        ($name:expr, $native:expr, $f:expr $(,)?) => {
            entries.push(Entry::simple($name, if $native { "LN" } else { "L" }, $native, per, Box::new($f)))
        };
    }
    let (mut a, s) = (vec![1u8; size], &src);
    add!("memcpy", false, move || {
        a.copy_from_slice(black_box(s));
        black_box(&a);
    });
    let mut a = vec![1u8; size];
    add!("XOR in place, byte loop (autovectorised)", false, move || {
        let k = black_box([1u8, 2, 3, 4]);
        for (i, b) in a.iter_mut().enumerate() {
            *b ^= k[i & 3];
        }
        black_box(&a);
    });
    let mut a = vec![1u8; size];
    // SAFETY: SSE2 is part of x86-64; pointer and length are the buffer's
    add!("XOR in place, SSE2", false, move || unsafe { xor_sse2(black_box(a.as_mut_ptr()), a.len(), KEY) });
    if is_x86_feature_detected!("avx2") {
        let mut a = vec![1u8; size];
        // SAFETY: as above, and AVX2 was detected
        add!("XOR in place, AVX2", false, move || unsafe { xor_avx2(black_box(a.as_mut_ptr()), a.len(), KEY) });
    }
    if is_x86_feature_detected!("avx512f") && !cfg.callgrind {
        let mut a = vec![1u8; size];
        // SAFETY: as above, and AVX-512F was detected
        add!("XOR in place, AVX-512", true, move || unsafe { xor_avx512(black_box(a.as_mut_ptr()), a.len(), KEY) });
    }
    add!("simdutf8 ASCII", false, || {
        black_box(simdutf8::basic::from_utf8(black_box(&ascii)).is_ok());
    });
    add!("simdutf8 Chinese", false, || {
        black_box(simdutf8::basic::from_utf8(black_box(&chinese)).is_ok());
    });
    add!("core::str ASCII", false, || {
        black_box(std::str::from_utf8(black_box(&ascii)).is_ok());
    });
    add!("core::str Chinese", false, || {
        black_box(std::str::from_utf8(black_box(&chinese)).is_ok());
    });
    bench(cfg, cell, size, entries)
}
