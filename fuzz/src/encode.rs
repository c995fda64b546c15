//! The inverse of `Arbitrary`: the bytes that are read as a given value, for the seeds.
//!
//! A struct is its fields in order. An enum begins with the number of its variant, scaled to 32 bits; a flag or a small number is a
//! byte, counted from its first value; a larger number has its low byte first.

use crate::input::{
    Action, Attempts, Buffered, CODES, Call, Client, Code, Command, Decision, DecisionKind, Driven, Frames, Heads, Payload,
    Pieces, Range, Reply, Sending, Server, Session, Settings, Socketio, Step, VERB_LEN, Verb, Wire,
};
use crate::input_deflate::{CompressedPair, Compression, Deflate, LEVELS, Negotiate, PairStep, Part, Task, WrongByte};
use sansocket::{Level, MessageKind, Role};

pub(crate) trait Encode {
    fn encode(&self, to: &mut Vec<u8>);

    fn encoded(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        self.encode(&mut bytes);
        bytes
    }
}

/// Structs of nothing but their fields.
macro_rules! structs {
    ($($name:ty: $($field:ident)*;)*) => {$(
        impl Encode for $name {
            fn encode(&self, to: &mut Vec<u8>) {
                let Self { $($field),* } = self;
                $($field.encode(to);)*
            }
        }
    )*};
}

structs! {
    Frames<'_>: settings is_closing pieces steps wire;
    Server<'_>: settings pieces driven wire;
    Driven: reply steps;
    Client<'_>: settings pieces steps wire;
    Heads<'_>: receiver settings pieces wire;
    Negotiate<'_>: client server wire;
    CompressedPair<'_>: client server client_level server_level spare_bits wrong steps text;
    WrongByte: to at by;
    PairStep: end number from len room;
    Buffered<'_>: settings receiver is_open input output joining calls wire;
    Session<'_>: settings options input output queue calls wire;
    Socketio<'_>: options calls wire;
    Call: number by;
    Part: fin is_plain pings;
    Command<'_>: end action;
    Settings: has_small_limits has_manual_pong has_subprotocols has_short_times;
    Pieces: room cuts;
    Range: from len;
    Attempts: without_room without_entropy has_exact_room;
    Decision: kind wants_origin has_header takes_last;
}

impl Encode for Compression {
    fn encode(&self, to: &mut Vec<u8>) {
        let Self { is_on, send_window, receive_window, send_alone, receive_alone, has_fallback } = self;
        is_on.encode(to);
        (send_window - 8).encode(to);
        (receive_window - 8).encode(to);
        [*send_alone, *receive_alone, *has_fallback].encode(to);
    }
}

impl Encode for Deflate<'_> {
    fn encode(&self, to: &mut Vec<u8>) {
        let Self {
            task,
            receiver,
            has_small_limits,
            window_bits,
            no_context_takeover,
            small_window,
            spare_bits,
            level,
            sizes,
            pieces,
            bytes,
        } = self;
        task.encode(to);
        receiver.encode(to);
        has_small_limits.encode(to);
        (window_bits - 8).encode(to);
        no_context_takeover.encode(to);
        (small_window - 1).encode(to);
        spare_bits.encode(to);
        level.encode(to);
        sizes.encode(to);
        pieces.encode(to);
        bytes.encode(to);
    }
}

impl Encode for Task {
    fn encode(&self, to: &mut Vec<u8>) {
        match self {
            Self::Inflate => variant(0, 4, to),
            Self::Compress => variant(1, 4, to),
            Self::Receive => variant(2, 4, to),
            Self::Pair(parts) => {
                variant(3, 4, to);
                parts.encode(to);
            }
        }
    }
}

impl Encode for Sending<'_> {
    fn encode(&self, to: &mut Vec<u8>) {
        let Self { has_short_times, commands } = self;
        has_short_times.encode(to);
        for command in commands {
            // There is one more.
            true.encode(to);
            command.encode(to);
        }
    }
}

