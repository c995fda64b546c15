//! permessage-deflate (RFC 7692), in memory that belongs to the connection.

use crate::outgoing::Outgoing;
use crate::random::Random;
use sansocket::{
    CallError, CompressedMessage, Compressor, Connection, DeflateDirection, Inflater, Instant, Level, MessageKind, Negotiated,
    Received, Role, UsageError,
};
use self_cell::{MutBorrow, self_cell};

/// So much is inflated at a time.
const WINDOW: usize = 16 << 10;

self_cell!(
    pub(crate) struct Inflation {
        owner: MutBorrow<Vec<u8>>,
        #[covariant]
        dependent: Inflater,
    }
);

self_cell!(
    pub(crate) struct Compression {
        owner: MutBorrow<Vec<u8>>,
        #[covariant]
        dependent: Compressor,
    }
);

/// Nothing, unless compression was agreed on.
#[derive(Default)]
pub(crate) struct Codec(Option<Box<Agreed>>);

struct Agreed {
    inflation: Inflation,
    /// What is inflated, for the time of a call.
    window: Vec<u8>,
    /// Only once something is compressed: it is the larger part.
    compression: Option<Compression>,
    ours: DeflateDirection,
}

impl Codec {
    pub(crate) fn new(negotiated: Negotiated, role: Role) -> Self {
        let agreed = negotiated.deflate().and_then(|params| {
            let (ours, theirs) = (params.sent_by(role), params.sent_by(role.peer()));
            let inflation = inflation(theirs.max_window_bits)?;
            Some(Box::new(Agreed { inflation, window: vec![0; WINDOW], compression: None, ours }))
        });
        Self(agreed)
    }

    pub(crate) const fn is_on(&self) -> bool {
        self.0.is_some()
    }

    pub(crate) const fn compresses(&self, len: usize) -> bool {
        self.is_on() && len > 0
    }

    pub(crate) fn receive<'i>(
        &'i mut self,
        ws: &mut Connection<'static, Random>,
        now: Instant,
        input: &'i mut [u8],
        answer: &mut [u8],
    ) -> Result<Received<'i>, CallError> {
        let Some(agreed) = &mut self.0 else { return ws.receive(now, input, answer) };
        let Agreed { inflation, window, .. } = &mut **agreed;
        inflation.with_dependent_mut(|_, inflater| ws.receive_with(now, input, inflater, window, answer))
    }

    pub(crate) fn send(
        &mut self,
        ws: &mut Connection<'static, Random>,
        kind: MessageKind,
        payload: &[u8],
        outgoing: &mut Outgoing,
    ) -> Result<(), CallError> {
        let Some(compression) = self.compression() else { return Err(UsageError::NoDeflate.into()) };
        let mut rest = payload;
        loop {
            let mut done = false;
            compression.with_dependent_mut(|_, compressor| {
                outgoing.add(CompressedMessage::max_len(rest.len()), |room| {
                    let sent = ws.send_with(compressor, kind, rest, true, room)?;
                    (rest, done) = (rest.get(sent.consumed..).unwrap_or_default(), sent.done);
                    Ok::<_, CallError>(sent.produced)
                })
            })?;
            if done {
                return Ok(());
            }
        }
    }

    fn compression(&mut self) -> Option<&mut Compression> {
        let Agreed { compression: made, ours, .. } = &mut **self.0.as_mut()?;
        if made.is_none() {
            *made = compression(ours.max_window_bits);
        }
        made.as_mut()
    }
}

/// An inflater with memory for a window of this many bits.
pub(crate) fn inflation(bits: u8) -> Option<Inflation> {
    let history = MutBorrow::new(vec![0; 1 << bits]);
    Inflation::try_new(history, |history| Inflater::new(history.borrow_mut()).ok_or(())).ok()
}

/// A compressor with memory for a window of this many bits.
pub(crate) fn compression(bits: u8) -> Option<Compression> {
    let memory = MutBorrow::new(vec![0; Compressor::memory_len(bits, Level::Default)?]);
    Compression::try_new(memory, |memory| Compressor::new(bits, Level::Default, memory.borrow_mut()).ok_or(())).ok()
}
