//! permessage-deflate (RFC 7692) across connections: each begins with an empty history.
#![cfg(feature = "deflate")]

mod support;

use sansocket::{
    Accept, Buffered, Compressor, Config, Connection, DeflateConfig, Deflated, Event as Ws, Inflater, Instant, Level, NoEntropy,
    Origin,
};
use sansocket_session::{Event, Session, SessionConfig};
use support::{Lcg, leak};

static CONFIG: Config = Config::new().deflate(DeflateConfig::new().send_window_bits(10).receive_window_bits(10));
static SESSION: SessionConfig = SessionConfig::new();

type Codec = Deflated<Inflater<'static>, Compressor<'static>>;
type Life = Session<'static, Lcg, Vec<u8>, Vec<u8>, Vec<u8>, Vec<u8>, Codec>;
type Server = Buffered<'static, NoEntropy, Vec<u8>, Vec<u8>, Vec<u8>, Connection<'static, NoEntropy>, Codec>;

fn codec() -> Codec {
    let history: &'static mut [u8] = Box::leak(vec![0; 1 << 10].into_boxed_slice());
    let memory: &'static mut [u8] = Box::leak(vec![0; Compressor::memory_len(10, Level::Fast).unwrap()].into_boxed_slice());
    Deflated::new(Inflater::new(history).unwrap(), Compressor::new(10, Level::Fast, memory).unwrap())
}

fn server(now: Instant) -> Server {
    Buffered::new(Connection::server(&CONFIG, now), vec![0; 4096], vec![0; 8192]).deflate(codec(), vec![0; 4096])
}

/// Moves bytes between the two until none are left. What each has got, and how many bytes of frames the session wrote.
fn talk(session: &mut Life, server: &mut Server, now: Instant) -> (Vec<String>, Vec<String>, usize) {
    let (mut by_server, mut by_session, mut written) = (Vec::new(), Vec::new(), 0);
    for _ in 0..10 {
        while let Some((event, _)) = session.next(now).unwrap() {
            if let Event::Data(data) = event {
                by_session.push(String::from_utf8_lossy(data.payload).into_owned());
            }
        }
        let due = session.due().to_vec();
        session.written(session.epoch(), due.len(), now);
        written += if due.starts_with(b"GET") { 0 } else { due.len() };
        server.space().unwrap()[..due.len()].copy_from_slice(&due);
        server.filled(due.len(), now);
        while let Some((event, mut ws)) = server.next(now).unwrap() {
            match event {
                Ws::Request(request) => ws.accept(&request, &Accept::new(Origin::Any)).unwrap(),
                Ws::Data(data) => {
                    by_server.push(String::from_utf8_lossy(data.payload).into_owned());
                    ws.send(data.kind, data.payload).unwrap();
                }
                _ => {}
            }
        }
        let due = server.due().to_vec();
        server.written(due.len(), now);
        session.space().unwrap()[..due.len()].copy_from_slice(&due);
        session.filled(session.epoch(), due.len(), now);
    }
    (by_server, by_session, written)
}

#[test]
fn each_connection_compresses_anew_what_waited_and_what_comes() {
    let mut now = Instant::from_millis(0);
    let ws =
        Buffered::new(Connection::client(&CONFIG, Lcg(1), now), vec![0; 4096], vec![0; 8192]).deflate(codec(), vec![0; 4096]);
    let mut session = Session::new(ws, leak(SESSION), "ws://example.com/", vec![0; 4096]).unwrap();
    session.start(now);
    let text = "The same words, again and again. ".repeat(20);
    for dial in 0..3 {
        // One waits for the connection, one does not.
        session.commands(now).send_text(&text).unwrap();
        assert!(session.next(now).unwrap().is_none());
        session.connected(session.epoch(), now);
        let mut server = server(now);
        let (by_server, by_session, written) = talk(&mut session, &mut server, now);
        assert_eq!((&by_server, &by_session), (&vec![text.clone()], &by_server), "{dial}");
        assert!(session.connection().negotiated().deflate().is_some() && written < text.len() / 4, "{written}");
        session.commands(now).send_text(&text).unwrap();
        let (by_server, by_session, again) = talk(&mut session, &mut server, now);
        assert_eq!((&by_server, &by_session), (&vec![text.clone()], &by_server), "{dial}");
        assert!(again < written, "the history of this connection helps: {again}, {written}");
        session.eof(session.epoch());
        while session.next(now).unwrap().is_some() {}
        now = session.next_timeout().unwrap();
    }
}
