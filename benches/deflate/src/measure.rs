//! One figure at a time: ratio, speed, bytes held, and what callgrind counts.

use crate::allocations::live;
use crate::c;
use crate::callgrind;
use crate::codec::{Codec, Compress, Inflate, TAIL};
use std::ffi::CString;
use std::hint::black_box;
use std::time::{Duration, Instant};

pub(crate) struct Corpus {
    pub(crate) name: &'static str,
    pub(crate) messages: Vec<Vec<u8>>,
}

/// Whether messages refer to those before them.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Takeover {
    Yes,
    No,
}

/// Room for a message, however badly it is compressed or whatever it inflates to.
fn room(messages: &[Vec<u8>]) -> Vec<u8> {
    let longest = messages.iter().map(Vec::len).max().unwrap_or(0);
    vec![0; longest + longest / 4 + 1024]
}

pub(crate) fn len(messages: &[Vec<u8>]) -> usize {
    messages.iter().map(Vec::len).sum()
}

fn compress_all(codec: &mut dyn Compress, messages: &[Vec<u8>], takeover: Takeover, output: &mut [u8]) {
    for message in messages {
        if takeover == Takeover::No {
            codec.reset();
        }
        black_box(codec.message(message, output));
    }
}

/// The messages as a new codec sends them, with their tails. Each is inflated by C zlib and compared.
pub(crate) fn wire(codec: &Codec<dyn Compress>, messages: &[Vec<u8>], takeover: Takeover) -> Vec<Vec<u8>> {
    let (mut compressor, mut check) = (codec.make(), c::zlib::Inflate::new());
    let (mut output, mut inflated) = (room(messages), room(messages));
    let one = |message: &Vec<u8>| {
        if takeover == Takeover::No {
            compressor.reset();
            check.reset();
        }
        let written = compressor.message(message, &mut output);
        let sent = [&output[..written], &TAIL].concat();
        let written = check.message(&sent, &mut inflated);
        assert!(inflated[..written] == **message, "{}: zlib inflates something else", codec.name);
        sent
    };
    messages.iter().map(one).collect()
}

pub(crate) fn ratio(codec: &Codec<dyn Compress>, messages: &[Vec<u8>], takeover: Takeover) -> f64 {
    let wire = wire(codec, messages, takeover);
    (len(&wire) - TAIL.len() * wire.len()) as f64 / len(messages) as f64
}

/// MB/s of the quickest pass: other load on the machine only makes one slower.
fn quickest(bytes: usize, mut pass: impl FnMut()) -> f64 {
    let (start, mut best, mut passes) = (Instant::now(), Duration::MAX, 0);
    while passes < 5 || start.elapsed() < Duration::from_millis(300) {
        let start = Instant::now();
        pass();
        best = best.min(start.elapsed());
        passes += 1;
    }
    bytes as f64 / best.as_secs_f64() / 1e6
}

pub(crate) fn compress_speed(codec: &Codec<dyn Compress>, messages: &[Vec<u8>], takeover: Takeover) -> f64 {
    let (mut compressor, mut output) = (codec.make(), room(messages));
    quickest(len(messages), || compress_all(&mut *compressor, messages, takeover, &mut output))
}

/// Inflates a whole stream, and checks the first pass.
pub(crate) fn inflate_speed(codec: &Codec<dyn Inflate>, messages: &[Vec<u8>], wire: &[Vec<u8>]) -> f64 {
    let (mut inflater, mut output) = (codec.make(), room(messages));
    for (sent, message) in wire.iter().zip(messages) {
        let written = inflater.message(sent, &mut output);
        assert!(output[..written] == **message, "{}: inflates something else", codec.name);
    }
    quickest(len(messages), || {
        for sent in wire {
            black_box(inflater.message(sent, &mut output));
        }
    })
}

/// The bytes that a codec holds once it has worked.
pub(crate) fn compressor_held(codec: &Codec<dyn Compress>, messages: &[Vec<u8>]) -> usize {
    let mut output = room(messages);
    let before = live();
    let mut compressor = codec.make();
    compress_all(&mut *compressor, messages, Takeover::Yes, &mut output);
    live() - before
}

pub(crate) fn inflater_held(codec: &Codec<dyn Inflate>, messages: &[Vec<u8>], wire: &[Vec<u8>]) -> usize {
    let mut output = room(messages);
    let before = live();
    let mut inflater = codec.make();
    for sent in wire {
        inflater.message(sent, &mut output);
    }
    live() - before
}

/// Which figure a dump of callgrind's belongs to.
pub(crate) fn key(what: &str, codec: &str, corpus: &str) -> String {
    format!("{what}|{codec}|{corpus}")
}

pub(crate) fn compressing(takeover: Takeover) -> &'static str {
    if takeover == Takeover::Yes { "compress" } else { "reset" }
}

/// Under callgrind: leaves a dump for a codec that has seen the corpus once.
pub(crate) fn count_compress(codec: &Codec<dyn Compress>, corpus: &Corpus, takeover: Takeover) {
    let (mut compressor, mut output) = (codec.make(), room(&corpus.messages));
    compress_all(&mut *compressor, &corpus.messages, takeover, &mut output);
    dump(key(compressing(takeover), &codec.name, corpus.name), corpus, || {
        compress_all(&mut *compressor, &corpus.messages, takeover, &mut output);
    });
}

pub(crate) fn count_inflate(codec: &Codec<dyn Inflate>, corpus: &Corpus, wire: &[Vec<u8>]) {
    let (mut inflater, mut output) = (codec.make(), room(&corpus.messages));
    for sent in wire {
        inflater.message(sent, &mut output);
    }
    dump(key("inflate", &codec.name, corpus.name), corpus, || {
        for sent in wire {
            black_box(inflater.message(sent, &mut output));
        }
    });
}

fn dump(key: String, corpus: &Corpus, pass: impl FnOnce()) {
    let name = CString::new(format!("{key}|{}", len(&corpus.messages))).expect("no zero in a name");
    callgrind::count(&name, pass);
}
