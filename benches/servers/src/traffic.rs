//! What is sent: a stream of frames that repeats itself, encoded beforehand, so that sending costs a copy.
use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress};

pub(crate) struct Traffic {
    pub(crate) is_deflated: bool,
    pub(crate) size: usize,
    /// The payload of the first message, whose echo is looked at.
    pub(crate) first: Vec<u8>,
    /// All frames of one repetition, masked.
    sent: Vec<u8>,
    /// Where each of them ends.
    ends: Vec<usize>,
}

/// What one repetition has at most, unless one message is longer: it should stay in the CPU's cache.
const REPETITION: usize = 256 << 10;

impl Traffic {
    /// Messages of `size` bytes: random bytes or, to be compressed, text.
    pub(crate) fn new(size: usize, is_deflated: bool) -> Self {
        let mut random = Random(0x9e37_79b9_7f4a_7c15);
        let mut traffic = Self { is_deflated, size, first: Vec::new(), sent: Vec::new(), ends: Vec::new() };
        for _ in 0..(REPETITION / size.max(1)).clamp(2, 64) {
            let payload = if is_deflated { random.text(size) } else { (0..size).map(|_| random.byte()).collect() };
            let mask = [random.byte(), random.byte(), random.byte(), random.byte()];
            let body = if is_deflated { &deflated(&payload) } else { &payload };
            header(&mut traffic.sent, body.len(), if is_deflated { 0xc2 } else { 0x82 });
            traffic.sent.extend_from_slice(&mask);
            traffic.sent.extend(body.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask));
            traffic.ends.push(traffic.sent.len());
            if traffic.first.is_empty() {
                traffic.first = payload;
            }
        }
        traffic
    }

    /// Where the first `messages` of the stream end.
    pub(crate) fn end(&self, messages: usize) -> usize {
        let (whole, rest) = (messages / self.ends.len(), messages % self.ends.len());
        whole * self.sent.len() + if rest == 0 { 0 } else { self.ends[rest - 1] }
    }

    /// The bytes to send at `position` of the stream, at most up to `end`, at least one if `position` is less.
    pub(crate) fn to_send(&self, position: usize, end: usize) -> &[u8] {
        let at = position % self.sent.len();
        let length = (end - position).min(self.sent.len() - at);
        &self.sent[at..at + length]
    }

    /// Whether this is the echo of the first message.
    pub(crate) fn is_first(&self, echo: &[u8]) -> bool {
        if self.is_deflated { inflated(echo, self.size) == self.first } else { echo == self.first }
    }
}

/// RFC 7692 section 7.2.1. Each message by itself, which every server must understand, whether it keeps the context or not.
fn deflated(payload: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(payload.len() + payload.len() / 8 + 64);
    let done = Compress::new(Compression::default(), false).compress_vec(payload, &mut out, FlushCompress::Sync);
    assert!(done.is_ok() && out.ends_with(&[0, 0, 0xff, 0xff]), "there is room for all");
    out.truncate(out.len() - 4);
    out
}

fn inflated(echo: &[u8], size: usize) -> Vec<u8> {
    let mut out = Vec::with_capacity(size + 64);
    let whole = [echo, &[0, 0, 0xff, 0xff]].concat();
    // What went wrong shows in what comes out.
    drop(Decompress::new(false).decompress_vec(&whole, &mut out, FlushDecompress::Sync));
    out
}

/// RFC 6455 section 5.2: a masked frame, up to its mask.
fn header(out: &mut Vec<u8>, size: usize, first: u8) {
    out.push(first);
    match (u8::try_from(size), u16::try_from(size)) {
        (Ok(short @ ..126), _) => out.push(0x80 | short),
        (_, Ok(medium)) => {
            out.push(0x80 | 126);
            out.extend_from_slice(&medium.to_be_bytes());
        }
        _ => {
            out.push(0x80 | 127);
            out.extend_from_slice(&(size as u64).to_be_bytes());
        }
    }
}

/// xorshift64
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn byte(&mut self) -> u8 {
        self.next().to_le_bytes()[3]
    }

    /// Records as a service sends them: the names repeat themselves, the numbers do not.
    fn text(&mut self, size: usize) -> Vec<u8> {
        let mut text = Vec::with_capacity(size + 128);
        while text.len() < size {
            let (id, price, amount) = (self.next() % 1_000_000, self.next() % 100_000, self.next() % 1_000);
            let side = if self.next() & 1 == 0 { "buy" } else { "sell" };
            let record =
                format!("{{\"id\":{id},\"side\":\"{side}\",\"price\":{}.{:02},\"amount\":{amount}}},", price / 100, price % 100);
            text.extend_from_slice(record.as_bytes());
        }
        text.truncate(size);
        text
    }
}

#[cfg(test)]
mod tests {
    use super::{Traffic, deflated};

    #[test]
    fn stream_repeats_itself_at_frames() {
        for size in [0, 16, 125, 126, 65535, 65536, 1 << 20] {
            let traffic = Traffic::new(size, false);
            let frame = size
                + 6
                + if size < 126 {
                    0
                } else if size < 65536 {
                    2
                } else {
                    8
                };
            assert_eq!(traffic.end(1), frame);
            assert_eq!(traffic.end(1000), 1000 * frame);
            assert_eq!(traffic.to_send(0, 2), traffic.to_send(traffic.sent.len(), traffic.sent.len() + 2));
        }
    }

    #[test]
    fn echoes_are_compared() {
        for size in [16, 1024, 100_000] {
            let plain = Traffic::new(size, false);
            assert!(plain.is_first(&plain.first) && !plain.is_first(&vec![0; size]));
            let text = Traffic::new(size, true);
            let echo = deflated(&text.first);
            assert!(text.is_first(&echo) && !text.is_first(&echo[..echo.len() / 2]) && !text.is_first(&text.first));
        }
    }
}
