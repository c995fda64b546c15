//! Transports that do what they should not, or as little as they may.

mod support;

use embedded_io::ErrorKind;
use sansocket::{ClientRequest, CloseCode, EndCause, MessageKind, Origin, ProtocolError};
use sansocket_embedded_io::{Done, HandshakeError, Line};
use support::*;

fn cut_off() -> Seen {
    Seen::Closed { code: 1006, was_clean: false, cause: EndCause::EndOfInput }
}

/// RFC 6455 §1.3 and §5.7, by hand, one byte at a time in both directions.
#[test]
fn a_transport_that_moves_one_byte_at_a_time_carries_everything() {
    let clock = Clock::default();
    let (up, down) = (End::new(), End::new());
    for end in [&up, &down] {
        end.with(|pipe| pipe.at_once = 1);
    }
    let mut ws = server(&clock, Socket { input: up.clone(), output: down.clone() });
    up.push(REQUEST);
    up.push(&[0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58]);
    assert_eq!(run(ws.accept(Origin::Any)), Ok(()));
    assert_eq!(next(&mut ws, 1), Some(Some(text("Hello"))));
    assert_eq!(run(ws.send_text("Hello")), Ok(()));
    up.push(&[0x88, 0x82, 0, 0, 0, 0, 0x03, 0xe8]);
    assert_eq!(next(&mut ws, 1), Some(Some(Seen::CloseReceived(1000))));
    assert_eq!(next(&mut ws, 1), None);
    up.with(|pipe| pipe.has_ended = true);
    assert_eq!(next(&mut ws, 1), Some(Some(Seen::Closed { code: 1000, was_clean: true, cause: EndCause::EndOfInput })));
    assert_eq!(next(&mut ws, 1), Some(None));
    let written = down.take();
    assert!(written.ends_with(b"Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n\x81\x05Hello\x88\x02\x03\xe8"), "{written:?}");
}

#[test]
fn messages_come_before_the_error_that_follows_them() {
    let clock = Clock::default();
    let (input, output) = (End::new(), End::new());
    let mut ws = open_server(&clock, Socket { input: input.clone(), output: output.clone() }, &input, &output);
    input.push(b"\x81\x82\0\0\0\0Hi\x81\x81\0\0\0\0!");
    input.with(|pipe| pipe.read_error = Some(ErrorKind::ConnectionReset));
    assert_eq!(next(&mut ws, 1), Some(Some(text("Hi"))));
    assert_eq!(next(&mut ws, 1), Some(Some(text("!"))));
    assert_eq!(next(&mut ws, 1), Some(Some(cut_off())));
    assert_eq!(next(&mut ws, 1), Some(None));
    assert_eq!(next(&mut ws, 1), Some(None));
    assert!(matches!(run(ws.next_or(|ws| ws.ping(b""))), Ok(Done::Over)));
    assert_eq!(ws.transport_error(), Some(ErrorKind::ConnectionReset));
}

#[test]
fn a_transports_own_timeout_and_an_interruption_end_nothing() {
    let clock = Clock::default();
    let (input, output) = (End::new(), End::new());
    let mut ws = open_server(&clock, Socket { input: input.clone(), output: output.clone() }, &input, &output);
    for error in [ErrorKind::TimedOut, ErrorKind::Interrupted] {
        input.push(b"\x81\x82\0\0\0\0Hi");
        input.with(|pipe| pipe.errors.push_back(error));
        output.with(|pipe| pipe.errors.push_back(error));
        assert_eq!(run(ws.send_text("Hi")), Ok(()));
        assert_eq!(next(&mut ws, 1), Some(Some(text("Hi"))));
        assert_eq!(output.take(), b"\x81\x02Hi");
    }
    assert_eq!(ws.transport_error(), None);
}

