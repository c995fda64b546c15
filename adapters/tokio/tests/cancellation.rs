//! Futures that are dropped wherever they wait: nothing is lost, nothing comes twice, nothing is cut.

mod support;

use core::future::Future;
use core::time::Duration;
use futures_util::{SinkExt, StreamExt};
use proptest::prelude::*;
use sansocket_tokio::{Accept, CloseCode, Config, Connector, Error, Handshake, Message, Origin, Receiver, Sender, WebSocket};
use std::sync::Arc;
use support::{Manners, Wire, cut, message, number, wires};
use tokio::sync::Barrier;

/// Deadlines would wake a task that was forgotten.
const PATIENT: Config = Config::new().keepalive_interval_ms(0).write_timeout_ms(0).closing_timeout_ms(0);
static PLAIN: Config = PATIENT;
#[cfg(feature = "deflate")]
static DEFLATE: Config = PATIENT.deflate(sansocket::DeflateConfig::new());
#[cfg(not(feature = "deflate"))]
use PLAIN as DEFLATE;

#[derive(Clone, Debug)]
struct Case {
    manners: Manners,
    deflates: bool,
    client: Vec<Step>,
    server: Vec<Step>,
}

/// What an end does, and how often that is polled before it is dropped.
#[derive(Clone, Debug)]
struct Step {
    call: Call,
    polls: usize,
}

#[derive(Clone, Debug)]
enum Call {
    Next,
    StreamNext,
    Send(usize),
    SinkSend(usize),
    Feed(usize),
    SinkFeed(usize),
    Flush,
    SinkFlush,
    Ping,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let len = || prop_oneof![6 => 0..300_usize, 3 => 300..9_000_usize, 2 => 9_000..200_000_usize];
    let call = prop_oneof![
        4 => Just(Call::Next),
        2 => Just(Call::StreamNext),
        3 => len().prop_map(Call::Send),
        1 => len().prop_map(Call::SinkSend),
        3 => len().prop_map(Call::Feed),
        1 => len().prop_map(Call::SinkFeed),
        1 => Just(Call::Flush),
        1 => Just(Call::SinkFlush),
        1 => Just(Call::Ping),
    ];
    let polls = prop_oneof![4 => 0..4_usize, 2 => 4..40_usize];
    proptest::collection::vec((call, polls).prop_map(|(call, polls)| Step { call, polls }), 0..30)
}

fn cases() -> impl Strategy<Value = Case> {
    // As many bytes at a time as a number of so many bits has.
    let manners = (any::<u64>(), 0..18_u32, 0..18_u32, prop_oneof![Just(0_usize), 1..70_usize], any::<bool>(), any::<bool>())
        .prop_map(|(seed, split, capacity, pends, holds, is_vectored)| Manners {
            seed,
            split: 1 << split,
            capacity: 1 << capacity,
            pends,
            holds,
            is_vectored,
        });
    (manners, any::<bool>(), steps(), steps()).prop_map(|(manners, deflates, client, server)| Case {
        manners,
        deflates,
        client,
        server,
    })
}

/// Both ends, after their handshake.
async fn pair(manners: Manners, deflates: bool) -> (WebSocket<Wire>, WebSocket<Wire>) {
    let config = if deflates { &DEFLATE } else { &PLAIN };
    let (client, server) = wires(manners);
    let connector = Connector::new(config);
    let accept = async { Handshake::receive(server, config).await?.accept(&Accept::new(Origin::Any)).await };
    let (client, server) = tokio::join!(connector.over(client, "ws://example.com/"), accept);
    (client.unwrap(), server.unwrap())
}

/// Runs it on a clock that moves on when nothing else is to be done, so that a task which nobody wakes is noticed at once.
fn run(future: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    runtime.block_on(async {
        tokio::time::timeout(Duration::from_secs(10_000), future).await.expect("a task waits for ever");
    });
}

/// Drops it also if nothing happens: two ends that send and do not read wait for each other in the end.
async fn drop_after<F: Future>(future: F, polls: usize) -> Option<F::Output> {
    tokio::time::timeout(Duration::from_millis(100), cut(future, polls)).await.ok().flatten()
}

/// What one end knows of its messages: which were sent for certain, which certainly were not, and which may have been.
#[derive(Default)]
struct Log {
    count: usize,
    certain: Vec<usize>,
    never: Vec<usize>,
    received: Vec<usize>,
}

impl Log {
    /// Some messages are not as long as the transport would take to move them.
    fn message(&mut self, manners: Manners, len: usize) -> Message {
        self.count += 1;
        message(self.count, len.min(300 + 200 * manners.split.min(manners.capacity)))
    }

