//! One measurement: so many clients, against a server that runs.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::fs;
use std::future::Future;
use std::pin::pin;
use std::rc::Rc;
use std::time::{Duration, Instant};

use tokio::sync::Notify;
use tokio::task::{JoinSet, LocalSet};
use tokio::time::timeout;

use crate::client::{Client, Kind, Result};
use crate::polling::Poller;
use crate::servers::Server;

/// What is asked of a server.
#[derive(Clone, Copy, Debug)]
pub struct Load {
    pub kind: Kind,
    /// Bytes of a string, or of an attachment.
    pub size: usize,
    /// Clients; of a broadcast, those in the room.
    pub connections: usize,
    /// Messages that one client may have sent without an answer; of a broadcast, that the room has not got yet.
    pub in_flight: usize,
}

/// Of the window.
pub struct Figures {
    /// Answers in a second, of all clients.
    pub rate: f64,
    /// CPU time of the server for one of them, in µs.
    pub cost: f64,
    /// CPU time in a second, as a share.
    pub server: f64,
    pub load: f64,
    /// Of all other programs: of so many CPUs.
    pub others: f64,
    /// From when a message may be sent to when its answer is read, in ms.
    pub p50: f64,
    pub p99: f64,
}

#[derive(Default)]
struct Meter {
    answers: Cell<u64>,
    /// Nothing more is to be sent. What was sent is to be answered.
    is_over: Cell<bool>,
    /// Nanoseconds, while it is measured.
    latencies: RefCell<Vec<u32>>,
}

impl Meter {
    fn count(&self, sent: Instant) {
        self.answers.set(self.answers.get() + 1);
        let nanoseconds = u32::try_from(sent.elapsed().as_nanos()).unwrap_or(u32::MAX);
        self.latencies.borrow_mut().push(nanoseconds);
    }
}

/// Answers; then CPU time in ns, of the server, of this process, and of all.
fn sample(meter: &Meter, server: u32) -> Result<(Instant, [u64; 4])> {
    Ok((Instant::now(), [meter.answers.get(), cpu_time(server)?, cpu_time(std::process::id())?, all_cpu_time()?]))
}

