//! What a [`Host`](super::Host) runs: a server of Socket.IO, or of Engine.IO alone, each with the handler of its events.

use crate::random::Random;
use sansocket::Instant;
use sansocket_socketio::engine::server::{Answer, Due, Event as EngineEvent, Key, Message, Request, Server as Sessions};
use sansocket_socketio::server as sio;

/// A server as a state machine: [`Server`](super::Server) or [`EngineServer`].
pub trait Machine: sealed::Machine {}

/// Engine.IO alone: sessions, and their messages.
pub type EngineServer = Sessions<Random>;

/// Socket.IO.
pub type Server = sio::Server<Random>;

/// What a handler, and [`Host::with`](super::Host::with), can do.
pub type Io<'s> = sio::Io<'s, Random>;

impl Machine for EngineServer {}
impl Machine for Server {}

pub(crate) mod sealed {
    use super::{Answer, Due, Instant, Key, Message, Request};

    /// The methods that both servers have, beside what their handlers are given.
    pub trait Machine: Send + 'static {
        /// Is told what happens.
        type Handler: Send + 'static;

        fn request(&mut self, now: Instant, key: Key, request: &Request<'_>, on: &mut Self::Handler) -> Answer;
        fn opened(&mut self, now: Instant, key: Key, on: &mut Self::Handler);
        fn receive(&mut self, now: Instant, key: Key, message: Message<'_>, on: &mut Self::Handler);
        fn gone(&mut self, now: Instant, key: Key, on: &mut Self::Handler);
        fn advance(&mut self, now: Instant, on: &mut Self::Handler);
        fn next_timeout(&self) -> Option<Instant>;
        fn next_ready(&mut self) -> Option<Key>;
        fn pull(&mut self, key: Key) -> Option<Due>;
    }
}

impl sealed::Machine for EngineServer {
    type Handler = Box<dyn FnMut(&mut EngineServer, EngineEvent<'_>) + Send>;

    fn request(&mut self, now: Instant, key: Key, request: &Request<'_>, on: &mut Self::Handler) -> Answer {
        self.request(now, key, request, on)
    }

    fn opened(&mut self, now: Instant, key: Key, on: &mut Self::Handler) {
        self.opened(now, key, on);
    }

    fn receive(&mut self, now: Instant, key: Key, message: Message<'_>, on: &mut Self::Handler) {
        self.receive(now, key, message, on);
    }

    fn gone(&mut self, _: Instant, key: Key, on: &mut Self::Handler) {
        self.gone(key, on);
    }

    fn advance(&mut self, now: Instant, on: &mut Self::Handler) {
        self.advance(now, on);
    }

    fn next_timeout(&self) -> Option<Instant> {
        self.next_timeout()
    }

    fn next_ready(&mut self) -> Option<Key> {
        self.next_ready()
    }

    fn pull(&mut self, key: Key) -> Option<Due> {
        self.pull(key)
    }
}

impl sealed::Machine for Server {
    type Handler = Box<dyn FnMut(&mut Io<'_>, sio::Event<'_>) + Send>;

    fn request(&mut self, now: Instant, key: Key, request: &Request<'_>, on: &mut Self::Handler) -> Answer {
        self.request(now, key, request, on)
    }

    fn opened(&mut self, now: Instant, key: Key, on: &mut Self::Handler) {
        self.opened(now, key, on);
    }

    fn receive(&mut self, now: Instant, key: Key, message: Message<'_>, on: &mut Self::Handler) {
        self.receive(now, key, message, on);
    }

    fn gone(&mut self, now: Instant, key: Key, on: &mut Self::Handler) {
        self.gone(now, key, on);
    }

    fn advance(&mut self, now: Instant, on: &mut Self::Handler) {
        self.advance(now, on);
    }

    fn next_timeout(&self) -> Option<Instant> {
        self.next_timeout()
    }

    fn next_ready(&mut self) -> Option<Key> {
        self.next_ready()
    }

    fn pull(&mut self, key: Key) -> Option<Due> {
        self.pull(key)
    }
}