    fn sent(&mut self, result: Option<Result<(), Error>>) {
        if let Some(result) = result {
            result.unwrap();
            self.certain.push(self.count);
        }
    }

    /// A message that was not taken at once was not taken at all.
    fn fed(&mut self, result: Option<Result<(), Error>>) {
        if result.is_none() {
            self.never.push(self.count);
        }
        self.sent(result);
    }

    fn got(&mut self, message: Option<Option<Result<Message, Error>>>) {
        if let Some(message) = message {
            let message = message.expect("a message").unwrap();
            self.received.push(number(&message).expect("a message as it was sent"));
        }
    }

    fn without_last(&self) -> &[usize] {
        &self.received[..self.received.len() - 1]
    }

    /// What the other end has received is what was sent here.
    fn check(&self, received: &[usize]) {
        assert!(received.is_sorted_by(|one, other| one < other), "{received:?} is not in order");
        let lost: Vec<_> = self.certain.iter().filter(|number| !received.contains(number)).collect();
        assert!(lost.is_empty(), "{lost:?} of {:?} were lost", self.certain);
        let unsent: Vec<_> = received.iter().filter(|number| self.never.contains(number) || **number > self.count).collect();
        assert!(unsent.is_empty(), "{unsent:?} were received, and not sent");
    }
}

/// The steps, and then the last message there and back, with every future dropped.
async fn one_end(mut own: WebSocket<Wire>, manners: Manners, steps: Vec<Step>, both: Arc<Barrier>) -> (WebSocket<Wire>, Log) {
    let (mut log, ws) = (Log::default(), &mut own);
    for Step { call, polls } in steps {
        match call {
            Call::Next => log.got(drop_after(ws.next(), polls).await),
            Call::StreamNext => log.got(drop_after(StreamExt::next(ws), polls).await),
            Call::Send(len) => {
                let message = log.message(manners, len);
                log.sent(drop_after(ws.send(message), polls).await);
            }
            Call::SinkSend(len) => {
                let message = log.message(manners, len);
                log.sent(drop_after(SinkExt::send(ws, message), polls).await);
            }
            Call::Feed(len) => {
                let message = log.message(manners, len);
                log.fed(drop_after(ws.feed(message), polls).await);
            }
            Call::SinkFeed(len) => {
                let message = log.message(manners, len);
                log.fed(drop_after(SinkExt::feed(ws, message), polls).await);
            }
            Call::Flush => _ = drop_after(ws.flush(), polls).await.transpose().unwrap(),
            Call::SinkFlush => _ = drop_after(SinkExt::flush(ws), polls).await.transpose().unwrap(),
            Call::Ping => _ = drop_after(ws.ping(b"there?"), polls).await.transpose().unwrap(),
        }
        if log.received.last() == Some(&LAST) {
            break;
        }
    }
    let mut was_sent = false;
    while !was_sent || log.received.last() != Some(&LAST) {
        if !was_sent {
            was_sent = drop_after(ws.feed(message(LAST, 1000)), 2).await.transpose().unwrap().is_some();
        }
        if log.received.last() != Some(&LAST) {
            log.got(cut(ws.next(), 2).await);
        }
    }
    // What is still due leaves.
    tokio::select! {
        _ = both.wait() => {}
        more = ws.next() => panic!("{more:?} after the last message"),
    }
    (own, log)
}

/// The last message's number.
const LAST: usize = 1_000_000;

/// The client's [`close`](WebSocket::close), dropped now and then, and the server, which reads up to the end. Neither has to drop the
/// connection for the other to end.
async fn close(mut client: WebSocket<Wire>, mut server: WebSocket<Wire>) {
    let closes = tokio::spawn(async move {
        while cut(client.close(CloseCode::NORMAL_CLOSURE, "bye"), 2).await.transpose().unwrap().is_none() {}
        assert!(client.next().await.is_none());
        client
    });
    let reads = tokio::spawn(async move {
        loop {
            if let Some(end) = cut(server.next(), 2).await {
                assert!(end.is_none(), "{end:?}");
                return server;
            }
        }
    });
    let (client, server) = (closes.await.unwrap(), reads.await.unwrap());
    assert_eq!((server.close_code(), server.close_reason()), (CloseCode::NORMAL_CLOSURE, "bye"));
    assert_eq!(client.close_code(), CloseCode::NORMAL_CLOSURE);
}

/// How a half that sends ends.
#[derive(Clone, Copy, Debug)]
enum Ending {
    Close,
    Drop,
    Flush,
}

