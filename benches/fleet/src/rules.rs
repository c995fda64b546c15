//! When other clients dial again, by their defaults: each rule written out from its source.

use crate::client::{Client, State};
use crate::random::Random;

/// A client's rule.
pub struct Rule {
    pub name: &'static str,
    /// Milliseconds before the next dial, after this many failures in a row; `None`: never again. The first number is random anew each
    /// time, the second was drawn once by the client; both are from 0 to below 1.
    delay: fn(u32, f64, f64) -> Option<f64>,
    /// For how long a connection has to be up so that it ends the row, in milliseconds.
    min_uptime: u64,
    /// How long it waits for the server's answer, in milliseconds. (SignalR has given up before that matters.)
    timeout: u64,
}

pub static RULES: [Rule; 7] = [
    Rule { name: "reconnecting-websocket 4.4.0", delay: reconnecting_websocket, min_uptime: 5_000, timeout: 4_000 },
    Rule { name: "partysocket 1.3.0", delay: partysocket, min_uptime: 5_000, timeout: 4_000 },
    Rule { name: "socket.io-client 4.8.4", delay: socket_io, min_uptime: 0, timeout: 20_000 },
    Rule { name: "SignalR 10.0.11", delay: signalr, min_uptime: 0, timeout: 15_000 },
    Rule { name: "centrifuge-js 5.7.4", delay: centrifuge, min_uptime: 0, timeout: 5_000 },
    Rule { name: "websockets 17.4 (Python)", delay: websockets, min_uptime: 0, timeout: 10_000 },
    Rule { name: "fixed 500 ms (arduinoWebSockets)", delay: fixed, min_uptime: 0, timeout: 5_000 },
];

/// `_getNextDelay`: `minReconnectionDelay` is drawn when the module is loaded.
fn reconnecting_websocket(failures: u32, _: f64, own: f64) -> Option<f64> {
    Some(((1_000.0 + own * 4_000.0) * 1.3_f64.powf(failures.into())).min(10_000.0))
}

/// `_getNextDelay`, which is the same with a fixed minimum.
fn partysocket(failures: u32, _: f64, _: f64) -> Option<f64> {
    Some((3_000.0 * 1.3_f64.powf(failures.into())).min(10_000.0))
}

/// `Backoff.duration` in contrib/backo2.js: one number says how far and in which direction, and the cap comes last.
fn socket_io(failures: u32, random: f64, _: f64) -> Option<f64> {
    let delay = 1_000.0 * 2.0_f64.powf(failures.into());
    let deviation = (random * 0.5 * delay).floor();
    let is_less = (random * 10.0).floor() % 2.0 == 0.0;
    Some(if is_less { delay - deviation } else { delay + deviation }.min(5_000.0).floor())
}

/// `DefaultReconnectPolicy`, which `withAutomaticReconnect()` takes.
fn signalr(failures: u32, _: f64, _: f64) -> Option<f64> {
    [0.0, 2_000.0, 10_000.0, 30_000.0].get(failures as usize).copied()
}

/// `backoff` in utils.js.
fn centrifuge(failures: u32, random: f64, _: f64) -> Option<f64> {
    let most = (500.0 * 2.0_f64.powf(failures.min(31).into())).min(20_000.0);
    Some((500.0 + (random * (most + 1.0)).floor()).min(20_000.0))
}

/// `backoff` in client.py. Its delays are for dials that fail; after a connection has ended, `async for websocket in connect(...)` dials at
/// once.
fn websockets(failures: u32, random: f64, _: f64) -> Option<f64> {
    Some(match failures {
        0 => 0.0,
        1 => random * 5_000.0,
        _ => (3_100.0 * 1.618_f64.powf((failures - 2).into())).min(90_000.0),
    })
}

/// `_reconnectInterval` in WebSocketsClient.cpp.
fn fixed(_: u32, _: f64, _: f64) -> Option<f64> {
    Some(500.0)
}

/// A client that obeys a rule.
pub struct Ruled {
    rule: &'static Rule,
    random: Random,
    own: f64,
    state: State,
    failures: u32,
    next_wake: Option<u64>,
    up_since: u64,
}

impl Ruled {
    /// It has been up for long.
    pub fn new(rule: &'static Rule, mut random: Random) -> Self {
        let own = random.fraction();
        Self { rule, random, own, state: State::Up, failures: 0, next_wake: None, up_since: 0 }
    }

    fn go_down(&mut self, now: u64) {
        let delay = (self.rule.delay)(self.failures, self.random.fraction(), self.own);
        self.failures += 1;
        self.state = State::Down;
        self.next_wake = delay.map(|ms| now + (ms * 1000.0) as u64);
    }
}

impl Client for Ruled {
    fn state(&self) -> State {
        self.state
    }

    fn next_wake(&self) -> Option<u64> {
        self.next_wake
    }

    fn wake(&mut self, now: u64) {
        self.next_wake = None;
        match self.state {
            State::Down => self.state = State::Dials,
            State::Waits => self.go_down(now),
            State::Dials | State::Up => {}
        }
    }

    fn refused(&mut self, now: u64) {
        self.go_down(now);
    }

    fn connected(&mut self, now: u64) {
        self.state = State::Waits;
        self.next_wake = Some(now + self.rule.timeout * 1000);
    }

    fn opened(&mut self, now: u64) {
        (self.state, self.up_since, self.next_wake) = (State::Up, now, None);
    }

    fn lost(&mut self, now: u64) {
        if now - self.up_since >= self.rule.min_uptime * 1000 {
            self.failures = 0;
        }
        self.go_down(now);
    }
}

#[cfg(test)]
mod tests {
    use super::{RULES, Rule};

    fn delays(rule: &Rule, random: f64, own: f64) -> Vec<Option<f64>> {
        (0..5).map(|failures| (rule.delay)(failures, random, own).map(f64::round)).collect()
    }

    #[test]
    fn delays_are_those_of_the_sources() {
        let expected: [(f64, f64, [f64; 5]); 7] = [
            (0.0, 0.5, [3000.0, 3900.0, 5070.0, 6591.0, 8568.0]),
            (0.9, 0.9, [3000.0, 3900.0, 5070.0, 6591.0, 8568.0]),
            (0.5, 0.0, [1250.0, 2500.0, 5000.0, 5000.0, 5000.0]),
            (0.0, 0.0, [0.0, 2000.0, 10_000.0, 30_000.0, -1.0]),
            (0.5, 0.0, [750.0, 1000.0, 1500.0, 2500.0, 4500.0]),
            (0.5, 0.0, [0.0, 2500.0, 3100.0, 5016.0, 8116.0]),
            (0.5, 0.0, [500.0, 500.0, 500.0, 500.0, 500.0]),
        ];
        for (rule, (random, own, expected)) in RULES.iter().zip(expected) {
            let expected: Vec<_> = expected.iter().map(|&ms| Some(ms).filter(|&ms| ms >= 0.0)).collect();
            assert_eq!(delays(rule, random, own), expected, "{}", rule.name);
        }
    }

    #[test]
    fn delays_do_not_grow_beyond_their_caps() {
        let caps = [10_000.0, 10_000.0, 5_000.0, f64::NAN, 20_000.0, 90_000.0, 500.0];
        for (rule, cap) in RULES.iter().zip(caps) {
            assert_eq!((rule.delay)(100, 0.99, 0.99), Some(cap).filter(|cap| !cap.is_nan()), "{}", rule.name);
        }
    }
}
