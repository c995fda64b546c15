//! What waits for a client.

use super::{Due, Outgoing};
use crate::engine::Packet;
use alloc::collections::VecDeque;
use alloc::vec;
use alloc::vec::Vec;
use bytes::Bytes;
use core::mem::size_of;

/// `1`, which a polling client is told by itself: what stands beside it in a body may be lost.
pub(super) const CLOSE: Bytes = Bytes::from_static(b"1");

#[derive(Default)]
pub(super) struct Queue {
    packets: VecDeque<Outgoing>,
    /// Of all packets, with what they take to keep.
    bytes: usize,
}

impl Queue {
    pub(super) fn is_empty(&self) -> bool {
        self.packets.is_empty()
    }

    /// How many bytes there are with one more packet.
    pub(super) fn bytes_with(&self, packet: &Outgoing) -> usize {
        self.bytes.saturating_add(cost(packet))
    }

    pub(super) fn push(&mut self, packet: Outgoing) {
        self.bytes = self.bytes_with(&packet);
        self.packets.push_back(packet);
    }

    /// Before all others.
    pub(super) fn push_first(&mut self, packet: Outgoing) {
        self.bytes = self.bytes_with(&packet);
        self.packets.push_front(packet);
    }

    pub(super) fn pop(&mut self) -> Option<Outgoing> {
        let packet = self.packets.pop_front()?;
        self.bytes = self.bytes.saturating_sub(cost(&packet));
        Some(packet)
    }

    /// Takes back what was pushed last.
    pub(super) fn pop_last(&mut self) {
        if let Some(packet) = self.packets.pop_back() {
            self.bytes = self.bytes.saturating_sub(cost(&packet));
        }
    }

    /// All of it over a WebSocket, and then its end.
    pub(super) fn into_dues(self, wants_base64: bool) -> VecDeque<Due> {
        let mut dues: VecDeque<_> = self.packets.into_iter().map(|packet| over_websocket(packet, wants_base64)).collect();
        dues.push_back(Due::Close);
        dues
    }

    /// The packets of a poll's answer: as many as have room, at least one. Empty if none wait.
    pub(super) fn pop_body(&mut self, max_len: usize) -> Bytes {
        let Some(first) = self.pop() else { return Bytes::new() };
        // A close goes alone: Socket.IO's client sees it before the messages of the same answer, and tells of another reason.
        let has_room = |len: usize, next: &Outgoing| {
            *next != Outgoing::Text(CLOSE) && len.saturating_add(1).saturating_add(text_len(next)) <= max_len
        };
        if !self.packets.front().is_some_and(|next| has_room(text_len(&first), next)) {
            // Most answers have one packet. It is not copied.
            return text(first);
        }
        let mut body = Vec::new();
        write(&first, &mut body);
        while let Some(packet) = self.packets.front().filter(|next| has_room(body.len(), next)) {
            body.push(0x1E);
            write(packet, &mut body);
            self.pop();
        }
        body.into()
    }
}

/// A packet as a message of a WebSocket.
pub(super) fn over_websocket(packet: Outgoing, wants_base64: bool) -> Due {
    match packet {
        Outgoing::Binary(bytes) if !wants_base64 => Due::Binary(bytes),
        packet => Due::Text(text(packet)),
    }
}

fn cost(packet: &Outgoing) -> usize {
    let (Outgoing::Text(bytes) | Outgoing::Binary(bytes)) = packet;
    bytes.len().saturating_add(size_of::<Outgoing>())
}

fn text_len(packet: &Outgoing) -> usize {
    match packet {
        Outgoing::Text(text) => text.len(),
        Outgoing::Binary(bytes) => Packet::Binary(bytes).encoded_len(),
    }
}

/// A packet as a text.
fn text(packet: Outgoing) -> Bytes {
    match packet {
        Outgoing::Text(text) => text,
        packet @ Outgoing::Binary(_) => {
            let mut text = Vec::new();
            write(&packet, &mut text);
            text.into()
        }
    }
}

fn write(packet: &Outgoing, body: &mut Vec<u8>) {
    match packet {
        Outgoing::Text(text) => body.extend_from_slice(text),
        Outgoing::Binary(bytes) => {
            let packet = Packet::Binary(bytes);
            let mut text = vec![0; packet.encoded_len()];
            body.extend_from_slice(packet.encode(&mut text).unwrap_or_default().as_bytes());
        }
    }
}