#[test]
fn a_writer_that_takes_nothing_and_says_so_has_failed() {
    let clock = Clock::default();
    let (input, output) = (End::new(), End::new());
    let mut ws = open_server(&clock, Socket { input: input.clone(), output: output.clone() }, &input, &output);
    output.with(|pipe| pipe.takes_zero = true);
    assert_eq!(run(ws.send_text("Hi")), Ok(()));
    assert_eq!(ws.transport_error(), Some(ErrorKind::WriteZero));
    // What arrived is still to be had, and what is sent goes nowhere, without a wait.
    input.push(b"\x82\x80\0\0\0\0");
    assert_eq!(next(&mut ws, 1), Some(Some(Seen::Message(MessageKind::Binary, vec![]))));
    for _ in 0..9 {
        assert_eq!(run(ws.send(MessageKind::Binary, &[0; 300])), Ok(()));
    }
    assert_eq!(run(ws.flush()), Ok(()));
    input.with(|pipe| pipe.has_ended = true);
    assert_eq!(next(&mut ws, 1), Some(Some(cut_off())));
    assert_eq!(next(&mut ws, 1), Some(None));
}

/// A transport that keeps bytes until it is flushed, as TLS does.
#[test]
fn what_is_written_is_flushed() {
    let clock = Clock::default();
    let (mut client, mut server, up, _) = open_pair(&clock);
    up.with(|pipe| pipe.held = Some(Vec::new()));
    assert_eq!(run(client.send_text("one")), Ok(()));
    assert_eq!(next(&mut server, 5), Some(Some(text("one"))));
    // A flush that waits goes on while something else does.
    up.with(|pipe| pipe.waits = 255);
    assert_eq!(run(client.send_text("two")), Ok(()));
    up.with(|pipe| pipe.waits = 0);
    assert_eq!(next(&mut server, 5), None);
    assert_eq!(next(&mut client, 3), None);
    assert_eq!(next(&mut server, 5), Some(Some(text("two"))));
    // And not more often than there is something to flush.
    let flushes = up.0.borrow().flushes;
    assert_eq!(next(&mut client, 9), None);
    assert_eq!(up.0.borrow().flushes, flushes);
}

#[test]
fn a_peer_that_breaks_a_rule_is_told_and_read_to_its_end() {
    let clock = Clock::default();
    let (input, output) = (End::new(), End::new());
    let mut ws = open_server(&clock, Socket { input: input.clone(), output: output.clone() }, &input, &output);
    input.push(b"\x81\x01a"); // unmasked
    assert_eq!(next(&mut ws, 1), Some(Some(Seen::Failed(ProtocolError::UnmaskedClientFrame))));
    assert_eq!(next(&mut ws, 1), None);
    assert_eq!(output.take(), b"\x88\x02\x03\xea");
    assert!(output.0.borrow().has_ended);
    input.push(&[0; 5000]);
    assert_eq!(next(&mut ws, 9), None);
    assert!(input.take().is_empty(), "what the peer still sends is read, so that no reset destroys our Close");
    input.with(|pipe| pipe.has_ended = true);
    assert!(matches!(next(&mut ws, 1), Some(Some(Seen::Closed { was_clean: false, .. }))));
}

/// §7.1.1, on a line that nobody ends.
#[test]
fn on_a_line_a_connection_ends_with_the_closes() {
    let clock = Clock::default();
    let (input, output) = (End::new(), End::new());
    let mut ws = open_server(&clock, Line(input.clone(), output.clone()), &input, &output);
    input.with(|pipe| pipe.at_once = 8);
    output.with(|pipe| pipe.held = Some(Vec::new()));
    input.push(b"\x88\x82\0\0\0\0\x03\xe8GET / HTTP/1.1");
    assert_eq!(next(&mut ws, 1), Some(Some(Seen::CloseReceived(1000))));
    assert!(matches!(next(&mut ws, 1), Some(Some(Seen::Closed { code: 1000, was_clean: true, .. }))));
    assert_eq!(next(&mut ws, 1), Some(None));
    assert_eq!(output.take(), b"\x88\x02\x03\xe8", "the Close is flushed");
    assert_eq!(input.take(), b"GET / HTTP/1.1", "and the next connection's bytes are still there");
}

