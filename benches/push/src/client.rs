//! A client by each way: it asks and reads until the run ends, and checks that it gets every event once and in order.

use std::cell::{Cell, RefCell};
use std::fmt::{Display, Formatter};
use std::io::{Error, Result};
use std::rc::Rc;
use std::time::Duration;

use crate::browser;
use crate::event::{FIRST, all_in, now};
use crate::random::Random;
use crate::wire::{Meter, Wire};

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// Asks each so many seconds.
    Short(u64),
    Long,
    Events,
    WebSocket,
}

pub const WAYS: [Way; 5] = [Way::Short(1), Way::Short(5), Way::Long, Way::Events, Way::WebSocket];

impl Way {
    /// Whether what the client opens stays.
    pub fn is_push(self) -> bool {
        matches!(self, Self::Events | Self::WebSocket)
    }
}

impl Display for Way {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Short(seconds) => write!(f, "short polling, every {seconds} s"),
            Self::Long => f.write_str("long polling"),
            Self::Events => f.write_str("server-sent events"),
            Self::WebSocket => f.write_str("WebSocket"),
        }
    }
}

/// What the clients of a run have in common.
#[derive(Default)]
pub struct Shared {
    pub meter: Rc<Meter>,
    /// How many clients are ready for the first event.
    pub ready: Cell<usize>,
    /// Of each event that a client got: its number, and how many ns after the server had it.
    pub got: RefCell<Vec<(u64, u64)>>,
}

/// What one client knows.
pub struct Inbox {
    /// The event that it must get next.
    next: u64,
    shared: Rc<Shared>,
}

impl Inbox {
    pub fn new(shared: Rc<Shared>) -> Self {
        Self { next: FIRST, shared }
    }

    /// Takes the events of a text.
    pub fn take(&mut self, text: &[u8]) -> Result<()> {
        for event in all_in(text) {
            let (number, at) = event.ok_or_else(|| Error::other(format!("no event: {}", text.escape_ascii())))?;
            if number != self.next {
                return Err(Error::other(format!("event {number} came instead of {}", self.next)));
            }
            self.next += 1;
            self.shared.got.borrow_mut().push((number, now().saturating_sub(at)));
        }
        Ok(())
    }

    fn path(&self, name: &str) -> String {
        format!("/{name}?since={}", self.next - 1)
    }

    fn is_ready(&self) {
        self.shared.ready.set(self.shared.ready.get() + 1);
    }
}

/// Runs until it fails.
pub async fn run(way: Way, port: u16, shared: Rc<Shared>, random: Random) -> Result<()> {
    let mut wire = Wire::connect(port, shared.meter.clone()).await?;
    let mut inbox = Inbox::new(shared);
    match way {
        Way::Short(seconds) => short(&mut wire, &mut inbox, Duration::from_secs(seconds), random).await,
        Way::Long => long(&mut wire, &mut inbox).await,
        Way::Events => events(&mut wire, &mut inbox).await,
        Way::WebSocket => websocket(&mut wire, &mut inbox).await,
    }
}

/// As a page that sets a timer anew after each answer. It came at any time, and its timers are a tenth early or late, so that clients do
/// not stay in step.
async fn short(wire: &mut Wire, inbox: &mut Inbox, every: Duration, mut random: Random) -> Result<()> {
    inbox.is_ready();
    tokio::time::sleep(every.mul_f64(random.part())).await;
    loop {
        wire.request(&browser::fetch(&inbox.path("short"))).await?;
        inbox.take(&wire.answer().await?)?;
        tokio::time::sleep(every.mul_f64(0.9 + 0.2 * random.part())).await;
    }
}

async fn long(wire: &mut Wire, inbox: &mut Inbox) -> Result<()> {
    wire.request(&browser::fetch(&inbox.path("long"))).await?;
    inbox.is_ready();
    loop {
        inbox.take(&wire.answer().await?)?;
        wire.request(&browser::fetch(&inbox.path("long"))).await?;
    }
}

async fn events(wire: &mut Wire, inbox: &mut Inbox) -> Result<()> {
    wire.open(&browser::event_source(&inbox.path("sse")), 200).await?;
    inbox.is_ready();
    let mut text = Vec::new();
    loop {
        text.extend(wire.chunk().await?);
        for record in records(&mut text) {
            let data: Vec<&[u8]> = record.split(|&byte| byte == b'\n').filter_map(|line| line.strip_prefix(b"data: ")).collect();
            inbox.take(&data.concat())?;
        }
    }
}

/// Takes the records that are whole: each ends with an empty line.
fn records(text: &mut Vec<u8>) -> Vec<Vec<u8>> {
    let mut records = Vec::new();
    while let Some(end) = crate::event::find(text, b"\n\n") {
        records.push(text.drain(..end + 2).collect());
    }
    records
}

async fn websocket(wire: &mut Wire, inbox: &mut Inbox) -> Result<()> {
    wire.open(&browser::websocket(&inbox.path("ws")), 101).await?;
    inbox.is_ready();
    loop {
        inbox.take(&wire.message().await?)?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::json;

    #[test]
    fn a_lost_a_repeated_and_a_broken_event_fail() {
        let shared = Rc::new(Shared::default());
        let mut inbox = Inbox::new(shared.clone());
        inbox.take(format!("[{},{}]", json(1000, 1), json(1001, 2)).as_bytes()).unwrap();
        assert_eq!(inbox.path("long"), "/long?since=1001");
        for (wrong, what) in
            [(json(1003, 3), "event 1003 came instead of 1002"), (json(1001, 3), "event 1001 came instead of 1002")]
        {
            assert_eq!(inbox.take(wrong.as_bytes()).unwrap_err().to_string(), what);
        }
        assert!(inbox.take(b"{\"seq\":1002}").is_err());
        inbox.take(json(1002, 3).as_bytes()).unwrap();
        assert_eq!(shared.got.borrow().iter().map(|got| got.0).collect::<Vec<_>>(), [1000, 1001, 1002]);
    }

    #[test]
    fn records_are_taken_when_they_are_whole() {
        let mut text = b"id: 1\ndata: a\n\nid: 2\ndata: b\n\nid: 3\n".to_vec();
        assert_eq!(records(&mut text), [b"id: 1\ndata: a\n\n".to_vec(), b"id: 2\ndata: b\n\n".to_vec()]);
        assert_eq!(text, b"id: 3\n");
    }
}
