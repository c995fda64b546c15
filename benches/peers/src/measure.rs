//! The clock, the interleaved sampling of one cell, and its result.
use crate::api::Caps;
use crate::callgrind;
use std::ffi::CString;
use std::time::Duration;

/// CPU time of this thread: other processes, which move the wall clock, do not count.
#[derive(Clone, Copy)]
pub struct Cpu(Duration);

unsafe extern "C" {
    fn clock_gettime(id: i32, ts: *mut [i64; 2]) -> i32;
}
const CLOCK_THREAD_CPUTIME_ID: i32 = 3;

impl Cpu {
    pub fn now() -> Cpu {
        let mut t = [0i64; 2];
        // SAFETY: two 64-bit fields are a `timespec` on 64-bit Linux.
        unsafe { clock_gettime(CLOCK_THREAD_CPUTIME_ID, &mut t) };
        Cpu(Duration::new(t[0] as u64, t[1] as u32))
    }
    pub fn elapsed(&self) -> Duration {
        Cpu::now().0 - self.0
    }
}

/// How to measure, from the environment.
pub struct Config {
    /// Length of one sample, in ms of CPU time.
    pub ms: f64,
    /// Samples of each contender.
    pub rounds: usize,
    /// Count instructions instead: the program runs under callgrind.
    pub callgrind: bool,
    /// Substrings of the names of the peers wanted in the cells that decode or encode.
    pub peers: Option<String>,
}

impl Config {
    pub fn wants_peer(&self, name: &str) -> bool {
        self.peers.as_ref().is_none_or(|f| f.split(',').any(|f| name.contains(f)))
    }
}

/// Runs the given number of passes; returns their time and that of a second phase, if there is one.
pub type Run<'a> = Box<dyn FnMut(usize) -> (Duration, Duration) + 'a>;

/// One contender of a cell.
pub struct Entry<'a> {
    pub peer: String,
    pub flags: String,
    /// Messages (or calls) in one pass.
    pub per_pass: usize,
    /// Cannot run under valgrind.
    pub native: bool,
    pub note: String,
    pub run: Run<'a>,
}

impl<'a> Entry<'a> {
    /// `per` calls of `f` are one pass; one call is one message.
    pub fn simple(name: &str, flags: &str, native: bool, per: usize, mut f: Box<dyn FnMut() + 'a>) -> Entry<'a> {
        Entry {
            peer: name.into(),
            flags: flags.into(),
            per_pass: per,
            native,
            note: String::new(),
            run: Box::new(move |reps| {
                let t = Cpu::now();
                for _ in 0..reps * per {
                    f();
                }
                (t.elapsed(), Duration::ZERO)
            }),
        }
    }
}

/// One contender's result, in ns per message.
pub struct Row {
    pub cell: String,
    pub peer: String,
    pub flags: String,
    pub bytes: usize,
    pub median: f64,
    pub min: f64,
    /// Median of the second phase (decompression); 0 elsewhere.
    pub median2: f64,
    pub note: String,
}

impl Row {
    pub const HEADER: &str = "cell\tpeer\tflags\tbytes\tns_median\tns_min\tns2_median\tnote";
    pub fn tsv(&self) -> String {
        format!(
            "{}\t{}\t{}\t{}\t{:.3}\t{:.3}\t{:.3}\t{}",
            self.cell, self.peer, self.flags, self.bytes, self.median, self.min, self.median2, self.note
        )
    }
}

fn median(v: &mut [f64]) -> f64 {
    v.sort_by(|a, b| a.total_cmp(b));
    v[v.len() / 2]
}

/// Measures every contender of a cell, their samples interleaved; under callgrind, counts one pass of each
/// and returns nothing.
pub fn bench(cfg: &Config, cell: &str, bytes: usize, mut entries: Vec<Entry>) -> Vec<Row> {
    if cfg.callgrind {
        for e in entries.iter_mut().filter(|e| !e.native) {
            (e.run)(2);
            let name = CString::new(format!("{cell}|{}|{}|{bytes}", e.peer, e.per_pass)).unwrap();
            callgrind::count(&name, || {
                (e.run)(1);
            });
        }
        return vec![];
    }
    let mut reps = vec![];
    for e in entries.iter_mut() {
        (e.run)(1);
        let t = Cpu::now();
        (e.run)(2);
        let one = t.elapsed().as_secs_f64() / 2.0;
        reps.push(((cfg.ms / 1000.0 / one) as usize).clamp(1, 1_000_000));
    }
    let mut samples: Vec<(Vec<f64>, Vec<f64>)> = entries.iter().map(|_| Default::default()).collect();
    for _ in 0..cfg.rounds {
        for (i, e) in entries.iter_mut().enumerate() {
            let (a, b) = (e.run)(reps[i]);
            let k = (reps[i] * e.per_pass) as f64;
            samples[i].0.push(a.as_secs_f64() * 1e9 / k);
            samples[i].1.push(b.as_secs_f64() * 1e9 / k);
        }
    }
    entries
        .into_iter()
        .zip(samples)
        .map(|(e, (mut a, mut b))| Row {
            cell: cell.into(),
            peer: e.peer,
            flags: e.flags,
            bytes,
            median: median(&mut a),
            min: a[0], // sorted by now
            median2: median(&mut b),
            note: e.note,
        })
        .collect()
}

/// What a table marks a contender with: Limit, Streaming, no UTF-8 check, Native.
pub fn flags(c: &Caps, text: bool) -> String {
    let mut s = String::new();
    if c.limit {
        s.push('L');
    }
    if c.streaming {
        s.push('S');
    }
    if text && !c.utf8 {
        s.push('U');
    }
    if c.native {
        s.push('N');
    }
    s
}