#[test]
fn on_a_line_a_client_ends_with_the_closes_too() {
    let clock = Clock::default();
    let (up, down) = (End::new(), End::new());
    let mut client = client(&clock, Line(down.clone(), up.clone()));
    let mut server = server(&clock, Line(up.clone(), down.clone()));
    let request = ClientRequest::new("example.com", "/");
    assert!(poll_times(client.connect(&request), 1).is_none());
    assert_eq!(run(server.accept(Origin::Any)), Ok(()));
    assert!(run(client.connect(&request)).is_ok());
    assert!(poll_times(client.close(CloseCode::GOING_AWAY, "bye"), 1).is_none());
    assert_eq!(run(server.close(None, "")), Ok(true));
    assert_eq!(run(client.close(CloseCode::GOING_AWAY, "bye")), Ok(true));
    assert_eq!(server.connection().close_code(), CloseCode::GOING_AWAY);
}

/// Halves cannot be shut down: a server is over with the Closes, and a client waits for the server's end.
#[test]
fn with_halves_a_server_ends_with_the_closes_and_a_client_with_the_server() {
    let clock = Clock::default();
    let (up, down) = (End::new(), End::new());
    let mut client = client(&clock, (down.clone(), up.clone()));
    let mut server = server(&clock, (up.clone(), down.clone()));
    let request = ClientRequest::new("example.com", "/");
    assert!(poll_times(client.connect(&request), 1).is_none());
    assert_eq!(run(server.accept(Origin::Any)), Ok(()));
    assert!(run(client.connect(&request)).is_ok());
    assert!(poll_times(client.close(None, ""), 1).is_none());
    assert_eq!(run(server.close(None, "")), Ok(true));
    assert!(poll_times(client.close(None, ""), 9).is_none());
    down.with(|pipe| pipe.has_ended = true);
    assert_eq!(run(client.close(None, "")), Ok(true));
}

#[test]
fn what_is_no_opening_handshake_is_answered() {
    let clock = Clock::default();
    let origin = REQUEST.strip_suffix(b"\r\n").unwrap();
    let foreign = [origin, b"Origin: https://evil.example\r\n\r\n"].concat();
    let cases: [(&[u8], &[u8], HandshakeError); 3] = [
        (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"HTTP/1.1 400 ", HandshakeError::NotAccepted),
        (&foreign, b"HTTP/1.1 403 ", HandshakeError::NotAccepted),
        (b"\0\0\0\0\r\n\r\n", b"HTTP/1.1 400 ", HandshakeError::Failed { error: ProtocolError::InvalidRequestLine }),
    ];
    for (request, answer, error) in cases {
        let (input, output) = (End::new(), End::new());
        output.with(|pipe| pipe.at_once = 7);
        let mut ws = server(&clock, Socket { input: input.clone(), output: output.clone() });
        input.push(request);
        let origin = Origin::SameHost { secure: false };
        let mut accepting = std::pin::pin!(ws.accept(origin));
        assert_eq!(poll(accepting.as_mut()), None);
        assert!(output.take().starts_with(answer));
        assert!(output.0.borrow().has_ended);
        input.with(|pipe| pipe.has_ended = true);
        assert_eq!(poll(accepting), Some(Err(error)));
    }
}

/// Both send what is longer than all buffers between them, and take the other's meanwhile.
#[test]
fn two_peers_that_stream_at_each_other_do_not_stand_still() {
    let clock = Clock::default();
    let (mut client, mut server, up, down) = open_pair(&clock);
    for end in [&up, &down] {
        end.with(|pipe| pipe.capacity = 100);
    }
    const LEN: usize = 50_000;
    let (mut sent, mut got) = ([0, 0], [0, 0]);
    macro_rules! step {
        ($ws:ident, $me:expr) => {
            let payload = &[b'x'; 600];
            let at = sent[$me] % 600;
            let next = poll_times($ws.next_or(|ws| ws.send_part(MessageKind::Binary, at as u64, &payload[at..], true)), 2);
            match next.map(|done| done.expect("no mistake")) {
                Some(Done::Command(taken)) => sent[$me] += taken,
                Some(Done::Event(event, _)) => match seen(&event) {
                    Seen::Message(_, payload) => got[$me] += payload.len(),
                    other => panic!("{other:?}"),
                },
                Some(Done::Over) => panic!("over"),
                None => {}
            }
        };
    }
    for _ in 0..20_000 {
        step!(client, 0);
        step!(server, 1);
        if got[0] > LEN && got[1] > LEN {
            return;
        }
    }
    panic!("sent {sent:?}, got {got:?}");
}