impl Encode for Action<'_> {
    fn encode(&self, to: &mut Vec<u8>) {
        match self {
            Self::Call { verb, attempts, payload } => {
                variant(0, 3, to);
                verb.encode(to);
                attempts.encode(to);
                payload.encode(to);
            }
            Self::Pass { ms, room } => {
                variant(1, 3, to);
                [*ms, *room].encode(to);
            }
            Self::Receive { len, room } => {
                variant(2, 3, to);
                [*len, *room].encode(to);
            }
        }
    }
}

impl Encode for Step {
    fn encode(&self, to: &mut Vec<u8>) {
        let Self { ms, room, verb, attempts, payload, stray } = self;
        ms.encode(to);
        room.encode(to);
        let end = to.len() + VERB_LEN;
        verb.encode(to);
        to.resize(end, 0);
        attempts.encode(to);
        payload.encode(to);
        stray.encode(to);
    }
}

impl Encode for Verb {
    fn encode(&self, to: &mut Vec<u8>) {
        let number = match self {
            Self::Nothing => 0,
            Self::Send { .. } => 1,
            Self::SendText => 2,
            Self::SendHeader { .. } => 3,
            Self::SendBinaryHeader { .. } => 4,
            Self::SendForMany { .. } => 5,
            Self::Ping => 6,
            Self::Pong => 7,
            Self::Close { .. } => 8,
            Self::Fail { .. } => 9,
            Self::Pause => 10,
            Self::Resume => 11,
            Self::Misuse => 12,
        };
        variant(number, 13, to);
        match self {
            Self::Send { kind, fin } | Self::SendHeader { kind, fin } => {
                kind.encode(to);
                fin.encode(to);
            }
            Self::SendBinaryHeader { fin } => fin.encode(to),
            Self::SendForMany { kind } => kind.encode(to),
            Self::Close { code } => code.encode(to),
            Self::Fail { code } => code.encode(to),
            Self::Nothing | Self::SendText | Self::Ping | Self::Pong | Self::Pause | Self::Resume | Self::Misuse => {}
        }
    }
}

impl Encode for Reply {
    fn encode(&self, to: &mut Vec<u8>) {
        match self {
            Self::Accept => variant(0, 3, to),
            Self::NotFound => variant(1, 3, to),
            Self::Later(decisions) => {
                variant(2, 3, to);
                decisions.encode(to);
            }
        }
    }
}

impl Encode for DecisionKind {
    fn encode(&self, to: &mut Vec<u8>) {
        variant(*self as u64, 3, to);
    }
}

impl Encode for Code {
    fn encode(&self, to: &mut Vec<u8>) {
        let at = CODES.iter().position(|&code| code == self.0).expect("a code of the list");
        to.push(u8::try_from(at).unwrap());
    }
}

impl Encode for Payload<'_> {
    fn encode(&self, to: &mut Vec<u8>) {
        to.push(u8::try_from(self.0.len()).unwrap());
        to.extend(self.0);
    }
}

impl Encode for Wire<'_> {
    fn encode(&self, to: &mut Vec<u8>) {
        to.extend(self.0);
    }
}

impl Encode for Role {
    fn encode(&self, to: &mut Vec<u8>) {
        (*self == Self::Client).encode(to);
    }
}

impl Encode for Level {
    fn encode(&self, to: &mut Vec<u8>) {
        let at = LEVELS.iter().position(|level| level == self).expect("a level of the list");
        to.push(u8::try_from(at).unwrap());
    }
}

impl Encode for MessageKind {
    fn encode(&self, to: &mut Vec<u8>) {
        (*self == Self::Binary).encode(to);
    }
}

impl<T: Encode> Encode for Option<T> {
    fn encode(&self, to: &mut Vec<u8>) {
        self.is_some().encode(to);
        if let Some(value) = self {
            value.encode(to);
        }
    }
}

impl<T: Encode, const LEN: usize> Encode for [T; LEN] {
    fn encode(&self, to: &mut Vec<u8>) {
        for value in self {
            value.encode(to);
        }
    }
}

