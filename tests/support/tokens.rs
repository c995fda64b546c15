//! DEFLATE blocks (RFC 1951) that are written symbol by symbol, with the bytes that they stand for, found one at a time.

use std::iter::repeat_n;

#[derive(Clone, Copy, Debug)]
pub(crate) enum Token {
    Literal(u8),
    /// 3 to 258 bytes that begin 1 to 32 768 back.
    Match {
        len: usize,
        distance: usize,
    },
}

/// Appends what the tokens stand for. Matches begin within the bytes.
pub(crate) fn expand(bytes: &mut Vec<u8>, tokens: &[Token]) {
    for token in tokens {
        match *token {
            Token::Literal(byte) => bytes.push(byte),
            Token::Match { len, distance } => (0..len).for_each(|_| bytes.push(bytes[bytes.len() - distance])),
        }
    }
}

/// Writes blocks, the first bit lowest.
#[derive(Default)]
pub(crate) struct Writer {
    pub(crate) bytes: Vec<u8>,
    free: u32,
}

/// The codes of a block: how many bits each symbol has, and the code itself.
pub(crate) struct Codes {
    literals: Vec<(u32, u32)>,
    distances: Vec<(u32, u32)>,
}

/// RFC 1951 §3.2.2: the codes that go with lengths.
fn assign(lengths: &[u32]) -> Vec<(u32, u32)> {
    let mut code = 0;
    let mut codes = vec![(0, 0); lengths.len()];
    for len in 1..16 {
        code <<= 1;
        for (symbol, _) in lengths.iter().enumerate().filter(|(_, other)| **other == len) {
            codes[symbol] = (len, code);
            code += 1;
        }
    }
    assert!(code <= 1 << 15, "over-subscribed");
    codes
}

/// The symbol whose `bases` entry is the last that is not above `value`: with its base and its extra bits.
fn symbol_of(value: usize, extra_bits: impl Iterator<Item = u32>, first: usize) -> (usize, u32, u32) {
    let mut base = first;
    for (symbol, extra) in extra_bits.enumerate() {
        if value < base + (1 << extra) {
            return (symbol, (value - base) as u32, extra);
        }
        base += 1 << extra;
    }
    panic!("{value} has no symbol");
}

impl Codes {
    pub(crate) fn new(literals: &[u32], distances: &[u32]) -> Self {
        Self { literals: assign(literals), distances: assign(distances) }
    }

    /// RFC 1951 §3.2.6.
    pub(crate) fn fixed() -> Self {
        let literals: Vec<_> =
            [(8, 144), (9, 112), (7, 24), (8, 8)].iter().flat_map(|&(len, count)| repeat_n(len, count)).collect();
        Self::new(&literals, &[5; 32])
    }
}

impl Writer {
    pub(crate) fn put(&mut self, value: u32, len: u32) {
        for bit in 0..len {
            if self.free == 0 {
                self.bytes.push(0);
                self.free = 8;
            }
            *self.bytes.last_mut().unwrap() |= u8::from(value >> bit & 1 != 0) << (8 - self.free);
            self.free -= 1;
        }
    }

    /// A code, its first bit highest.
    pub(crate) fn put_code(&mut self, (len, code): (u32, u32)) {
        assert!(len > 0, "the symbol has no code");
        (0..len).rev().for_each(|bit| self.put(code >> bit & 1, 1));
    }

    /// The header of a block with the fixed codes.
    pub(crate) fn fixed(&mut self) -> Codes {
        self.put(0b010, 3);
        Codes::fixed()
    }

    /// The header of a block with codes of its own, by their lengths: 257 to 286 and 1 to 30.
    pub(crate) fn dynamic(&mut self, literals: &[u32], distances: &[u32]) -> Codes {
        self.put(0b100, 3);
        self.put(literals.len() as u32 - 257, 5);
        self.put(distances.len() as u32 - 1, 5);
        self.put(19 - 4, 4);
        // Lengths of 0 to 12 have 4 bits, the others 5.
        let code = assign(&[&[4; 13][..], &[5; 6]].concat());
        for symbol in [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15] {
            self.put(code[symbol].0, 3);
        }
        literals.iter().chain(distances).for_each(|len| self.put_code(code[*len as usize]));
        Codes::new(literals, distances)
    }

    pub(crate) fn tokens(&mut self, codes: &Codes, tokens: &[Token]) {
        for token in tokens {
            match *token {
                Token::Literal(byte) => self.put_code(codes.literals[usize::from(byte)]),
                Token::Match { len, distance } => {
                    let lengths = (0..28_u32).map(|symbol| if symbol < 8 { 0 } else { symbol / 4 - 1 });
                    let (symbol, extra, bits) = if len == 258 { (28, 0, 0) } else { symbol_of(len, lengths, 3) };
                    self.put_code(codes.literals[257 + symbol]);
                    self.put(extra, bits);
                    let distances = (0..30_u32).map(|symbol| if symbol < 4 { 0 } else { symbol / 2 - 1 });
                    let (symbol, extra, bits) = symbol_of(distance, distances, 1);
                    self.put_code(codes.distances[symbol]);
                    self.put(extra, bits);
                }
            }
        }
    }

    /// The end of the block.
    pub(crate) fn end(&mut self, codes: &Codes) {
        self.put_code(codes.literals[256]);
    }

    /// A stored block.
    pub(crate) fn stored(&mut self, content: &[u8]) {
        self.flush();
        let len = u16::try_from(content.len()).unwrap();
        self.bytes.extend([&len.to_le_bytes()[..], &(!len).to_le_bytes(), content].concat());
    }

    /// The flush at the end of a message, without the bytes 00 00 ff ff.
    pub(crate) fn flush(&mut self) {
        self.put(0, 3);
        self.free = 0;
    }
}
