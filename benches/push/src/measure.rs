//! One measurement: clients of one way, against a server that has just begun.

use std::error::Error;
use std::rc::Rc;
use std::time::Duration;

use tokio::task::{JoinSet, LocalSet};

use crate::client::{self, Shared, Way};
use crate::event::{EVERY, FIRST, now, number_after};
use crate::random::Random;
use crate::wire::{Meter, Wire};

pub struct Load {
    pub way: Way,
    pub clients: usize,
    /// Of the window that is measured. An event comes in each.
    pub seconds: u64,
    pub seed: u64,
}

/// Of the window.
pub struct Figures {
    /// In a second, by all clients, and how many of them brought nothing.
    pub requests: f64,
    pub empty: f64,
    /// Bytes in a second, of one client.
    pub up: f64,
    pub down: f64,
    /// From when the server has an event to when a client has read it, in ms.
    pub p50: f64,
    pub p99: f64,
    /// CPU time in a second, as a share.
    pub server: f64,
    pub client: f64,
    /// Bytes before the first event, of one client: the opening of what stays open.
    pub open_up: f64,
    pub open_down: f64,
}

/// All counters at a point of time.
struct Sample {
    requests: u64,
    empty: u64,
    up: u64,
    down: u64,
    server: u64,
    client: u64,
}

impl Sample {
    fn of(meter: &Meter, server: u32) -> Result<Self, Box<dyn Error>> {
        Ok(Self {
            requests: meter.requests.get(),
            empty: meter.empty.get(),
            up: meter.up.get(),
            down: meter.down.get(),
            server: cpu_time(server)?,
            client: cpu_time(std::process::id())?,
        })
    }
}

/// `server` is its process, `port` where it listens.
pub async fn measure(load: &Load, server: u32, port: u16) -> Result<Figures, Box<dyn Error>> {
    let shared = Rc::new(Shared::default());
    let local = LocalSet::new();
    let clients = async {
        let mut clients = JoinSet::new();
        for index in 0..load.clients {
            clients.spawn_local(client::run(load.way, port, shared.clone(), Random::new(load.seed, index as u64)));
        }
        match clients.join_next().await {
            Some(Ok(Err(error))) => format!("{}: {error}", load.way),
            other => format!("{}: a client has ended: {other:?}", load.way),
        }
    };
    local
        .run_until(async {
            tokio::select! {
                error = clients => Err(error.into()),
                figures = watch(load, &shared, server, port) => figures,
            }
        })
        .await
}

async fn watch(load: &Load, shared: &Shared, server: u32, port: u16) -> Result<Figures, Box<dyn Error>> {
    until(|| shared.ready.get() == load.clients, "not all clients could connect").await?;
    // Answers on their way, if there are any.
    tokio::time::sleep(Duration::from_millis(200)).await;
    let opening = [shared.meter.up.get(), shared.meter.down.get()];
    let begin = start(port).await?;

    // Everybody has asked a few times when the window begins. It begins and ends halfway between two events.
    let interval = if let Way::Short(seconds) = load.way { seconds } else { 1 };
    let before = 2 + interval;
    let (first, end) = (FIRST + before, FIRST + before + load.seconds);
    let time_of = |number: u64| begin + (number - FIRST) * EVERY - EVERY / 2;
    sleep_until(time_of(first)).await;
    let from = Sample::of(&shared.meter, server)?;
    sleep_until(time_of(end)).await;
    let to = Sample::of(&shared.meter, server)?;

    // Whoever polls may get the last events only now.
    let in_window = |&&(number, _): &&(u64, u64)| (first..end).contains(&number);
    let expected = load.clients * load.seconds as usize;
    until(|| shared.got.borrow().iter().filter(in_window).count() == expected, "not all clients got all events").await?;
    let mut latencies: Vec<u64> = shared.got.borrow().iter().filter(in_window).map(|got| got.1).collect();
    latencies.sort_unstable();
    let percentile = |percent: usize| latencies[(latencies.len() * percent / 100).min(latencies.len() - 1)] as f64 / 1e6;

    let (clients, seconds) = (load.clients as f64, load.seconds as f64);
    let in_second = |of: fn(&Sample) -> u64| (of(&to) - of(&from)) as f64 / seconds;
    let [open_up, open_down] = opening.map(|bytes| bytes as f64 / clients);
    Ok(Figures {
        requests: in_second(|sample| sample.requests),
        empty: in_second(|sample| sample.empty),
        up: in_second(|sample| sample.up) / clients,
        down: in_second(|sample| sample.down) / clients,
        p50: percentile(50),
        p99: percentile(99),
        server: in_second(|sample| sample.server) / 1e9,
        client: in_second(|sample| sample.client) / 1e9,
        open_up,
        open_down,
    })
}

/// Has the server begin. Returns when the first event comes.
async fn start(port: u16) -> Result<u64, Box<dyn Error>> {
    let mut wire = Wire::connect(port, Rc::default()).await?;
    wire.request("GET /start HTTP/1.1\r\nHost: www.example.com\r\n\r\n").await?;
    number_after(&wire.answer().await?, "\"first\":").ok_or("the server does not say when it begins".into())
}

async fn sleep_until(time: u64) {
    tokio::time::sleep(Duration::from_nanos(time.saturating_sub(now()))).await;
}

async fn until(holds: impl Fn() -> bool, failure: &str) -> Result<(), Box<dyn Error>> {
    for _ in 0..200 {
        if holds() {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Err(failure.into())
}

/// Nanoseconds that the main thread of a process has run, and it has no other that does anything.
fn cpu_time(pid: u32) -> Result<u64, Box<dyn Error>> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/schedstat"))?;
    Ok(text.split(' ').next().ok_or("an empty schedstat")?.parse()?)
}
