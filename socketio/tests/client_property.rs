//! Whatever a server does, and whatever the application does meanwhile: nothing is sent twice, each answer ends once, and nothing spins.

mod client_world;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use client_world::{Act, OPEN, Setup, World, friendly, text};
use proptest::prelude::*;
use sansocket_session::{Overflow, SessionConfig};
use sansocket_socketio::client::{ConnectError, Emit, EmitError, NamespaceState};

/// What may happen.
#[derive(Clone, Debug)]
enum Step {
    Emit {
        namespace: usize,
        ack: bool,
        attachments: usize,
        volatile: bool,
    },
    Connect(usize),
    Disconnect(usize),
    Serve(Act),
    /// The server answers with this id.
    Answer {
        namespace: usize,
        id: u64,
        attachments: usize,
    },
    LetIn,
    Kill,
    Down(bool),
    Takes(usize),
    Run(u64),
    Sleep(u64),
}

const NAMES: [&str; 3] = ["/", "/a", "/b"];

fn step() -> impl Strategy<Value = Step> {
    let act = prop_oneof![
        4 => prop_oneof![
            Just("2"), Just("42[\"x\"]"), Just("42/a,7[\"x\",\"off\"]"), Just("41"), Just("41/a,"), Just("44/b,{}"),
            Just("40{\"sid\":\"x\",\"pid\":\"p\"}"), Just("40/a,{\"sid\":\"y\"}"), Just("40"), Just("451-[\"f\"]"), Just("3"), Just("6"),
        ].prop_map(text),
        1 => "[0-9]{0,2}[-/a,{}\\[\\]\"]{0,4}".prop_map(|wild| text(&wild)),
        1 => Just(Act::Binary(vec![1, 2])),
        1 => Just(Act::Close(1000)),
        1 => Just(Act::Die),
    ];
    prop_oneof![
        8 => (0..3_usize, any::<bool>(), 0..3_usize, any::<bool>())
            .prop_map(|(namespace, ack, attachments, volatile)| Step::Emit { namespace, ack, attachments, volatile }),
        2 => (0..3_usize).prop_map(Step::Connect),
        1 => (0..3_usize).prop_map(Step::Disconnect),
        3 => act.prop_map(Step::Serve),
        3 => (0..3_usize, 0..12_u64, 0..3_usize)
            .prop_map(|(namespace, id, attachments)| Step::Answer { namespace, id, attachments }),
        2 => Just(Step::LetIn),
        1 => Just(Step::Kill),
        1 => any::<bool>().prop_map(Step::Down),
        1 => prop_oneof![Just(0), Just(7), Just(usize::MAX)].prop_map(Step::Takes),
        3 => (0..8000_u64).prop_map(Step::Run),
        1 => (0..100_000_u64).prop_map(Step::Sleep),
    ]
}

/// What a strict server knows of its connection.
#[derive(Default)]
struct Strict {
    connection: usize,
    joined: Vec<String>,
    /// They are let in later.
    late: Vec<String>,
    due: u32,
    /// A generator of whims.
    whim: u64,
}

fn prefix(namespace: &str) -> String {
    if namespace == "/" { String::new() } else { format!("{namespace},") }
}

impl Strict {
    /// Checks what comes as socket.io does, and lets most in.
    fn take(&mut self, nth: usize, message: &str) -> Vec<Act> {
        if nth != self.connection {
            *self = Self { connection: nth, whim: self.whim, ..Self::default() };
        }
        if message == "open" {
            return vec![text(OPEN)];
        }
        if message.starts_with('b') {
            assert!(self.due > 0, "an attachment that belongs to nothing");
            self.due -= 1;
            return Vec::new();
        }
        if message == "3" {
            return Vec::new();
        }
        assert_eq!(self.due, 0, "{message} came instead of an attachment");
        let (kind, rest) = message.split_at(2);
        let (attachments, rest) = if kind == "45" { rest.split_once('-').unwrap() } else { ("0", rest) };
        self.due = attachments.parse().unwrap();
        let namespace = if rest.starts_with('/') { rest.split_once(',').unwrap().0 } else { "/" };
        let is_in = self.joined.iter().any(|name| name == namespace);
        match kind {
            "40" => {
                assert!(!is_in && !self.late.iter().any(|name| name == namespace), "{namespace} is asked for twice");
                self.whim = self.whim.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                match self.whim >> 61 {
                    0 => return vec![text(&format!("44{}{{}}", prefix(namespace)))],
                    1..=3 => {
                        self.late.push(namespace.to_owned());
                        return Vec::new();
                    }
                    _ => self.joined.push(namespace.to_owned()),
                }
                friendly(nth, message)
            }
            "41" => {
                assert!(is_in, "{namespace} is left by somebody who is not in");
                self.joined.retain(|name| name != namespace);
                Vec::new()
            }
            _ => {
                assert!(is_in, "{message} is for a namespace that nobody is in");
                Vec::new()
            }
        }
    }

