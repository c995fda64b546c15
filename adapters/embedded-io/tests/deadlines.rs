//! Deadlines, on a clock that stands still until it is moved.

mod support;

use sansocket::{CallError, ClientRequest, CloseCode, EndCause, MessageKind, Origin};
use sansocket_embedded_io::HandshakeError;
use support::*;

#[test]
fn an_opening_handshake_ends_after_its_time() {
    let clock = Clock::default();
    let (mut client, mut server, _, _) = pair(&clock);
    let request = ClientRequest::new("example.com", "/");
    assert!(poll_times(client.connect(&request), 1).is_none());
    clock.pass_ms(9_999);
    assert!(poll_times(client.connect(&request), 1).is_none());
    assert!(poll_times(server.accept(Origin::Any), 1).is_some(), "the request is there, in time");
    clock.pass_ms(1);
    // The server's answer has arrived: a client that slept takes it, however late.
    assert!(run(client.connect(&request)).is_ok());

    let (mut client, mut server, _, _) = pair(&clock);
    clock.pass_ms(10_000);
    let ended = HandshakeError::Ended { cause: EndCause::HandshakeTimeout };
    assert_eq!(run(client.connect(&request)), Err(ended));
    assert_eq!(run(server.accept(Origin::Any)), Ok(()), "what has arrived comes before deadlines");
    let (_, mut server, _, _) = pair(&clock);
    clock.pass_ms(10_000);
    assert_eq!(run(server.accept(Origin::Any)), Err(ended));
}

#[test]
fn a_peer_that_answers_no_ping_is_given_up_while_next_waits() {
    let clock = Clock::default();
    let (mut client, _server, up, _) = open_pair(&clock);
    up.take();
    assert_eq!(next(&mut client, 1), None);
    clock.pass_ms(25_000);
    assert_eq!(next(&mut client, 2), None);
    assert_eq!(up.take()[..2], [0x89, 0x84], "a keepalive Ping, masked");
    clock.pass_ms(20_000);
    let closed = Seen::Closed { code: 1006, was_clean: false, cause: EndCause::PongTimeout };
    assert_eq!(next(&mut client, 2), Some(Some(closed)));
    assert_eq!(next(&mut client, 1), Some(None));
}

#[test]
fn a_send_waits_for_a_peer_that_takes_nothing_as_long_as_the_connection_does() {
    let clock = Clock::default();
    let (mut client, _server, up, _) = open_pair(&clock);
    up.with(|pipe| pipe.capacity = 0);
    assert_eq!(run(client.send(MessageKind::Binary, &[0; 300])), Ok(()));
    assert_eq!(poll_times(client.send(MessageKind::Binary, &[0; 300]), 2), None);
    clock.pass_ms(19_999);
    assert_eq!(poll_times(client.send(MessageKind::Binary, &[0; 300]), 2), None);
    clock.pass_ms(1);
    // Too late, as on any connection that is over.
    assert_eq!(run(client.send(MessageKind::Binary, &[0; 300])), Ok(()));
    let closed = Seen::Closed { code: 1006, was_clean: false, cause: EndCause::WriteTimeout };
    assert_eq!(next(&mut client, 1), Some(Some(closed)));
}

/// The machine acts on no deadline before the program has taken what arrived.
#[test]
fn a_send_with_an_event_in_its_way_gives_up_and_says_so() {
    let clock = Clock::default();
    let (mut client, mut server, up, _) = open_pair(&clock);
    assert_eq!(run(server.send_text("first")), Ok(()));
    up.with(|pipe| pipe.capacity = 0);
    assert_eq!(run(client.send(MessageKind::Binary, &[0; 300])), Ok(()));
    {
        let mut send = std::pin::pin!(client.send(MessageKind::Binary, &[0; 300]));
        assert_eq!(poll(send.as_mut()), None);
        clock.pass_ms(19_999);
        assert_eq!(poll(send.as_mut()), None);
        // Whatever it takes moves the limit.
        up.with(|pipe| pipe.capacity = 1);
        assert_eq!(poll(send.as_mut()), None);
        clock.pass_ms(19_999);
        assert_eq!(poll(send.as_mut()), None);
        clock.pass_ms(1);
        assert!(matches!(poll(send.as_mut()), Some(Err(CallError::NeedsRoom { .. }))));
    }
    assert_eq!(next(&mut client, 1), Some(Some(text("first"))));
    assert!(matches!(next(&mut client, 2), Some(Some(Seen::Closed { cause: EndCause::WriteTimeout, .. }))));
}

#[test]
fn a_close_waits_for_the_peer_as_long_as_the_closing_may_take() {
    let clock = Clock::default();
    let (mut client, _server, _, _) = open_pair(&clock);
    let mut close = std::pin::pin!(client.close(CloseCode::NORMAL_CLOSURE, ""));
    assert_eq!(poll(close.as_mut()), None);
    clock.pass_ms(4_999);
    assert_eq!(poll(close.as_mut()), None);
    clock.pass_ms(1);
    assert_eq!(poll(close.as_mut()), Some(Ok(false)));
}

/// A `flush` that is never done does not keep a connection that is over.
#[test]
fn the_last_flush_has_the_time_of_a_closing() {
    let clock = Clock::default();
    let (mut client, mut server, up, down) = open_pair(&clock);
    assert!(poll_times(server.close(None, ""), 1).is_none());
    assert_eq!(next(&mut client, 1), Some(Some(Seen::CloseReceived(1005))));
    up.with(|pipe| pipe.flush_hangs = true);
    assert_eq!(next(&mut client, 1), None);
    assert_eq!(up.take()[..2], [0x88, 0x80], "the answer is written");
    down.with(|pipe| pipe.has_ended = true);
    assert!(matches!(next(&mut client, 1), Some(Some(Seen::Closed { was_clean: true, .. }))));
    assert_eq!(next(&mut client, 1), None, "the flush");
    let mut end = std::pin::pin!(client.next());
    assert!(poll(end.as_mut()).is_none());
    clock.pass_ms(5_000);
    assert!(matches!(poll(end.as_mut()), Some(Ok(None))));
}
