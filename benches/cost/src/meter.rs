//! Counts or times the part of a cell that is ours.

use std::ffi::CString;
use std::hint::black_box;
use std::time::{Duration, Instant};

use crate::callgrind;

/// Samples that the least is taken of, since other load of the machine only adds, and what one lasts at least.
const SAMPLES: usize = 21;
const SAMPLE: Duration = Duration::from_millis(2);

/// Handed to each pass of a cell, which prepares and then says which part counts.
pub struct Meter {
    spent: Duration,
}

impl Meter {
    pub fn measure(&mut self, part: &mut dyn FnMut()) {
        let start = Instant::now();
        counted(part);
        self.spent += start.elapsed();
    }
}

/// Callgrind is told to count what happens in here and nothing else.
#[unsafe(no_mangle)]
#[inline(never)]
fn counted(part: &mut dyn FnMut()) {
    part();
    black_box(());
}

/// Counts so many calls of functions that callgrind is told to count by their names, so that what is around them does not.
pub fn calls(name: &str, count: u64, mut call: impl FnMut(u64)) {
    let name = CString::new(format!("{name}|{count}")).expect("a name without NUL");
    (0..count).for_each(&mut call);
    callgrind::count(&name, || (0..count).for_each(call));
}

/// Measures a cell; one pass of it does so many units: messages, calls or bytes.
pub fn cell(name: &str, units: usize, mut pass: impl FnMut(&mut Meter)) {
    let mut time = |passes: usize| {
        let mut meter = Meter { spent: Duration::ZERO };
        for _ in 0..passes {
            pass(&mut meter);
        }
        meter.spent
    };
    time(2);
    if callgrind::running() {
        let name = CString::new(format!("{name}|{units}")).expect("a name without NUL");
        callgrind::count(&name, || {
            time(1);
        });
        return;
    }
    let mut passes = 1;
    while time(passes) < SAMPLE {
        passes *= 2;
    }
    let least = (0..SAMPLES).map(|_| time(passes)).min().expect("samples");
    println!("{name}\t{:.4}", least.as_secs_f64() * 1e9 / (passes * units) as f64);
}

/// Zeros that begin at the start of a page: where memory lies changes how many instructions a copy takes.
pub fn memory(len: usize) -> &'static mut [u8] {
    const PAGE: usize = 4096;
    let memory = vec![0; len + PAGE].leak();
    let at = memory.as_ptr().align_offset(PAGE);
    &mut memory[at..at + len]
}

/// The bytes, at the start of a page.
pub fn placed(bytes: &[u8]) -> &'static mut [u8] {
    let memory = memory(bytes.len());
    memory.copy_from_slice(bytes);
    memory
}
