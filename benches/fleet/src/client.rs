//! A client of the fleet, as the simulation sees it. All times are in microseconds.

/// Where a client stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum State {
    /// It waits before it dials, or has given up.
    Down,
    /// It dials now.
    Dials,
    /// It waits for the server's 101.
    Waits,
    Up,
}

pub trait Client {
    fn state(&self) -> State;
    /// When it acts by itself; `None`: never.
    fn next_wake(&self) -> Option<u64>;
    /// That time has come.
    fn wake(&mut self, now: u64);
    /// The dial was refused.
    fn refused(&mut self, now: u64);
    /// The dial has reached the server's backlog.
    fn connected(&mut self, now: u64);
    /// The server has answered.
    fn opened(&mut self, now: u64);
    /// The connection has ended.
    fn lost(&mut self, now: u64);
}