impl Encode for bool {
    fn encode(&self, to: &mut Vec<u8>) {
        to.push(u8::from(*self));
    }
}

impl Encode for u8 {
    fn encode(&self, to: &mut Vec<u8>) {
        to.push(*self);
    }
}

impl Encode for u16 {
    fn encode(&self, to: &mut Vec<u8>) {
        to.extend(self.to_le_bytes());
    }
}

/// The number of a variant out of `count`: the least that `Arbitrary` scales down to it.
fn variant(number: u64, count: u64, to: &mut Vec<u8>) {
    let scaled = u32::try_from((number << 32).div_ceil(count)).unwrap();
    to.extend(scaled.to_le_bytes());
}

#[cfg(test)]
mod tests {
    use super::Encode;
    use crate::input::{Buffered, CODES, Client, Code, Frames, Heads, Sending, Server, VERB_LEN, Verb};
    use crate::input_deflate::{CompressedPair, Deflate, Negotiate};
    use arbitrary::{Arbitrary, Unstructured};
    use core::fmt::Debug;
    use sansocket::MessageKind;
    use std::fs;
    use std::path::Path;

    fn decode<'d, I: Arbitrary<'d>>(bytes: &'d [u8]) -> I {
        I::arbitrary_take_rest(Unstructured::new(bytes)).expect("an input")
    }

    /// What is read from `bytes` is read again from what it is encoded to.
    fn assert_inverse<'d, I: Arbitrary<'d> + Encode + PartialEq + Debug>(bytes: &'d [u8], encoded: &'d mut Vec<u8>) {
        let input: I = decode(bytes);
        *encoded = input.encoded();
        assert_eq!(decode::<I>(encoded), input);
    }

    #[test]
    fn encoded_inputs_are_read_back() {
        for (target, _) in crate::TARGETS {
            let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("seeds").join(target);
            for file in fs::read_dir(folder).unwrap() {
                let bytes = fs::read(file.unwrap().path()).unwrap();
                let encoded = &mut Vec::new();
                match target {
                    "server" => assert_inverse::<Server<'_>>(&bytes, encoded),
                    "client" => assert_inverse::<Client<'_>>(&bytes, encoded),
                    "frames_server" | "frames_client" => assert_inverse::<Frames<'_>>(&bytes, encoded),
                    "heads" => assert_inverse::<Heads<'_>>(&bytes, encoded),
                    "negotiate" => assert_inverse::<Negotiate<'_>>(&bytes, encoded),
                    "deflate" => assert_inverse::<Deflate<'_>>(&bytes, encoded),
                    "compressed_pair" => assert_inverse::<CompressedPair<'_>>(&bytes, encoded),
                    "sending" => assert_inverse::<Sending<'_>>(&bytes, encoded),
                    "buffered" => assert_inverse::<Buffered<'_>>(&bytes, encoded),
                    _ => {}
                }
            }
        }
    }

    #[test]
    fn every_verb_is_read_back_and_fits_into_a_step() {
        let kinds = [MessageKind::Text, MessageKind::Binary];
        let sent = kinds.map(|kind| [false, true].map(|fin| [Verb::Send { kind, fin }, Verb::SendHeader { kind, fin }]));
        let verbs = [Verb::Nothing, Verb::SendText, Verb::Ping, Verb::Pong, Verb::Pause, Verb::Resume, Verb::Misuse]
            .into_iter()
            .chain(sent.into_iter().flatten().flatten())
            .chain([false, true].map(|fin| Verb::SendBinaryHeader { fin }))
            .chain(kinds.map(|kind| Verb::SendForMany { kind }))
            .chain([Verb::Close { code: None }])
            .chain(CODES.into_iter().flat_map(|code| [Verb::Close { code: Some(Code(code)) }, Verb::Fail { code: Code(code) }]));
        let mut longest = 0;
        for verb in verbs {
            let encoded = verb.encoded();
            assert_eq!(decode::<Verb>(&encoded), verb);
            longest = longest.max(encoded.len());
        }
        assert_eq!(longest, VERB_LEN);
    }
}