/// One half's steps. Whatever it was given leaves while the other half reads, without another call.
async fn sends(mut half: Sender<Wire>, manners: Manners, steps: Vec<Step>, ending: Ending) -> (Log, Option<Sender<Wire>>) {
    let mut log = Log::default();
    for Step { call, polls } in steps {
        match call {
            Call::Send(len) => {
                let message = log.message(manners, len);
                log.sent(cut(half.send(message), polls).await);
            }
            Call::SinkSend(len) => {
                let message = log.message(manners, len);
                log.sent(cut(SinkExt::send(&mut half, message), polls).await);
            }
            Call::Feed(len) => {
                let message = log.message(manners, len);
                log.fed(cut(half.feed(message), polls).await);
            }
            Call::SinkFeed(len) => {
                let message = log.message(manners, len);
                log.fed(cut(SinkExt::feed(&mut half, message), polls).await);
            }
            Call::Flush => _ = cut(half.flush(), polls).await.transpose().unwrap(),
            Call::SinkFlush => _ = cut(SinkExt::flush(&mut half), polls).await.transpose().unwrap(),
            Call::Next | Call::StreamNext | Call::Ping => tokio::task::yield_now().await,
        }
    }
    half.feed(message(LAST, 1000)).await.unwrap();
    match ending {
        Ending::Drop => return (log, None),
        Ending::Flush => half.flush().await.unwrap(),
        Ending::Close => {}
    }
    (log, Some(half))
}

/// Reads up to the last message, dropping each future now and then, and until the other end has done so.
async fn receives(mut half: Receiver<Wire>, both: Arc<Barrier>) -> (Receiver<Wire>, Log) {
    let mut log = Log::default();
    while log.received.last() != Some(&LAST) {
        let polls = 1 + log.received.len() % 3;
        let next = if polls > 1 { cut(half.next(), polls).await } else { cut(StreamExt::next(&mut half), 2).await };
        log.got(next);
    }
    // What is still due leaves.
    tokio::select! {
        _ = both.wait() => {}
        more = half.next() => panic!("{more:?} after the last message"),
    }
    (half, log)
}

/// The client closes; all halves see it.
async fn close_halves(mut sender: Sender<Wire>, receivers: [Receiver<Wire>; 2]) {
    let reads = receivers.map(|mut half| {
        tokio::spawn(async move {
            assert!(half.next().await.is_none());
            assert_eq!(half.close_code(), CloseCode::NORMAL_CLOSURE);
            half
        })
    });
    while cut(sender.close(CloseCode::NORMAL_CLOSURE, "bye"), 2).await.transpose().unwrap().is_none() {}
    for half in reads {
        half.await.unwrap();
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn one_that_owns_the_connection_loses_nothing(case in cases()) {
        let Case { manners, deflates, client: at_client, server: at_server } = case;
        run(async {
            let (client, server) = pair(manners, deflates).await;
            let both = Arc::new(Barrier::new(2));
            let client = tokio::spawn(one_end(client, manners, at_client, both.clone()));
            let server = tokio::spawn(one_end(server, manners, at_server, both));
            let ((client, at_client), (server, at_server)) = (client.await.unwrap(), server.await.unwrap());
            at_client.check(at_server.without_last());
            at_server.check(at_client.without_last());
            close(client, server).await;
        });
    }

    #[test]
    fn two_halves_lose_nothing(case in cases(), ending in prop_oneof![Just(Ending::Close), Just(Ending::Drop), Just(Ending::Flush)]) {
        let Case { manners, deflates, client: at_client, server: at_server } = case;
        run(async {
            let (client, server) = pair(manners, deflates).await;
            let ((to_server, from_server), (to_client, from_client)) = (client.split(), server.split());
            let both = Arc::new(Barrier::new(2));
            let reads = [from_server, from_client].map(|half| tokio::spawn(receives(half, both.clone())));
            let client = tokio::spawn(sends(to_server, manners, at_client, ending));
            let server = tokio::spawn(sends(to_client, manners, at_server, ending));
            let ((sent, to_server), (answered, _to_client)) = (client.await.unwrap(), server.await.unwrap());
            let [at_client, at_server] = reads;
            let ((from_server, at_client), (from_client, at_server)) = (at_client.await.unwrap(), at_server.await.unwrap());
            sent.check(at_server.without_last());
            answered.check(at_client.without_last());
            if let Some(to_server) = to_server {
                close_halves(to_server, [from_server, from_client]).await;
            }
        });
    }
}
