//! Socket.IO v5 on Engine.IO v4: client, server and long-polling as state machines, and the packets that they are made of, read where they
//! lie and written where the caller says.
//!
//! For programs that own their sockets and their memory: `no_std`, no panics, no heap but with the feature `alloc`, no unsafe code but in the C
//! layer.
//!
//! ```text
//!   a client, above a session        client
//!   a server: namespaces, rooms      server (alloc)
//!   a server's sessions              engine::server (alloc)
//!   a client's long-polling          engine::polling (alloc)
//!   events: a name, JSON, bytes      json, EventWriter, Packet::args, placeholders
//!   Socket.IO packets                Packet, Header, Assembler
//!   Engine.IO packets                engine::Packet, engine::Handshake
//!   WebSocket messages, or bodies    engine::packets, engine::PayloadWriter
//! ```
//!
//! # Receiving packets
//!
//! ```
//! use sansocket_socketio::{Assembler, Limits, engine};
//!
//! fn on_text(assembler: &mut Assembler, text: &str) -> Result<(), Box<dyn std::error::Error>> {
//!     match engine::Packet::decode(text)? {
//!         engine::Packet::Message(text) => {
//!             let packet = assembler.text(text)?;
//!             if let Some(name) = packet.name() {
//!                 println!("{name} in {}", packet.namespace(), name = name.as_json());
//!                 for arg in packet.args() {
//!                     println!("  {:?}: {}", arg.kind(), arg.as_json());
//!                 }
//!             }
//!         }
//!         other => println!("{other:?}"),
//!     }
//!     Ok(())
//! }
//! # let mut assembler = Assembler::new(Limits::new());
//! # on_text(&mut assembler, "2")?;
//! # on_text(&mut assembler, r#"42["say","hi"]"#)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Sending packets
//!
//! ```
//! use sansocket_socketio::{EventWriter, Header, Packet};
//!
//! let mut out = [0; 200];
//! let event = EventWriter::event(&Header::event("/").with_id(1), "say", &mut out).text("hi").number(2).finish()?;
//! assert_eq!(event, r#"421["say","hi",2]"#);
//!
//! // The same from JSON that is there already.
//! let packet = Packet::new(Header::event("/").with_id(1), r#"["say","hi",2]"#)?;
//! assert_eq!(packet.encode_message(&mut out)?, r#"421["say","hi",2]"#);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Odd packets
//!
//! What the reference (the server `socket.io` 4.8 with its parsers) does with packets that a good client never sends, and what this package does.
//! Where no reason is given, it is the same. Where a packet is read, and what follows from it depends on what the connection has done before,
//! it is said what the server of the feature `alloc` does. To close always means the whole connection, with all of its namespaces; the reason
//! that their sockets get is `forced close`, of wrong Engine.IO packets `parse error` or `transport error`.
//!
//! | sent | reference | here | why |
//! |---|---|---|---|
//! | an empty text, `7` | closes | [`Empty`](engine::EngineError::Empty), [`UnknownType`](engine::EngineError::UnknownType) | |
//! | `2`, `2probe` outside an upgrade | closes | [`Ping`](engine::Packet::Ping); the server closes | |
//! | `3`, `0{}`, `5`, `6` unasked | ignores | read; the server ignores it. The JSON of `0` is not looked at | |
//! | `1` | ignores it over WebSocket | [`Close`](engine::Packet::Close); the server closes | the client has said so |
//! | `1x`, `5x`, `6x` | as without `x` | the same | |
//! | `4` with a blank after it | CONNECT: to JavaScript a blank is 0 | [`UnknownType`](PacketError::UnknownType) | numbers have plain digits |
//! | an event, `41`, `43…` before `40`, or for a namespace that the client is not in | closes | read; the server closes, before attachments that were to follow | |
//! | the same for one that the client has left with `41` | closes | the server closes | |
//! | the same for one that the server has put it out of | closes | the server ignores it, until the client answers with `41` or comes again | it was sent before the client knew |
//! | the same before `40` was answered | closes | the server closes, unless the application has accepted at once | |
//! | a second `40` | closes; takes it before the first was answered | the server closes | |
//! | `44…` from a client | closes | read; the server closes | |
//! | nothing but refused namespaces for 45 s | closes | the server closes | |
//! | a namespace with more than 1 000 bytes, the 101st of a connection | takes it | the server closes | what is kept for a client has limits |
//! | `40/none?a=b,` | the query is part of the name | the same | |
//! | `40/,` and `40/` | mean `/` | the same | |
//! | `40[]`, `40"x"` | closes | [`WrongPayload`](PacketError::WrongPayload) | |
//! | `401{}`, `411`, `441{}` | ignores the id, but closes for `41` with anything after it that is no digit | [`UnexpectedId`](PacketError::UnexpectedId) | an id that nobody answers is a mistake |
//! | `41{}` | closes | [`UnexpectedPayload`](PacketError::UnexpectedPayload) | |
//! | `42`, `431`, `44` | takes it, as an event without a name, an answer without arguments | [`MissingPayload`](PacketError::MissingPayload) | the protocol says that it must; so every event has a name |
//! | `42[]`, `42[{}]` | closes | [`InvalidEventName`](PacketError::InvalidEventName) | |
//! | `42["m"`, `42abc["x"]` | closes | [`InvalidJson`](PacketError::InvalidJson) | |
//! | `42{}`, `431{}`, `44[]` | closes | [`WrongPayload`](PacketError::WrongPayload) | |
//! | `42["connect"]` | closes | [`ReservedEventName`](PacketError::ReservedEventName), however it is escaped | |
//! | `42[5,1]` | takes it: the name is a number | the same | |
//! | `43[1]`, `43999[1]` | ignores what nobody waits for | read; the server ignores it | |
//! | `44/none,"text"` | takes it; python-socketio sends it | the same | |
//! | id `007` | 7 | the same | the grammar has digits, how many ever |
//! | id ` 1`; a blank before the payload | a blank counts as a digit: 1, 0 | [`InvalidJson`](PacketError::InvalidJson) | numbers have plain digits, and the answer to a guessed id helps nobody |
//! | an id beyond 2^53 - 1 | rounds it | [`InvalidId`](PacketError::InvalidId) | the answer would bear another id |
//! | `450-…`, `451[…`, `45-…` | closes | [`InvalidAttachments`](PacketError::InvalidAttachments) | |
//! | `451e1-…`, `450x1-…`, `45 1-…` | takes them, as JavaScript's numbers | [`InvalidAttachments`](PacketError::InvalidAttachments) | numbers have plain digits |
//! | more than 10 attachments | closes | [`TooManyAttachments`](PacketError::TooManyAttachments), for the limit of [`Limits`] | |
//! | attachments of a packet with more than 10 000 000 bytes | takes them | the server closes | what is kept for a client has limits |
//! | a text while attachments are due | closes | [`AttachmentsDue`](PacketError::AttachmentsDue) | |
//! | a binary message when none is due | closes | [`NoAttachmentDue`](PacketError::NoAttachmentDue) | |
//! | a placeholder's `num` out of range | closes, after the last attachment | [`InvalidPlaceholder`](PacketError::InvalidPlaceholder), at once | nothing has been delivered then |
//! | `num` of `0.5`, `-0`, `1.0` | nothing, attachments 0 and 1 | [`InvalidPlaceholder`](PacketError::InvalidPlaceholder) | numbers have plain digits |
//! | a placeholder inside a placeholder, or in a member that another of the same name replaces | drops it | [`InvalidPlaceholder`](PacketError::InvalidPlaceholder); the replaced one counts | one pass in a fixed memory finds all |
//! | an attachment that no placeholder names, or several name | drops it, repeats it | the same: it is delivered, and placeholders are read by the application | |
//! | `451-[…]`, and the attachment as text `bAQID` | takes it | [`Base64`](engine::Packet::Base64), which is decoded and given to the [`Assembler`] | clients that are set to `forceBase64` send it |
//! | base64 with other characters, or without padding | skips them | [`Invalid`](engine::Base64Error::Invalid) | bytes that are guessed are wrong bytes |
//! | JSON nested deeper than 32 | takes it | [`TooDeep`](PacketError::TooDeep) | what is nested has to be walked in a fixed memory |
//! | a lone surrogate, `"\ud800"` | takes it | the same; read as U+FFFD | |
//! | a message longer than allowed | closes, code 1009 | `sansocket`'s `Config::max_message_len` does that | |
#![no_std]
#![cfg_attr(not(feature = "ffi"), forbid(unsafe_code))]
#![cfg_attr(feature = "ffi", deny(unsafe_code))]
#![cfg_attr(
    not(test),
    deny(
        clippy::indexing_slicing,
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::cast_possible_truncation,
        clippy::std_instead_of_core,
        clippy::alloc_instead_of_core
    )
)]

#[cfg(feature = "alloc")]
extern crate alloc;
#[cfg(test)]
extern crate std;

mod assembler;
pub mod client;
pub mod engine;
mod error;
mod event_writer;
// Pointers from C are checked and read in this module only.
#[cfg(feature = "ffi")]
#[allow(unsafe_code)]
pub mod ffi;
mod header;
pub mod json;
mod packet;
mod placeholder;
mod sentences;
#[cfg(feature = "alloc")]
pub mod server;
#[cfg(feature = "alloc")]
mod slab;
mod writer;

pub use assembler::{Assembler, Attachment};
pub use error::{EncodeError, PacketError};
pub use event_writer::EventWriter;
pub use header::{Header, Kind};
pub use packet::{Limits, Packet, RESERVED_EVENTS};
pub use placeholder::{Placeholder, Placeholders, placeholder};
pub use writer::NeedsRoom;
