//! The opening handshake, each side.

use std::hint::black_box;

use sansocket::{Accept, ClientRequest, Connection, Event, Origin};

use crate::frames::{CONFIG, NOW, Same};
use crate::meter::{cell, memory};

/// A request of exactly this length: `fill` makes header lines of the length that it is given.
pub fn request(len: usize, fill: impl Fn(usize) -> String) -> Vec<u8> {
    const LEAST: &str = "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
        Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
    let head = format!("{LEAST}{}\r\n", fill(len - LEAST.len() - 2));
    assert_eq!(head.len(), len);
    head.into_bytes()
}

/// Receives the request, which arrives in reads of at most so many bytes, and accepts it. Returns the length of the answer.
pub fn serve(request: &mut [u8], read: usize, output: &mut [u8]) -> usize {
    let mut ws = Connection::server(&CONFIG, NOW);
    let mut end = 0;
    while end < request.len() {
        end = request.len().min(end + read);
        let received = ws.receive(NOW, &mut request[..end], output).expect("room");
        match received.event {
            None => assert_eq!(received.consumed, 0),
            Some(Event::Request(request)) => return ws.accept(&request, &Accept::new(Origin::Any), NOW, output).expect("room"),
            Some(other) => panic!("{other:?}"),
        }
    }
    panic!("no request");
}

pub fn server(name: &str, head: &[u8], read: usize, units: usize) {
    let (input, output) = (memory(head.len()), memory(1024));
    cell(name, units, |meter| {
        input.copy_from_slice(head);
        meter.measure(&mut || {
            black_box(serve(black_box(input), read, output));
        });
    });
}

/// The answer is our server's, written before anything is counted: the key is the same each time. It arrives in reads of at most so many
/// bytes.
pub fn client(name: &str, read: usize, units: usize, longer: impl Fn(Vec<u8>) -> Vec<u8>) {
    let target = ClientRequest::new("server.example.com", "/chat");
    let (output, answer) = (memory(1024), memory(1024));
    let mut ws = Connection::client(&CONFIG, Same, NOW);
    let written = ws.request(&target, NOW, output).expect("room");
    let answered = serve(&mut output[..written], written, answer);
    let answer = longer(answer[..answered].to_vec());
    let input = memory(answer.len());
    cell(name, units, |meter| {
        input.copy_from_slice(&answer);
        meter.measure(&mut || {
            let mut ws = Connection::client(&CONFIG, Same, NOW);
            black_box(ws.request(black_box(&target), NOW, output).expect("room"));
            let mut end = 0;
            loop {
                end = input.len().min(end + read);
                let received = ws.receive(NOW, &mut input[..end], &mut [0; 131]).expect("room");
                match received.event {
                    None => assert_eq!(received.consumed, 0),
                    Some(event) => break assert!(matches!(event, Event::Opened(_))),
                }
            }
        });
    });
}