pub async fn measure(load: Load, server: &Server, warm: Duration, window: Duration) -> Result<Figures> {
    let meter = Rc::new(Meter::default());
    let clients = run(load, server.port, meter.clone());
    let watch = async {
        // The window begins when all are connected, and have answers.
        let first = u64::try_from(load.connections)?;
        let begin = async {
            while meter.answers.get() < first {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        timeout(PATIENCE, begin).await.map_err(|_| format!("{load:?}: no answers"))?;
        tokio::time::sleep(warm).await;
        meter.latencies.borrow_mut().clear();
        let before = sample(&meter, server.process.id())?;
        tokio::time::sleep(window).await;
        let after = sample(&meter, server.process.id())?;
        meter.is_over.set(true);
        let seconds = (after.0 - before.0).as_secs_f64();
        let [answers, server, own, all] = std::array::from_fn(|which| (after.1[which] - before.1[which]) as f64);
        let mut latencies = meter.latencies.take();
        latencies.sort_unstable();
        let at = |part: usize| latencies.get(latencies.len() * part / 100).map_or(0.0, |&ns| f64::from(ns) / 1e6);
        Ok(Figures {
            rate: answers / seconds,
            cost: server / answers / 1e3,
            server: server / seconds / 1e9,
            load: own / seconds / 1e9,
            // All are counted in ticks of 10 ms.
            others: ((all - server - own) / seconds / 1e9).max(0.0),
            p50: at(50),
            p99: at(99),
        })
    };
    LocalSet::new()
        .run_until(async {
            let mut clients = pin!(clients);
            let figures: Result<Figures> = tokio::select! {
                ended = &mut clients => return Err(ended.err().unwrap_or_else(|| "the clients have ended".into())),
                figures = watch => figures,
            };
            timeout(PATIENCE, clients).await.map_err(|_| format!("{load:?}: answers are missing"))??;
            figures
        })
        .await
}

/// How long answers may take that a server owes.
const PATIENCE: Duration = Duration::from_secs(20);

/// Runs the clients, until one fails, or all is over.
async fn run(load: Load, port: u16, meter: Rc<Meter>) -> Result<()> {
    let clients = async {
        match load.kind {
            Kind::Broadcast => broadcast(load, port, meter).await,
            Kind::Polling => {
                let clients = open(load.connections, |index| Poller::open(port, index, load.size)).await?;
                join(clients.into_iter().map(|client| poll(client, meter.clone()))).await
            }
            Kind::Event | Kind::Ack | Kind::Binary => {
                let clients = open(load.connections, |index| Client::open(port, index, load.size)).await?;
                join(clients.into_iter().map(|client| echo(client, load, meter.clone()))).await
            }
        }
    };
    clients.await.map_err(|error| format!("{load:?}: {error}").into())
}

/// One after the other.
async fn open<C, F: Future<Output = Result<C>>>(count: usize, one: impl Fn(usize) -> F) -> Result<Vec<C>> {
    let mut clients = Vec::new();
    for index in 0..count {
        clients.push(one(index).await?);
    }
    Ok(clients)
}

/// All at once, until one fails.
async fn join<F: Future<Output = Result<()>> + 'static>(clients: impl Iterator<Item = F>) -> Result<()> {
    let mut tasks = JoinSet::new();
    for client in clients {
        tasks.spawn_local(async move { client.await.map_err(|error| error.to_string()) });
    }
    while let Some(ended) = tasks.join_next().await {
        ended??;
    }
    Ok(())
}

async fn echo(mut client: Client, load: Load, meter: Rc<Meter>) -> Result<()> {
    let mut waiting = VecDeque::new();
    for number in 0.. {
        while waiting.len() < load.in_flight && !meter.is_over.get() {
            client.feed(load.kind, number + waiting.len() as u64).await?;
            waiting.push_back(Instant::now());
        }
        let Some(sent) = waiting.pop_front() else { break };
        client.expect(load.kind, number).await?;
        meter.count(sent);
    }
    Ok(())
}

async fn poll(mut client: Poller, meter: Rc<Meter>) -> Result<()> {
    for number in 0.. {
        if meter.is_over.get() {
            break;
        }
        let sent = Instant::now();
        client.echo(number).await?;
        meter.count(sent);
    }
    Ok(())
}

/// Messages to the room that not all have got: when they were sent, and how many have not got them.
#[derive(Default)]
struct Waiting {
    /// The number of the first one.
    first: Cell<u64>,
    messages: RefCell<VecDeque<(Instant, usize)>>,
    notify: Notify,
}

impl Waiting {
    /// When it was sent.
    fn arrived(&self, number: u64) -> Option<Instant> {
        let mut messages = self.messages.borrow_mut();
        let (sent, missing) = messages.get_mut(usize::try_from(number - self.first.get()).ok()?)?;
        let sent = *sent;
        *missing -= 1;
        while messages.front().is_some_and(|&(_, missing)| missing == 0) {
            messages.pop_front();
            self.first.set(self.first.get() + 1);
            self.notify.notify_one();
        }
        Some(sent)
    }
}

async fn broadcast(load: Load, port: u16, meter: Rc<Meter>) -> Result<()> {
    let mut receivers = open(load.connections, |index| Client::open(port, index, load.size)).await?;
    for receiver in &mut receivers {
        receiver.join().await?;
    }
    let waiting = Rc::new(Waiting::default());
    let sender = Client::open(port, load.connections, load.size).await?;
    let index = load.connections.try_into()?;
    let receive = receivers.into_iter().map(|client| receive(client, index, waiting.clone(), meter.clone()));
    tokio::select! {
        ended = join(receive) => ended,
        ended = say(sender, load, &waiting, &meter) => ended,
    }
}

async fn say(mut sender: Client, load: Load, waiting: &Waiting, meter: &Meter) -> Result<()> {
    let has_room = || {
        let len = waiting.messages.borrow().len();
        len == 0 || len < load.in_flight && !meter.is_over.get()
    };
    for number in 0.. {
        while !has_room() {
            tokio::select! {
                () = waiting.notify.notified() => {}
                message = sender.message() => return Err(format!("the sender gets its own: {:?}", message?).into()),
            }
        }
        if meter.is_over.get() {
            break;
        }
        waiting.messages.borrow_mut().push_back((Instant::now(), load.connections));
        sender.feed(Kind::Broadcast, number).await?;
        sender.flush().await?;
    }
    Ok(())
}

async fn receive(mut client: Client, sender: u64, waiting: Rc<Waiting>, meter: Rc<Meter>) -> Result<()> {
    for number in 0.. {
        client.expect_from(Kind::Broadcast, sender, number).await?;
        meter.count(waiting.arrived(number).ok_or("a message that was not sent")?);
    }
    Ok(())
}

/// Resident bytes of a server for each of so many connections that do nothing. Each of them is asked afterwards whether it works.
pub async fn idle(server: &Server, connections: usize) -> Result<f64> {
    let before = resident(server.process.id())?;
    let mut clients = open(connections, |index| Client::open(server.port, index, 16)).await?;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let after = resident(server.process.id())?;
    for client in &mut clients {
        client.feed(Kind::Event, 0).await?;
        client.expect(Kind::Event, 0).await?;
    }
    Ok((after - before) / connections as f64)
}

fn resident(process: u32) -> Result<f64> {
    let status = fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("no VmRSS")?;
    Ok(line.trim().trim_end_matches(" kB").parse::<f64>()? * 1024.0)
}

/// Nanoseconds that all threads of a process have run.
fn cpu_time(process: u32) -> Result<u64> {
    let mut total = 0;
    for task in fs::read_dir(format!("/proc/{process}/task"))? {
        let text = fs::read_to_string(task?.path().join("schedstat"))?;
        total += text.split(' ').next().unwrap_or_default().parse::<u64>()?;
    }
    Ok(total)
}

/// Nanoseconds that the CPUs of the machine were busy.
fn all_cpu_time() -> Result<u64> {
    let text = fs::read_to_string("/proc/stat")?;
    let ticks: Vec<u64> =
        text.lines().next().unwrap_or_default().split_whitespace().filter_map(|word| word.parse().ok()).collect();
    // user, nice, system, idle, iowait, irq, softirq, steal
    let [user, nice, system, _, _, irq, softirq, steal, ..] = ticks[..] else { return Err("/proc/stat has no CPUs".into()) };
    Ok((user + nice + system + irq + softirq + steal) * 10_000_000)
}
