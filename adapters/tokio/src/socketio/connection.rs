//! A WebSocket of a session: what arrives is told, and what is due leaves as fast as the client takes it.

use super::host::{Held, Running};
use super::machine::Machine;
use crate::hyper::{Upgraded, Upgrading};
use crate::message::Message;
use crate::outgoing::FULL;
use crate::websocket::WebSocket;
use core::future::poll_fn;
use core::task::{Context, Poll};
use sansocket::{CloseCode, MessageKind};
use sansocket_socketio::engine::server::{Due, Message as Received};

/// Serves it from its opening to its end.
pub(super) async fn serve<S: Machine>(mut held: Held<S>, upgrading: Upgrading) {
    let Ok(mut ws) = upgrading.await else { return };
    held.call(|Running { machine, on, .. }, key, now| machine.opened(now, key, on));
    let mut due = Vec::new();
    loop {
        match poll_fn(|cx| poll_turn(&mut held, &mut ws, &mut due, cx)).await {
            Turn::Sent => {}
            Turn::Received(message) => receive(&held, &message),
            Turn::Close => {
                // How it ends is told to nobody.
                ws.close(CloseCode::NORMAL_CLOSURE, "").await.ok();
                return;
            }
            Turn::Ended => return,
        }
    }
}

enum Turn {
    Sent,
    Received(Message),
    Close,
    Ended,
}

/// Both directions get their turn: what is due, up to 64 KiB and a message, and one message that has arrived.
fn poll_turn<S: Machine>(
    held: &mut Held<S>,
    ws: &mut WebSocket<Upgraded>,
    due: &mut Vec<Due>,
    cx: &mut Context<'_>,
) -> Poll<Turn> {
    // While the client takes nothing, nothing is taken from the machine, which knows by that how slow it is.
    let has_room = matches!(ws.poll_ready_to_send(cx), Poll::Ready(Ok(())));
    let has_sent = has_room && held.poll_due(cx, FULL, due).is_ready();
    for due in due.drain(..) {
        let message = match due {
            Due::Text(text) => Message::of_checked(MessageKind::Text, text),
            Due::Binary(bytes) => Message::Binary(bytes),
            Due::Respond(_) | Due::Close => return Poll::Ready(Turn::Close),
        };
        // That it has ended is for the reader to tell.
        ws.endpoint().send(message, true).ok();
    }
    match ws.poll_message(cx) {
        Poll::Ready(Some(Ok(message))) => Poll::Ready(Turn::Received(message)),
        Poll::Ready(Some(Err(_)) | None) => Poll::Ready(Turn::Ended),
        Poll::Pending if has_sent => Poll::Ready(Turn::Sent),
        Poll::Pending => Poll::Pending,
    }
}

fn receive<S: Machine>(held: &Held<S>, message: &Message) {
    let message = match message {
        Message::Text(text) => Received::Text(text.as_str()),
        Message::Binary(bytes) => Received::Binary(bytes),
    };
    held.call(|Running { machine, on, .. }, key, now| machine.receive(now, key, message, on));
}
