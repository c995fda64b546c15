//! Calls what the client has no use for, so that the link proves of all of it that no panic can be reached (feature `proof`).

use core::hint::black_box;

use sansocket::{CloseCode, Header, Instant, MessageKind, Url};
use sansocket_session::{Commands, Event, Proxy, Session, basic, resolve, retry_after, split_user_info, write_connect};

use crate::modem::Rng;

/// In the handler of an event.
pub fn handle(event: &Event<'_>, ws: &mut Commands<'_, '_, Rng>) {
    let (text, bytes, ms) = black_box(("text", &b"bytes"[..], 1_u64));
    let _ = black_box(ws.request(Some(text), &[Header::new(text, text)]));
    let _ = black_box(ws.send_volatile(MessageKind::Binary, bytes));
    let _ = black_box(ws.send_now(MessageKind::Text, bytes));
    let _ = black_box(ws.ping(bytes));
    let _ = black_box(ws.close(CloseCode::NORMAL_CLOSURE, text));
    let _ = black_box(ws.send_part(MessageKind::Binary, ms, bytes, true));
    ws.read_body();
    ws.end_body();
    ws.hold();
    ws.release();
    ws.retry_in(ms);
    ws.stop();
    black_box((ws.queued(), ws.last_number()));
    if let Event::Refused(response) | Event::ProxyRefused(response) = event {
        black_box(retry_after(response.headers()));
    }
    if let Event::Down { cause, .. } = event {
        black_box(cause.is_transient());
    }
}

/// Between events.
pub fn use_all<const N: usize>(session: &mut Session<'_, Rng, &mut [u8], &mut [u8], [u8; N]>, now: Instant) {
    let epoch = session.epoch();
    session.write_failed(epoch);
    session.discard(black_box(1));
    session.pause(now);
    session.resume(now);
    let _ = black_box(session.set_url(black_box("ws://a.example/")));
    black_box((session.queued(), session.failures(), session.url(), session.unread().len(), session.wants_reading()));
    black_box((session.millis_until_timeout(now), session.state().ready_state(), session.connection().state()));
    black_box(session.io().is_some());
    let _ = black_box(session.advance(now));
    if let Some((event, mut ws)) = session.current(now) {
        handle(&event, &mut ws);
    }
    handle(&Event::GaveUp, &mut session.commands(now));
}

/// Without a session.
pub fn use_functions() {
    let (text, number, mut out) = black_box(("ws://user:password@a.example/", 443, [0; 128]));
    if let Ok(url) = Url::parse(text) {
        black_box(Proxy::for_url(&url, text, text).is_ok());
        black_box(resolve(&url, text.as_bytes(), &mut out).is_ok());
    }
    black_box(basic(text.as_bytes(), text.as_bytes(), &mut out).is_ok());
    black_box(write_connect(text, number, None, &mut out).is_ok());
    let split = split_user_info(text);
    black_box(split.join(&mut out).is_ok());
    black_box(split.user_info.map(|info| info.basic(&mut out).is_ok()));
    black_box(sansocket_session::SessionConfig::new().delay_ms(black_box(1), black_box(1)));
}
