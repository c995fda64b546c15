//! The simulation: a fleet, a server, and events in virtual time. All times are in microseconds.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

use crate::client::{Client, State};
use crate::random::Random;

pub const SECOND: u64 = 1_000_000;

/// What the server does.
#[derive(Clone, Copy)]
pub struct Server {
    /// From when on it takes connections. It has died at 0.
    pub up_from: u64,
    /// How many it opens in a second, and how many wait for that: what comes beyond is refused. `None`: all at once.
    pub limit: Option<(u64, usize)>,
    /// After how long it drops each.
    pub drops_after: Option<u64>,
    /// When the simulation ends, unless all are up before.
    pub until: u64,
}

/// What came of it.
pub struct Course {
    pub clients: usize,
    /// In each second.
    pub dials: Vec<u64>,
    /// When clients came up, in order.
    pub up_at: Vec<u64>,
    /// Whether clients would still have dialled at the end.
    pub goes_on: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    /// The client's connection ends, if it is still this one.
    Lost {
        client: usize,
        dial: u32,
    },
    Wake(usize),
    /// The server opens the next connection of its backlog.
    Serve,
}

pub struct Fleet<C> {
    server: Server,
    clients: Vec<C>,
    /// How often each client has dialled.
    dials: Vec<u32>,
    events: BinaryHeap<Reverse<(u64, Event)>>,
    /// Clients and their dials.
    backlog: VecDeque<(usize, u32)>,
    /// When the server has time for the next.
    serves_at: u64,
    course: Course,
}

impl<C: Client> Fleet<C> {
    /// Each client sees the end of its connection within 200 ms.
    pub fn new(server: Server, clients: Vec<C>, random: &mut Random) -> Self {
        let count = clients.len();
        let end = |client| Reverse(((random.fraction() * 200_000.0) as u64, Event::Lost { client, dial: 0 }));
        let events = (0..count).map(end).collect();
        let course = Course { clients: count, dials: Vec::new(), up_at: Vec::new(), goes_on: false };
        Self { server, clients, dials: vec![0; count], events, backlog: VecDeque::new(), serves_at: 0, course }
    }

    /// Until all are up, nothing more happens, or the time is over.
    pub fn run(mut self) -> Course {
        while let Some(Reverse((now, event))) = self.events.pop() {
            let are_up = self.server.drops_after.is_none() && self.course.up_at.len() == self.clients.len();
            if now >= self.server.until || are_up {
                self.course.goes_on = !are_up;
                break;
            }
            match event {
                Event::Lost { client, dial } => {
                    if self.dials[client] == dial && self.clients[client].state() == State::Up {
                        self.clients[client].lost(now);
                        self.settle(client, now);
                    }
                }
                Event::Wake(client) => {
                    // Other events may have changed its mind since.
                    if self.clients[client].next_wake().is_some_and(|next| next <= now) {
                        self.clients[client].wake(now);
                        self.settle(client, now);
                    }
                }
                Event::Serve => self.serve(now),
            }
        }
        self.course
    }

    /// Answers a client that dials, and notes when it acts next.
    fn settle(&mut self, client: usize, now: u64) {
        if self.clients[client].state() == State::Dials {
            self.dial(client, now);
        }
        if let Some(next) = self.clients[client].next_wake() {
            self.events.push(Reverse((next.max(now), Event::Wake(client))));
        }
    }

    fn dial(&mut self, client: usize, now: u64) {
        self.dials[client] += 1;
        let second = (now / SECOND) as usize;
        self.course.dials.resize(self.course.dials.len().max(second + 1), 0);
        self.course.dials[second] += 1;
        if now < self.server.up_from {
            self.clients[client].refused(now);
            return;
        }
        match self.server.limit {
            None => {
                self.clients[client].connected(now);
                self.open(client, now);
            }
            Some((_, most)) if self.backlog.len() >= most => self.clients[client].refused(now),
            Some(_) => {
                self.clients[client].connected(now);
                if self.backlog.is_empty() {
                    self.events.push(Reverse((now.max(self.serves_at), Event::Serve)));
                }
                self.backlog.push_back((client, self.dials[client]));
            }
        }
    }