    /// Lets in who waits.
    fn let_in(&mut self, nth: usize) -> Vec<Act> {
        let late = if nth == self.connection { std::mem::take(&mut self.late) } else { Vec::new() };
        let acts = late.iter().map(|namespace| text(&format!(r#"40{}{{"sid":"late"}}"#, prefix(namespace)))).collect();
        self.joined.extend(late);
        acts
    }
}

/// Whether the server's own acts make it forget who is in: then its checks mean nothing.
fn is_lie(act: &Act) -> bool {
    matches!(act, Act::Text(text) if !["2", "3", "6"].contains(&text.as_str()) && !text.starts_with("42"))
}

fn check(steps: &[Step], seed: u64, overflow: Overflow, lies: bool) {
    let session = SessionConfig::new().overflow(overflow).max_queued(6);
    let setup = Setup { session, acks: 4, buffers: 600, queue: 400, ..Setup::default() };
    let strict = Rc::new(RefCell::new(Strict { whim: seed, ..Strict::default() }));
    let script = strict.clone();
    let script =
        move |nth: usize, message: &str| if lies { friendly(nth, message) } else { script.borrow_mut().take(nth, message) };
    let mut world = World::with(setup, script);
    world.ping_ms = Some(25_000);
    let mut ids = world.start(&NAMES);
    let (mut sent, mut acks) = (0_u64, Vec::new());
    for step in steps {
        let now = world.clock();
        match step {
            Step::Emit { namespace, ack, attachments, volatile } => {
                let name = format!("e{sent}");
                let files = vec![&[7_u8][..]; *attachments];
                let mut emit = Emit::new(ids[*namespace], &name).attachments(&files);
                emit.ack_within_ms = ack.then_some(3000);
                emit.is_volatile = *volatile;
                match world.emit(&emit) {
                    Ok(done) => {
                        sent += 1;
                        assert_eq!(done.ack.is_some(), *ack);
                        acks.extend(done.ack.map(|ack| ack.number()));
                    }
                    Err(EmitError::NotConnected | EmitError::NoAckSlot | EmitError::Session(_)) => {}
                    Err(other) => panic!("{other}"),
                }
            }
            Step::Connect(nth) => match world.io.connect(&mut world.session.commands(now), NAMES[*nth]) {
                Ok(id) => {
                    ids[*nth] = id;
                    world.session.start(now);
                    world.settle();
                }
                Err(error) => assert_eq!(error, ConnectError::Leaving),
            },
            Step::Disconnect(nth) => world.disconnect(ids[*nth]),
            Step::Serve(act) => {
                if world.server.is_some() && (lies || !is_lie(act)) {
                    world.serve(std::slice::from_ref(act));
                }
            }
            Step::Answer { namespace, id, attachments } => {
                if world.server.is_some() {
                    let prefix = if *namespace == 0 { "" } else { &format!("{},", NAMES[*namespace]) };
                    let mut acts = match attachments {
                        0 => vec![text(&format!("43{prefix}{id}[]"))],
                        n => vec![text(&format!("46{n}-{prefix}{id}[]"))],
                    };
                    acts.extend((0..*attachments).map(|_| Act::Binary(vec![1])));
                    world.serve(&acts);
                }
            }
            Step::LetIn => {
                let acts = strict.borrow_mut().let_in(world.dials);
                if world.server.is_some() {
                    world.serve(&acts);
                }
            }
            Step::Kill => world.kill(),
            Step::Down(is_down) => world.is_down = *is_down,
            Step::Takes(bytes) => world.takes = *bytes,
            Step::Run(ms) => world.run(*ms),
            Step::Sleep(ms) => {
                world.now += ms;
                world.settle();
            }
        }
    }
    (world.is_down, world.takes) = (false, usize::MAX);
    for _ in 0..4 {
        let acts = strict.borrow_mut().let_in(world.dials);
        if world.server.is_some() {
            world.serve(&acts);
        }
        world.run(20_000);
    }
    check_end(&mut world, sent, &acks);
}

fn check_end(world: &mut World, sent: u64, acks: &[u64]) {
    for number in 0..sent {
        let name = format!("\"e{number}\"");
        let times = world.got.iter().filter(|message| message.contains(&name)).count();
        assert!(times <= 1, "{name} came {times} times");
    }
    let mut ends = BTreeMap::new();
    let mut open = BTreeMap::new();
    for line in world.take_log() {
        let words: Vec<_> = line.split(' ').collect();
        match words[..] {
            ["no", "ack", id, ..] | ["ack", id, ..] => *ends.entry(id.parse::<u64>().unwrap()).or_insert(0) += 1,
            // One Disconnected for each Connected, in turn.
            ["connected", name, ..] => assert_ne!(open.insert(name.to_owned(), true), Some(true), "{line}"),
            ["disconnected", name, ..] => assert_eq!(open.insert(name.to_owned(), false), Some(true), "{line}"),
            _ => {}
        }
    }
    let expected: BTreeMap<_, _> = acks.iter().map(|&ack| (ack, 1)).collect();
    assert_eq!(ends, expected);
    for (name, is_open) in open {
        let state = world.io.namespace(&name).map(|id| world.io.state(id));
        assert_eq!(state == Some(NamespaceState::Connected), is_open, "{name}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    /// A server that keeps the rules finds that the client does, too.
    #[test]
    fn client_keeps_the_rules_of_a_strict_server(
        steps in proptest::collection::vec(step(), 0..60),
        seed in any::<u64>(),
        overflow in prop_oneof![Just(Overflow::Refuse), Just(Overflow::DropOldest), Just(Overflow::DropNewest)],
    ) {
        check(&steps, seed, overflow, false);
    }

    /// A server that says anything.
    #[test]
    fn client_stands_any_server(
        steps in proptest::collection::vec(step(), 0..60),
        overflow in prop_oneof![Just(Overflow::Refuse), Just(Overflow::DropOldest), Just(Overflow::DropNewest)],
    ) {
        check(&steps, 0, overflow, true);
    }
}
