//! Inflaters and compressors for the connections that have agreed on compression, and their memory.

use sansocket::{Codec, Compressor, Config, Connection, Deflated, Inflater, Level, Role};

const LEVEL: Level = Level::Default;

/// What one connection has, for as long as it lasts: each direction has a history of its own.
pub(crate) type Own = Deflated<Inflater<'static>, Compressor<'static>>;

/// Those whose connections have ended, by the windows that they compress with. Their memory is not given back: it serves the next
/// connections, so the server holds as much as ever was in use at once.
#[derive(Default)]
pub(crate) struct Codecs {
    free: [Vec<Own>; 16],
}

impl Codecs {
    /// One for `ws`, if it has agreed on compression.
    pub(crate) fn take(&mut self, ws: &Connection<'_>) -> Option<Box<Own>> {
        // Our window is that which the client can inflate; theirs is at most the configured one.
        let window_bits = ws.negotiated().deflate()?.sent_by(Role::Server).max_window_bits;
        let free = self.free.get_mut(usize::from(window_bits))?;
        free.pop().or_else(|| create(window_bits, ws.config())).map(Box::new)
    }

    pub(crate) fn give_back(&mut self, mut codec: Box<Own>) {
        let Some(inflater) = codec.inflater() else { return };
        inflater.reset();
        let Some(compressor) = codec.compressor(usize::MAX) else { return };
        compressor.reset();
        self.free[usize::from(compressor.window_bits())].push(*codec);
    }
}

fn create(window_bits: u8, config: &Config<'_>) -> Option<Own> {
    let history = vec![0; 1 << config.deflate.receive_window_bits].leak();
    let memory = vec![0; Compressor::memory_len(window_bits, LEVEL)?].leak();
    Some(Deflated::new(Inflater::new(history)?, Compressor::new(window_bits, LEVEL, memory)?))
}

/// How many bytes a connection takes that compresses with all that `config` allows.
pub(crate) fn bytes_each(config: &Config<'_>) -> usize {
    let (receive, send) = (config.deflate.receive_window_bits, config.deflate.send_window_bits);
    size_of::<Own>() + (1 << receive) + Compressor::memory_len(send, LEVEL).unwrap_or(0)
}
