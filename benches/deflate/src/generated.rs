//! The corpora that are made here: market ticks, Socket.IO packets and JSON documents. The same bytes on every machine.

use std::fmt::Write as _;

/// SplitMix64.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut x = self.0;
        x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        x ^ (x >> 31)
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    fn one_of<'a>(&mut self, all: &[&'a str]) -> &'a str {
        all[self.below(all.len() as u64) as usize]
    }
}

const SYMBOLS: [&str; 24] = [
    "BTCUSDT", "ETHUSDT", "SOLUSDT", "XRPUSDT", "BNBUSDT", "ADAUSDT", "DOGEUSDT", "AVAXUSDT", "LINKUSDT", "DOTUSDT", "LTCUSDT",
    "TRXUSDT", "ETHBTC", "SOLBTC", "BNBBTC", "XRPBTC", "ATOMUSDT", "NEARUSDT", "FILUSDT", "UNIUSDT", "APTUSDT", "ARBUSDT",
    "OPUSDT", "SUIUSDT",
];

/// About 220 bytes each: the trades of an exchange.
pub(crate) fn ticks() -> Vec<Vec<u8>> {
    let mut random = Random(1);
    let mut prices: Vec<u64> = (0..SYMBOLS.len()).map(|_| 50_000 + random.below(5_000_000)).collect();
    let (mut time, mut id) = (1_764_000_000_000, 3_412_007_511);
    let mut tick = || {
        let which = (random.below(SYMBOLS.len() as u64) * random.below(SYMBOLS.len() as u64)) as usize / SYMBOLS.len();
        let price = &mut prices[which];
        *price = *price + random.below(40) - 20;
        time += random.below(30);
        id += 1 + random.below(3);
        let (price, spread) = (*price, 1 + random.below(3));
        let mut text = String::new();
        write!(
            text,
            "{{\"stream\":\"{}@bookTicker\",\"data\":{{\"e\":\"bookTicker\",\"E\":{time},\"s\":\"{}\",\"u\":{id},\"b\":\"{}.{:02}\",\
             \"B\":\"{}.{:05}\",\"a\":\"{}.{:02}\",\"A\":\"{}.{:05}\",\"m\":{},\"T\":{},\"x\":\"TRADING\",\"market\":\"spot\"}}}}",
            SYMBOLS[which].to_lowercase(),
            SYMBOLS[which],
            price / 100,
            price % 100,
            random.below(40),
            random.below(100_000),
            (price + spread) / 100,
            (price + spread) % 100,
            random.below(40),
            random.below(100_000),
            random.below(2) == 0,
            time - random.below(8),
        )
        .expect("a String takes all");
        text.into_bytes()
    };
    (0..4000).map(|_| tick()).collect()
}

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

const EVENTS: [&str; 8] =
    ["chat message", "chat message", "chat message", "presence", "cursor", "document:patch", "document:patch", "reaction"];

const WORDS: [&str; 96] = [
    "the", "of", "and", "to", "in", "is", "it", "you", "that", "was", "for", "on", "are", "with", "as", "this", "have", "from",
    "or", "one", "had", "by", "but", "not", "what", "all", "were", "we", "when", "your", "can", "said", "there", "use", "an",
    "each", "which", "she", "do", "how", "their", "if", "will", "up", "other", "about", "out", "many", "then", "them", "these",
    "so", "some", "her", "would", "make", "like", "him", "into", "time", "has", "look", "two", "more", "write", "go", "see",
    "number", "no", "way", "could", "people", "my", "than", "first", "water", "been", "call", "who", "oil", "its", "now", "find",
    "long", "down", "day", "did", "get", "come", "made", "may", "part", "deploy", "review", "tomorrow", "meeting",
];

/// 60 to 400 bytes each: event packets of chat and of a shared document.
pub(crate) fn socketio() -> Vec<Vec<u8>> {
    let mut random = Random(2);
    let users: Vec<String> = (0..60).map(|_| format!("{:012x}", random.next() >> 16)).collect();
    let rooms: Vec<String> = (0..12).map(|_| format!("room-{}", random.below(100_000))).collect();
    let mut time = 1_764_000_000_000;
    let mut packet = || {
        time += random.below(2000);
        let event = random.one_of(&EVENTS);
        let user = &users[random.below(60) as usize];
        let room = &rooms[random.below(12) as usize];
        let mut text = format!("42[\"{event}\",{{\"room\":\"{room}\",\"user\":\"{user}\",\"id\":\"");
        for _ in 0..24 {
            text.push(char::from(ALPHABET[random.below(64) as usize]));
        }
        text.push('"');
        match event {
            "chat message" => {
                text.push_str(",\"text\":\"");
                words(&mut text, &mut random, 26);
                write!(text, "\",\"sentAt\":{time}").expect("a String takes all");
            }
            "cursor" => {
                write!(text, ",\"x\":{},\"y\":{},\"page\":{}", random.below(1920), random.below(1080), random.below(9))
                    .expect("a String takes all");
            }
            "document:patch" => {
                write!(text, ",\"version\":{},\"ops\":[", random.below(100_000)).expect("a String takes all");
                for op in 0..1 + random.below(3) {
                    text.push_str(if op == 0 { "" } else { "," });
                    write!(
                        text,
                        "{{\"retain\":{}}},{{\"insert\":\"{} {}\"}}",
                        random.below(5000),
                        random.one_of(&WORDS),
                        random.one_of(&WORDS)
                    )
                    .expect("a String takes all");
                }
                text.push(']');
            }
            "reaction" => {
                let emoji = random.one_of(&["👍", "🎉", "❤️", "😂", "👀"]);
                write!(text, ",\"to\":\"{:016x}\",\"emoji\":\"{emoji}\"", random.next()).expect("a String takes all");
            }
            _ => write!(text, ",\"at\":{time}").expect("a String takes all"),
        }
        text.push_str("}]");
        text.into_bytes()
    };
    (0..4000).map(|_| packet()).collect()
}

/// 4 KiB each: the orders of a shop.
pub(crate) fn json() -> Vec<Vec<u8>> {
    let mut random = Random(3);
    let states = ["open", "filled", "cancelled", "pending", "rejected", "expired"];
    let mut document = || {
        let mut text = String::from("[");
        while text.len() < 4096 {
            write!(
                text,
                "{{\"id\":{},\"user\":\"user{}\",\"price\":{}.{:02},\"qty\":{},\"state\":\"{}\",\"ts\":{},\"note\":\"",
                random.below(1 << 32),
                random.below(5000),
                90 + random.below(20),
                random.below(100),
                random.below(1000),
                random.one_of(&states),
                1_700_000_000_000 + random.below(100_000_000),
            )
            .expect("a String takes all");
            words(&mut text, &mut random, 9);
            text.push_str("\"},");
        }
        text.truncate(4096);
        text.into_bytes()
    };
    (0..200).map(|_| document()).collect()
}

/// Up to `most` words.
fn words(text: &mut String, random: &mut Random, most: u64) {
    for word in 0..1 + random.below(most) {
        text.push_str(if word == 0 { "" } else { " " });
        text.push_str(random.one_of(&WORDS));
    }
}
