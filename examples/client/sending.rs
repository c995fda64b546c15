//! A message on its way out: a line, or a file of which only a piece is in memory.

use std::fs::File;
use std::io::{self, Cursor, Read};

use sansocket::MessageKind;
use sansocket_session::SendError;

use crate::codec::Verbs;
use crate::{PIECE_LEN, Problem};

pub(crate) struct Sending {
    kind: MessageKind,
    source: Box<dyn Read>,
    /// What is sent next.
    piece: Vec<u8>,
    /// It ends the message.
    is_last: bool,
    /// Bytes that went before it.
    sent: u64,
    is_over: bool,
}

impl Sending {
    pub(crate) fn new(kind: MessageKind, source: impl Read + 'static) -> Self {
        Self { kind, source: Box::new(source), piece: Vec::new(), is_last: false, sent: 0, is_over: false }
    }

    pub(crate) fn text(text: &str) -> Self {
        Self::new(MessageKind::Text, Cursor::new(text.to_owned()))
    }

    /// Whether a part of it was sent.
    pub(crate) fn has_begun(&self) -> bool {
        self.sent > 0
    }

    pub(crate) fn is_over(&self) -> bool {
        self.is_over
    }

    /// Reads the next piece, if the last one has left. One that is not full ends the message.
    pub(crate) fn read_on(&mut self) -> io::Result<()> {
        if self.piece.is_empty() && !self.is_last {
            let source = self.source.by_ref();
            source.take(PIECE_LEN as u64).read_to_end(&mut self.piece)?;
            self.is_last = self.piece.len() < PIECE_LEN;
        }
        Ok(())
    }

    /// Sends the piece, or some of it. What is not longer than a piece may wait in the queue; of what is longer the parts are sent on one
    /// connection. False if it has to wait here.
    pub(crate) fn send(&mut self, ws: &mut Verbs<'_, '_, '_>) -> Result<bool, Problem> {
        let is_whole = self.is_last && self.sent == 0;
        let taken = if is_whole {
            ws.send(self.kind, &self.piece).map(|_| self.piece.len())
        } else {
            ws.send_part(self.kind, self.sent, &self.piece, self.is_last)
        };
        match taken {
            Ok(taken) => {
                self.sent += taken as u64;
                self.piece.drain(..taken);
                self.is_over = self.is_last && self.piece.is_empty();
                Ok(true)
            }
            // The session stops, or the connection ends: it says so itself.
            Err(SendError::Full | SendError::NotNow | SendError::Stopped | SendError::Interrupted) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }
}

/// A regular file: reading from a pipe or a terminal would hold up the connection.
pub(crate) fn open(name: &str) -> io::Result<File> {
    if !std::fs::metadata(name)?.is_file() {
        return Err(io::Error::other("not a regular file"));
    }
    File::open(name)
}
