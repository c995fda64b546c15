//! Compression, if it was agreed on.

#[cfg(feature = "deflate")]
mod deflate;
#[cfg(feature = "deflate")]
pub(crate) use deflate::Codec;
#[cfg(all(feature = "deflate", feature = "session"))]
pub(crate) use deflate::{Compression, Inflation, compression, inflation};

#[cfg(not(feature = "deflate"))]
pub(crate) use plain::Codec;

#[cfg(not(feature = "deflate"))]
mod plain {
    use crate::outgoing::Outgoing;
    use crate::random::Random;
    use sansocket::{CallError, Connection, Instant, MessageKind, Negotiated, Received, Role};

    /// None.
    #[derive(Default)]
    pub(crate) struct Codec(());

    impl Codec {
        pub(crate) const fn new(_: Negotiated, _: Role) -> Self {
            Self(())
        }

        pub(crate) const fn is_on(&self) -> bool {
            false
        }

        pub(crate) const fn compresses(&self, _: usize) -> bool {
            false
        }

        #[inline]
        pub(crate) fn receive<'i>(
            &mut self,
            ws: &mut Connection<'static, Random>,
            now: Instant,
            input: &'i mut [u8],
            answer: &mut [u8],
        ) -> Result<Received<'i>, CallError> {
            ws.receive(now, input, answer)
        }

        pub(crate) fn send(
            &mut self,
            ws: &mut Connection<'static, Random>,
            kind: MessageKind,
            payload: &[u8],
            outgoing: &mut Outgoing,
        ) -> Result<(), CallError> {
            outgoing.add(payload.len() + 14, |room| ws.send(kind, payload, true, room)).map(drop)
        }
    }
}