    /// A client that has gone meanwhile takes the server's time all the same.
    fn serve(&mut self, now: u64) {
        if let (Some((client, dial)), Some((rate, _))) = (self.backlog.pop_front(), self.server.limit) {
            self.serves_at = now + SECOND / rate;
            if self.dials[client] == dial && self.clients[client].state() == State::Waits {
                self.open(client, now);
                self.settle(client, now);
            }
        }
        if !self.backlog.is_empty() {
            self.events.push(Reverse((self.serves_at, Event::Serve)));
        }
    }

    fn open(&mut self, client: usize, now: u64) {
        self.clients[client].opened(now);
        self.course.up_at.push(now);
        if let Some(after) = self.server.drops_after {
            self.events.push(Reverse((now + after, Event::Lost { client, dial: self.dials[client] })));
        }
    }
}

impl Course {
    pub fn peak(&self) -> u64 {
        self.dials.iter().copied().max().unwrap_or(0)
    }

    pub fn total(&self) -> u64 {
        self.dials.iter().sum()
    }

    pub fn in_second(&self, second: u64) -> u64 {
        self.dials.get(second as usize).copied().unwrap_or(0)
    }

    /// When this share of the fleet is up.
    pub fn share_is_up_at(&self, percent: usize) -> Option<u64> {
        let count = (self.clients * percent).div_ceil(100);
        self.up_at.get(count.saturating_sub(1)).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::{Course, Fleet, SECOND, Server};
    use crate::ours::Ours;
    use crate::random::Random;
    use crate::rules::{RULES, Ruled};

    const SERVER: Server = Server { up_from: 60 * SECOND, limit: None, drops_after: None, until: 600 * SECOND };

    fn ruled(server: Server, rule: usize, count: u64) -> Course {
        let clients = (0..count).map(|index| Ruled::new(&RULES[rule], Random::new(1, index))).collect();
        Fleet::new(server, clients, &mut Random::new(1, count)).run()
    }

    #[test]
    fn sessions_are_all_up_once_within_their_longest_wait() {
        let clients = (0..100).map(|index| Ours::new(Random::new(1, index))).collect();
        let course = Fleet::new(SERVER, clients, &mut Random::new(1, 100)).run();
        assert_eq!(course.up_at.len(), 100);
        assert!(course.up_at.iter().all(|&at| (60 * SECOND..105 * SECOND).contains(&at)));
        assert_eq!(course.dials.iter().sum::<u64>(), course.total());
    }

    #[test]
    fn fixed_delays_dial_twice_a_second() {
        let course = ruled(SERVER, 6, 100);
        assert!((1..60).all(|second| course.in_second(second) == 200), "{:?}", course.dials);
        assert!(!course.goes_on && course.up_at.len() == 100);
    }

    #[test]
    fn a_limit_is_kept_and_the_rest_is_refused() {
        let course = ruled(Server { limit: Some((10, 5)), ..SERVER }, 6, 100);
        for (earlier, later) in course.up_at.iter().zip(&course.up_at[1..]) {
            assert!(later - earlier >= SECOND / 10);
        }
        assert_eq!(course.up_at.len(), 100);
    }

    #[test]
    fn who_has_gone_takes_the_servers_time() {
        // The backlog takes 10 s, and the clients wait for 5 s each.
        let course = ruled(Server { limit: Some((10, 100)), ..SERVER }, 6, 200);
        assert!(course.goes_on && course.up_at.len() < 60, "{}", course.up_at.len());
    }

    #[test]
    fn who_gives_up_does_not_come_back() {
        let course = ruled(SERVER, 3, 100);
        assert_eq!((course.total(), course.up_at.len(), course.goes_on), (400, 0, false));
    }

    #[test]
    fn a_server_that_drops_is_dialled_again() {
        let course = ruled(Server { up_from: 0, drops_after: Some(SECOND), until: 60 * SECOND, ..SERVER }, 6, 100);
        assert_eq!(course.total(), 4_000);
    }
}
