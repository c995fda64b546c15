//! §5.8: the public frame functions in the hands of an intermediary.
mod property;
mod support;

use property::{one_of, property};
use proptest::collection::vec;
use proptest::prelude::*;
use sansocket::ProtocolError::*;
use sansocket::Role;
use sansocket::frame::{FrameHeader, HeaderRules, apply_mask};
use support::frames::*;

/// A proxy as one could write it: takes bytes in any pieces, cuts them into frames by `decode`, unmasks or masks by `apply_mask`,
/// and passes the frames on with headers by `encode`, without a look at the payload, which goes on as it comes.
struct Proxy {
    /// To the server, with a new key for each frame, or to the client, without.
    masks: bool,
    kept: Vec<u8>,
    /// Of the current payload: bytes to come, and the current keys, the sender's and ours.
    left: u64,
    keys: [[u8; 4]; 2],
    frames: u8,
    output: Vec<u8>,
}

impl Proxy {
    fn new(masks: bool) -> Self {
        Self { masks, kept: Vec::new(), left: 0, keys: [[0; 4]; 2], frames: 0, output: Vec::new() }
    }

    fn feed(&mut self, bytes: &[u8]) {
        self.kept.extend(bytes);
        loop {
            let len = (self.left as usize).min(self.kept.len());
            if self.left > 0 && len == 0 {
                return;
            }
            let mut payload: Vec<_> = self.kept.drain(..len).collect();
            for key in &mut self.keys {
                apply_mask(*key, &mut payload);
                key.rotate_left(len % 4);
            }
            self.output.extend(&payload);
            self.left -= len as u64;
            if self.left > 0 {
                return;
            }
            let rules = HeaderRules { masked: Some(!self.masks), ..HeaderRules::ANY };
            let Some(header) = FrameHeader::decode(&self.kept, rules).unwrap() else { return };
            self.kept.drain(..header.header_len());
            self.frames += 1;
            let key = self.masks.then_some([self.frames, 0x5A, !self.frames, 0xC3]);
            self.left = header.payload_len;
            self.keys = [header.masking_key.unwrap_or_default(), key.unwrap_or_default()];
            let mut out = [0; FrameHeader::MAX_LEN];
            let len = FrameHeader { masking_key: key, ..header }.encode(&mut out).unwrap();
            self.output.extend(&out[..len]);
        }
    }
}

/// A frame as its sender writes it, with a payload of this many bytes.
#[derive(Clone, Debug)]
struct Sent {
    first: u8,
    key: [u8; 4],
    len: usize,
}

fn frames() -> impl Strategy<Value = Sent> {
    let data =
        (one_of(&[CONTINUATION, TEXT, BINARY]), one_of(&[0, FIN]), one_of(&[0, 0, 1, 3, 125, 126, 127, 1_000, 65_535, 65_536]));
    let control = (one_of(&[CLOSE, PING, PONG]), Just(FIN), one_of(&[0, 1, 5, 125]));
    (prop_oneof![data, control], 0..8_u8, any::<[u8; 4]>()).prop_map(|((opcode, fin, len), rsv, key)| Sent {
        first: fin | rsv << 4 | opcode,
        key,
        len,
    })
}

/// F-29: random frames, fragments and reserved bits included, through a proxy in either direction and in random pieces: the same frames
/// come out, with the same first bytes and payloads, and only the masking differs.
#[test]
fn proxy_keeps_fragments_and_reserved_bits() {
    let pieces = vec(prop_oneof![1..2_usize, 1..4_usize, 1..21_usize, 1..5_001_usize], 1..10);
    property(200, (any::<bool>(), vec(frames(), 1..7), pieces), |(masks, sent, pieces)| {
        let (mut frames, mut wire) = (Vec::new(), Vec::new());
        for Sent { first, key, len } in sent {
            let payload: Vec<_> = (0..len).map(|i| (i % 251) as u8).collect();
            wire.extend(frame(first, (!masks).then_some(key), &payload));
            frames.push((first, payload));
        }
        let mut proxy = Proxy::new(masks);
        let mut rest = &wire[..];
        for len in pieces.into_iter().cycle() {
            let (piece, more) = rest.split_at(len.min(rest.len()));
            proxy.feed(piece);
            rest = more;
            if rest.is_empty() {
                break;
            }
        }
        assert!(proxy.kept.is_empty() && proxy.left == 0);
        let sender = if masks { Role::Client } else { Role::Server };
        assert!(plain(&written_by(sender, &proxy.output)) == frames);
    });
}

/// F-29, F-05, F-07: what an intermediary need not understand (reserved bits, masks, lengths beyond its limits) passes under `HeaderRules::ANY`; what
/// §5.2 and §5.5 rule out for every frame does not.
#[test]
fn rules_of_every_frame_hold_for_proxies_too() {
    let verdict = |wire: &str| FrameHeader::decode(&hex(wire), HeaderRules::ANY);
    for rsv in 0..8_u8 {
        let header = verdict(&format!("{:02x} 85 37fa213d", 0x80 | rsv << 4 | 1)).unwrap().unwrap();
        assert_eq!((header.fin, header.rsv, header.masking_key, header.payload_len), (true, rsv, Some(KEY), 5));
    }
    assert_eq!(verdict("82 7f 7f ff ff ff ff ff ff ff").unwrap().unwrap().payload_len, u64::MAX >> 1);
    for (wire, fault) in [
        ("83", ReservedOpcode),
        ("0f", ReservedOpcode),
        ("09", FragmentedControlFrame),
        ("89 7e", ControlFrameTooLong),
        ("82 7e 00 7d", NonMinimalLength),
        ("82 7f 80", LengthTopBitSet),
    ] {
        assert_eq!(verdict(wire), Err(fault), "{wire}");
    }
}
