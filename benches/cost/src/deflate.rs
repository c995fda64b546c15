//! permessage-deflate with context takeover: both ways, message by message.

use std::fmt::Write;
use std::hint::black_box;

use sansocket::{Compressor, Connection, DeflateParams, Event, Inflater, Level, MessageKind, Negotiated, Role};

use crate::frames::{CONFIG, HEADER, NOW, Same, Ws};
use crate::meter::{cell, memory, placed};

/// Messages in one pass, each of about a KiB.
const MESSAGES: usize = 16;
const LEN: usize = 1024;

/// Rows of a table in JSON, no two messages alike.
fn message(number: usize) -> String {
    let (mut json, mut random) = (String::from("["), number as u32);
    while json.len() < LEN {
        random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let (id, state) = (random >> 8, ["open", "filled", "cancelled", "pending"][random as usize >> 30]);
        write!(json, r#"{{"id":{id},"user":"user{}","price":{}.5,"state":"{state}"}},"#, id % 5000, id % 97).expect("memory");
    }
    json
}

fn open(role: Role) -> Ws {
    Connection::open(role, &CONFIG, Same, Negotiated::NOTHING.with_deflate(DeflateParams::DEFAULT), NOW)
}

/// Sends the messages from a server; returns where each ends.
fn send(ws: &mut Ws, compressor: &mut Compressor, messages: &[&[u8]], output: &mut [u8]) -> usize {
    let mut written = 0;
    for message in messages {
        let sent = ws.send_with(compressor, MessageKind::Text, message, true, &mut output[written..]).expect("room");
        assert!(sent.done);
        written += sent.produced;
    }
    written
}

fn receive(ws: &mut Ws, inflater: &mut Inflater, wire: &mut [u8], window: &mut [u8]) -> usize {
    let (mut start, mut seen) = (0, 0);
    loop {
        let received = ws.receive_with(NOW, &mut wire[start..], inflater, window, &mut [0; 131]).expect("room");
        start += received.consumed;
        match received.event {
            None => return seen,
            Some(Event::Data(data)) => seen += black_box(data.payload).len(),
            Some(other) => panic!("{other:?}"),
        }
    }
}

pub fn cells() {
    let texts: Vec<_> = (0..MESSAGES).map(message).collect();
    let messages: Vec<&[u8]> = texts.iter().map(|text| &*placed(text.as_bytes())).collect();
    let len: usize = messages.iter().map(|message| message.len()).sum();
    let (output, window) = (memory(len + MESSAGES * 64), memory(4 * LEN));

    let mut server = open(Role::Server);
    let mut compressor =
        Compressor::new(15, Level::Default, memory(Compressor::memory_len(15, Level::Default).expect("bits"))).expect("memory");
    let mut written = send(&mut server, &mut compressor, &messages, output);
    // What follows refers to what went before, as it does in a connection that has lasted.
    let first = placed(&output[..written]);
    cell("deflate, a message of 1 KiB", MESSAGES, |meter| {
        meter.measure(&mut || written = send(&mut server, &mut compressor, &messages, output));
    });
    assert!(written + HEADER < len / 2, "not compressed");

    let (mut client, mut inflater) = (open(Role::Client), Inflater::new(memory(1 << 15)).expect("a window"));
    assert_eq!(receive(&mut client, &mut inflater, first, window), len);
    let second = placed(&output[..written]);
    cell("inflate, a message of 1 KiB", MESSAGES, |meter| {
        meter.measure(&mut || assert_eq!(receive(&mut client, &mut inflater, second, window), len));
    });
}
