//! §7.1.4, §7.1.5: what `Closed` says of a connection that ended: how, and why.

use sansocket::{
    ClientRequest, CloseCode, Config, Connection, EndCause, Entropy, EntropyError, Event, Instant, Negotiated, Received, Role,
};

static DEFAULT: Config<'static> = Config::new();

struct Zeros;

impl Entropy for Zeros {
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), EntropyError> {
        bytes.fill(0);
        Ok(())
    }
}

fn ms(ms: u64) -> Instant {
    Instant::from_millis(ms)
}

fn open<'c>(config: &'c Config<'c>) -> Connection<'c, Zeros> {
    Connection::open(Role::Server, config, Zeros, Negotiated::NOTHING, ms(0))
}

/// The cause that `Closed` gives.
fn cause(received: Received<'_>) -> EndCause {
    match received.event {
        Some(Event::Closed { code: CloseCode::ABNORMAL_CLOSURE, was_clean: false, cause, .. }) => cause,
        other => panic!("{other:?}"),
    }
}

#[test]
fn end_of_input_is_the_cause_of_what_it_ends() {
    assert_eq!(cause(open(&DEFAULT).receive_eof(ms(1))), EndCause::EndOfInput);
    // A client that half-closes after its request: the end comes with the answer.
    let mut conn = Connection::server(&DEFAULT, ms(0));
    let mut head = *b"GET / HTTP/1.1\r\nHost: h\r\n\r\n";
    assert!(matches!(conn.receive(ms(0), &mut head, &mut [0; 131]).unwrap().event, Some(Event::HttpRequest(_))));
    assert_eq!(conn.receive_eof(ms(0)).event, None);
    conn.respond(404, &[], &[], ms(0), &mut [0; 200]).unwrap();
    assert_eq!(cause(conn.receive(ms(0), &mut [], &mut [0; 131]).unwrap()), EndCause::EndOfInput);
}

#[test]
fn each_deadline_is_the_cause_of_what_it_ends() {
    let mut conn = Connection::server(&DEFAULT, ms(0));
    assert_eq!(cause(conn.handle_timeout(ms(10_000), &mut [0; 131])), EndCause::HandshakeTimeout);

    let mut conn = open(&DEFAULT);
    let ping = conn.handle_timeout(ms(25_000), &mut [0; 131]);
    assert!(ping.produced > 0 && ping.event.is_none());
    assert_eq!(cause(conn.handle_timeout(ms(45_000), &mut [0; 131])), EndCause::PongTimeout);

    let config = Config::new().idle_timeout_ms(70).keepalive_interval_ms(0);
    assert_eq!(cause(open(&config).handle_timeout(ms(70), &mut [])), EndCause::IdleTimeout);
    // With room the peer is told, and has the time of a closing to answer.
    let mut conn = open(&config);
    assert!(conn.handle_timeout(ms(70), &mut [0; 131]).event.is_none());
    assert_eq!(cause(conn.handle_timeout(ms(5_070), &mut [0; 131])), EndCause::ClosingTimeout);

    let mut conn = open(&DEFAULT);
    conn.close(None, "", ms(1), &mut [0; 131]).unwrap();
    assert_eq!(cause(conn.handle_timeout(ms(5_001), &mut [])), EndCause::ClosingTimeout);
}

#[test]
fn caller_is_the_cause_where_it_closes_a_refusal() {
    let mut conn = Connection::client(&DEFAULT, Zeros, ms(0));
    conn.request(&ClientRequest::new("h", "/"), ms(0), &mut [0; 400]).unwrap();
    let mut head = *b"HTTP/1.1 404 No\r\nContent-Length: 5\r\n\r\n";
    assert!(matches!(conn.receive(ms(0), &mut head, &mut [0; 131]).unwrap().event, Some(Event::Refused { .. })));
    conn.close(None, "", ms(1), &mut []).unwrap();
    assert_eq!(cause(conn.handle_timeout(ms(1), &mut [])), EndCause::Caller);
}

#[test]
fn both_closes_are_a_clean_end_whatever_the_cause() {
    let mut conn = open(&DEFAULT);
    let mut close = *b"\x88\x82\0\0\0\0\x03\xe8";
    assert!(matches!(conn.receive(ms(0), &mut close, &mut [0; 131]).unwrap().event, Some(Event::CloseReceived { .. })));
    let end = conn.receive_eof(ms(1)).event;
    assert!(
        matches!(end, Some(Event::Closed { code: CloseCode(1000), was_clean: true, cause: EndCause::EndOfInput, .. })),
        "{end:?}"
    );
}
