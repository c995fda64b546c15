//! Chance that can be repeated: numbers, splits and messages.

/// SplitMix64.
pub(crate) struct Chance(u64);

impl Chance {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ mixed >> 31
    }

    /// `min` to `max`, both included.
    pub(crate) fn between(&mut self, min: usize, max: usize) -> usize {
        min + (self.next() % (max - min + 1) as u64) as usize
    }

    /// 0 to `max`, the short ones rather often: how much of what there is comes next, or how much room there is.
    pub(crate) fn part(&mut self, max: usize) -> usize {
        let bound = self.pick(&[1, 20, 300, max]);
        self.between(0, bound.min(max))
    }

    pub(crate) fn octet(&mut self) -> u8 {
        self.next() as u8
    }

    pub(crate) fn octets(&mut self, len: usize) -> Vec<u8> {
        (0..len).map(|_| self.octet()).collect()
    }

    /// True once in `n` times.
    pub(crate) fn one_in(&mut self, n: usize) -> bool {
        self.between(1, n) == 1
    }

    pub(crate) fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.between(0, from.len() - 1)]
    }

    fn len(&mut self, max: usize) -> usize {
        let bound = self.pick(&[40, 400, max, max]);
        self.between(0, bound.min(max))
    }

    /// Up to `max` octets that compress well, badly or not at all.
    pub(crate) fn message(&mut self, max: usize) -> Vec<u8> {
        let (len, kind) = (self.len(max), self.between(0, 5));
        let bound = self.between(1, 255);
        let mut octets = Vec::new();
        while octets.len() < len {
            match kind {
                0 => octets.push(self.octet()),
                1 => octets.push(self.pick(b"abc")),
                2 => octets.extend(self.record().bytes()),
                // Long runs.
                3 => octets.extend(vec![self.octet(); self.between(1, 700)]),
                // Repetitions from any distance.
                4 if !octets.is_empty() && !self.one_in(3) => {
                    let distance = self.between(1, octets.len());
                    for _ in 0..self.between(1, 400) {
                        octets.push(octets[octets.len() - distance]);
                    }
                }
                4 => octets.extend(vec![self.octet(); self.between(1, 50)]),
                // Some octets more often than others.
                _ => octets.push((self.between(0, bound) * self.between(0, bound) / 256) as u8),
            }
        }
        octets.truncate(len);
        octets
    }

    /// Up to `max` octets of UTF-8.
    pub(crate) fn text(&mut self, max: usize) -> String {
        let (len, kind) = (self.len(max), self.between(0, 2));
        let mut text = String::new();
        while text.len() < len {
            match kind {
                0 => text.push_str(&self.record()),
                1 => text.push(self.pick(&['a', 'e', 'ß', 'Ω', '語', '\u{1F980}'])),
                _ => text.extend(char::from_u32(self.between(0, 0x10_FFFF) as u32)),
            }
        }
        while text.len() > max {
            text.pop();
        }
        text
    }

    /// A line as many applications send them.
    fn record(&mut self) -> String {
        let (id, user, cents, minute) =
            (self.between(0, 99_999), self.between(0, 499), self.between(0, 9_999_999), self.between(0, 59));
        let (event, tag) = (self.pick(&["trade", "quote", "update", "cancel"]), self.pick(&["alpha", "beta", "gamma"]));
        let (price, done) = (cents as f64 / 100.0, self.one_in(2));
        format!("{{\"id\":{id},\"user\":\"user{user}\",\"type\":\"{event}\",\"price\":{price},\"done\":{done},")
            + &format!("\"time\":\"2024-05-17T12:{minute:02}:00Z\",\"tags\":[\"{tag}\"]}},\n")
    }
}
