//! The server beside a model of it, with many clients; and with clients that send anything.
#![cfg(feature = "alloc")]

mod server_support;
mod support;

use proptest::prelude::{Just, ProptestConfig, Strategy, any, prop_oneof, proptest};
use proptest::sample::select;
use sansocket_socketio::engine::server::Key;
use sansocket_socketio::server::{Answer, Message, SocketId, To};
use sansocket_socketio::{Assembler, Kind, Limits};
use server_support::Bench;
use std::collections::{BTreeMap, BTreeSet};

const NAMESPACES: [&str; 2] = ["/", "/a"];
const ROOMS: [&str; 3] = ["x", "y", "z"];

/// What is done: by whom (of those that there are), where, and to what.
#[derive(Clone, Copy, Debug)]
enum Op {
    Open,
    Drop(usize),
    Connect(usize, usize),
    Leave(usize, usize),
    Disconnect(usize, usize),
    Close(usize, usize),
    JoinRoom(usize, usize, usize),
    LeaveRoom(usize, usize, usize),
    EmitToSocket(usize, usize),
    EmitToRoom(usize, usize, Option<usize>),
    EmitToNamespace(usize, Option<usize>, bool),
    /// The client emits, and wants an answer, which it gets at once or when the next one is given.
    Say(usize, usize, bool),
    Ask(usize, usize, u32),
    /// The client answers with an id, which is one that it was asked with or is not.
    Answer(usize, usize, u64),
    Pass(u64),
}

fn op() -> impl Strategy<Value = Op> {
    let (client, namespace, room) = (0..5_usize, 0..2_usize, 0..3_usize);
    prop_oneof![
        3 => Just(Op::Open),
        1 => client.clone().prop_map(Op::Drop),
        8 => (client.clone(), namespace.clone()).prop_map(|(client, namespace)| Op::Connect(client, namespace)),
        1 => (client.clone(), namespace.clone()).prop_map(|(client, namespace)| Op::Leave(client, namespace)),
        1 => (client.clone(), namespace.clone()).prop_map(|(client, namespace)| Op::Disconnect(client, namespace)),
        1 => (client.clone(), namespace.clone()).prop_map(|(client, namespace)| Op::Close(client, namespace)),
        6 => (client.clone(), namespace.clone(), room.clone()).prop_map(|(a, b, c)| Op::JoinRoom(a, b, c)),
        2 => (client.clone(), namespace.clone(), room.clone()).prop_map(|(a, b, c)| Op::LeaveRoom(a, b, c)),
        2 => (client.clone(), namespace.clone()).prop_map(|(client, namespace)| Op::EmitToSocket(client, namespace)),
        4 => (namespace.clone(), room, proptest::option::of(client.clone())).prop_map(|(a, b, c)| Op::EmitToRoom(a, b, c)),
        3 => (namespace.clone(), proptest::option::of(client.clone()), any::<bool>())
            .prop_map(|(a, b, c)| Op::EmitToNamespace(a, b, c)),
        3 => (client.clone(), namespace.clone(), any::<bool>()).prop_map(|(a, b, c)| Op::Say(a, b, c)),
        4 => (client.clone(), namespace.clone(), 0..40_u32).prop_map(|(a, b, c)| Op::Ask(a, b, c)),
        4 => (client, namespace, 0..4_u64).prop_map(|(a, b, c)| Op::Answer(a, b, c)),
        3 => (0..30_u64).prop_map(Op::Pass),
    ]
}

/// A connection as the model has it.
struct Client {
    key: Key,
    is_open: bool,
    /// What it is to get.
    expected: Vec<String>,
    /// Where it is, or was put out of by the server.
    places: BTreeMap<usize, Option<Member>>,
}

struct Member {
    socket: SocketId,
    number: usize,
    rooms: BTreeSet<usize>,
    asked: u64,
    /// Until when each answer may come.
    owes: BTreeMap<u64, u64>,
}

struct Model {
    bench: Bench,
    clients: Vec<Client>,
    expected_log: Vec<String>,
    /// How many events were emitted, which makes each another one.
    count: usize,
    ended: usize,
}

fn packet(kind: &str, namespace: usize, rest: &str) -> String {
    match namespace {
        0 => format!("{kind}{rest}"),
        _ => format!("{kind}{},{rest}", NAMESPACES[namespace]),
    }
}

impl Model {
    fn client(&self, client: usize) -> Option<usize> {
        client.checked_rem(self.clients.len())
    }

    fn member(&mut self, client: usize, namespace: usize) -> Option<&mut Member> {
        let client = self.client(client)?;
        self.clients[client].places.get_mut(&namespace)?.as_mut()
    }

    fn end(&mut self, client: usize, namespace: usize, reason: &str) {
        if let Some(Some(member)) = self.clients[client].places.remove(&namespace) {
            let rooms: Vec<_> = member.rooms.iter().map(|&room| ROOMS[room]).collect();
            let line = format!("{} leaves {} {rooms:?}: {reason}", member.number, NAMESPACES[namespace]);
            self.expected_log.push(line);
            self.ended += 1;
        }
    }

    fn close(&mut self, client: usize, reason: &str) {
        (0..NAMESPACES.len()).for_each(|namespace| self.end(client, namespace, reason));
        self.clients[client].is_open = false;
        self.clients[client].expected.push("CLOSED".to_owned());
    }

    fn next_message(&mut self, is_binary: bool) -> (Message, String) {
        self.count += 1;
        let name = format!("event{}", self.count);
        let json = format!(r#"["{name}"]"#);
        let attachments = if is_binary { vec![vec![7].into()] } else { Vec::new() };
        (Message::with_attachments(&name, attachments, |args| args).unwrap(), json)
    }

    /// To all in a namespace, or in a room of it, but for one.
    fn emit(&mut self, namespace: usize, room: Option<usize>, except: Option<usize>, is_binary: bool) {
        let except = except.and_then(|client| self.member(client, namespace)).map(|member| member.socket);
        let (message, json) = self.next_message(is_binary);
        let mut count = 0;
        for client in &mut self.clients {
            let member = client.places.get(&namespace).and_then(Option::as_ref);
            let is_meant =
                |member: &Member| room.is_none_or(|room| member.rooms.contains(&room)) && except != Some(member.socket);
            if member.is_some_and(is_meant) {
                count += 1;
                client.expected.push(packet(if is_binary { "451-" } else { "42" }, namespace, &json));
                client.expected.extend(is_binary.then(|| "b\"\\x07\"".to_owned()));
            }
        }
        let to = match room {
            Some(room) => To::room(NAMESPACES[namespace], ROOMS[room]),
            None => To::namespace(NAMESPACES[namespace]),
        };
        let to = except.map_or(to, |socket| to.except(socket));
        assert_eq!(self.bench.io().emit(to, &message), count);
    }

    /// What a client sends; after it is gone, nothing.
    fn send(&mut self, client: usize, text: &str) -> bool {
        let is_open = self.clients[client].is_open;
        if is_open {
            self.bench.send(self.clients[client].key, text);
        }
        is_open
    }

    fn connect(&mut self, client: usize, namespace: usize) {
        let before = self.bench.app.sockets.len();
        if !self.send(client, &packet("40", namespace, "")) {
            return;
        }
        if let Some(Some(_)) = self.clients[client].places.get(&namespace) {
            return self.close(client, "forced close");
        }
        self.expected_log.push(format!("connect {} -", NAMESPACES[namespace]));
        let socket = *self.bench.app.sockets.last().unwrap();
        assert_eq!(self.bench.app.sockets.len(), before + 1);
        let sid = self.bench.io().sid(socket).unwrap().to_owned();
        self.clients[client].expected.push(packet("40", namespace, &format!(r#"{{"sid":"{sid}"}}"#)));
        let member = Member { socket, number: before, rooms: BTreeSet::new(), asked: 0, owes: BTreeMap::new() };
        self.clients[client].places.insert(namespace, Some(member));
    }

    fn leave(&mut self, client: usize, namespace: usize) {
        if !self.send(client, &packet("41", namespace, "")) {
            return;
        }
        match self.clients[client].places.get(&namespace) {
            Some(Some(_)) => self.end(client, namespace, "client namespace disconnect"),
            Some(None) => drop(self.clients[client].places.remove(&namespace)),
            None => self.close(client, "forced close"),
        }
    }

    fn disconnect(&mut self, client: usize, namespace: usize) {
        let Some(socket) = self.member(client, namespace).map(|member| member.socket) else { return };
        let client = self.client(client).unwrap();
        assert!(self.bench.io().disconnect(socket));
        self.clients[client].expected.push(packet("41", namespace, ""));
        self.end(client, namespace, "server namespace disconnect");
        self.clients[client].places.insert(namespace, None);
    }

    fn close_by_server(&mut self, client: usize, namespace: usize) {
        let Some(socket) = self.member(client, namespace).map(|member| member.socket) else { return };
        let client = self.client(client).unwrap();
        assert!(self.bench.io().close(socket));
        let order: Vec<_> = self.bench.app.sockets.clone();
        let mut members: Vec<_> =
            self.clients[client].places.iter().filter_map(|(&name, member)| Some((name, member.as_ref()?.socket))).collect();
        // In the order in which they came.
        members.sort_by_key(|(_, socket)| order.iter().position(|one| one == socket));
        for (namespace, _) in members {
            self.clients[client].expected.push(packet("41", namespace, ""));
            self.end(client, namespace, "server namespace disconnect");
        }
        self.close(client, "");
    }

    fn ask(&mut self, client: usize, namespace: usize, ms: u32) {
        let (message, json) = self.next_message(false);
        let now = self.bench.now_ms;
        let Some(member) = self.member(client, namespace) else { return };
        let (socket, id) = (member.socket, member.asked);
        member.owes.insert(id, now + u64::from(ms.max(1)));
        member.asked += 1;
        assert_eq!(format!("{:?}", self.bench.io().emit_with_ack(socket, &message, ms)), format!("Ok(AckId({id}))"));
        let client = self.client(client).unwrap();
        self.clients[client].expected.push(packet("42", namespace, &format!("{id}{json}")));
    }

    fn answer(&mut self, client: usize, namespace: usize, id: u64) {
        if !self.send(client, &packet("43", namespace, &format!("{id}[{id}]"))) {
            return;
        }
        match self.clients[client].places.get_mut(&namespace) {
            None => self.close(client, "forced close"),
            Some(None) => {}
            Some(Some(member)) => {
                if member.owes.remove(&id).is_some() {
                    self.expected_log.push(format!("{} answers AckId({id}) [{id}]", member.number));
                }
            }
        }
    }

    fn say(&mut self, client: usize, namespace: usize, wants_answer: bool) {
        let id = self.count;
        let header = if wants_answer { id.to_string() } else { String::new() };
        if !self.send(client, &packet("42", namespace, &format!(r#"{header}["say",{id}]"#))) {
            return;
        }
        match self.clients[client].places.get(&namespace) {
            None => self.close(client, "forced close"),
            Some(None) => {}
            Some(Some(member)) => {
                let ack = if wants_answer { format!(" ack {id}") } else { String::new() };
                self.expected_log.push(format!(r#"{} {} ["say",{id}]{ack}"#, member.number, NAMESPACES[namespace]));
                if wants_answer {
                    let token = self.bench.app.tokens.pop().unwrap();
                    assert!(self.bench.io().ack(token, &Answer::new(|args| args.text("heard")).unwrap()));
                    self.clients[client].expected.push(packet("43", namespace, &format!(r#"{id}["heard"]"#)));
                }
            }
        }
    }

    fn pass(&mut self, ms: u64) {
        self.bench.pass(ms);
        let now = self.bench.now_ms;
        let mut late = Vec::new();
        for member in self.clients.iter_mut().flat_map(|client| client.places.values_mut()).flatten() {
            let (socket, number) = (member.socket, member.number);
            late.extend(member.owes.iter().filter(|&(_, &at)| at <= now).map(|(&id, &at)| (at, socket, id, number)));
            member.owes.retain(|_, at| *at > now);
        }
        late.sort();
        self.expected_log.extend(late.iter().map(|(_, _, id, number)| format!("{number} owes AckId({id})")));
    }

    fn join_room(&mut self, client: usize, namespace: usize, room: usize, is_in: bool) {
        let Some(member) = self.member(client, namespace) else { return };
        let socket = member.socket;
        if is_in {
            member.rooms.insert(room);
            assert_eq!(self.bench.io().join(socket, ROOMS[room]), Ok(()));
        } else {
            let was_there = member.rooms.remove(&room);
            assert_eq!(self.bench.io().leave(socket, ROOMS[room]), was_there);
        }
    }

    fn apply(&mut self, op: Op) {
        match op {
            Op::Open => {
                let key = self.bench.open();
                self.clients.push(Client { key, is_open: true, expected: Vec::new(), places: BTreeMap::new() });
            }
            Op::EmitToRoom(namespace, room, except) => self.emit(namespace, Some(room), except, false),
            Op::EmitToNamespace(namespace, except, is_binary) => self.emit(namespace, None, except, is_binary),
            Op::Pass(ms) => self.pass(ms),
            Op::JoinRoom(client, namespace, room) => self.join_room(client, namespace, room, true),
            Op::LeaveRoom(client, namespace, room) => self.join_room(client, namespace, room, false),
            Op::Disconnect(client, namespace) => self.disconnect(client, namespace),
            Op::Close(client, namespace) => self.close_by_server(client, namespace),
            Op::Ask(client, namespace, ms) => self.ask(client, namespace, ms),
            Op::EmitToSocket(client, namespace) => {
                let Some(socket) = self.member(client, namespace).map(|member| member.socket) else { return };
                let (message, json) = self.next_message(false);
                assert_eq!(self.bench.io().emit(socket, &message), 1);
                let client = self.client(client).unwrap();
                self.clients[client].expected.push(packet("42", namespace, &json));
            }
            Op::Connect(client, namespace) => self.by_client(client, |model, client| model.connect(client, namespace)),
            Op::Leave(client, namespace) => self.by_client(client, |model, client| model.leave(client, namespace)),
            Op::Say(client, namespace, wants_answer) => {
                self.by_client(client, |model, client| model.say(client, namespace, wants_answer));
            }
            Op::Answer(client, namespace, id) => self.by_client(client, |model, client| model.answer(client, namespace, id)),
            Op::Drop(client) => self.by_client(client, Self::drop_client),
        }
    }

    fn by_client(&mut self, client: usize, act: impl FnOnce(&mut Self, usize)) {
        if let Some(client) = self.client(client) {
            act(self, client);
        }
    }

    fn drop_client(&mut self, client: usize) {
        if self.clients[client].is_open {
            self.check(client);
            self.bench.gone(self.clients[client].key);
            self.close(client, "transport close");
            self.clients[client].expected.clear();
        }
    }

    fn check(&mut self, client: usize) {
        let Client { key, expected, .. } = &mut self.clients[client];
        assert_eq!(self.bench.take(*key), std::mem::take(expected));
    }

    /// What is told late is told now; all that was told is what was expected. The order of a connection's sockets means nothing.
    fn check_log(&mut self) {
        self.bench.pass(0);
        let (mut log, mut expected) = (self.bench.log(), std::mem::take(&mut self.expected_log));
        if log.iter().all(|line| line.contains(" leaves ")) {
            log.sort();
            expected.sort();
        }
        assert_eq!(log, expected);
    }

    fn check_rooms(&mut self) {
        for (namespace, name) in NAMESPACES.iter().enumerate() {
            let members: Vec<_> = self.clients.iter().filter_map(|client| client.places.get(&namespace)).flatten().collect();
            let expected: BTreeSet<_> = members.iter().map(|member| member.socket).collect();
            assert!(self.bench.server.at(self.bench.now()).sockets(name).eq(expected));
            for (room, room_name) in ROOMS.iter().enumerate() {
                let expected: BTreeSet<_> =
                    members.iter().filter(|member| member.rooms.contains(&room)).map(|member| member.socket).collect();
                assert!(self.bench.server.at(self.bench.now()).members(name, room_name).eq(expected));
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn every_client_gets_what_is_meant_for_it(ops in proptest::collection::vec(op(), 0..120)) {
        let mut model = Model { bench: Bench::new(), clients: Vec::new(), expected_log: Vec::new(), count: 0, ended: 0 };
        for op in ops {
            model.apply(op);
            model.check_log();
            model.check_rooms();
        }
        (0..model.clients.len()).for_each(|client| {
            model.check(client);
            model.drop_client(client);
        });
        model.check_log();
        assert_eq!(model.ended, model.bench.app.sockets.len());
        assert!(model.bench.server.is_empty());
        assert_eq!(model.bench.server.next_timeout(), None);
    }
}

/// What clients send: packets that are nearly right, in four namespaces, and attachments.
fn anything() -> impl Strategy<Value = Result<String, Vec<u8>>> {
    let namespace = select(vec!["", "/,", "/a,", "/none,", "/later,", "/a?b"]);
    let header =
        select(vec!["40", "40", "40", "41", "42", "421", "43", "430", "44", "451-", "451-7", "452-", "461-0", "3", "2", "6"]);
    let json = prop_oneof![
        select(vec!["", "{}", "[]", r#"["x"]"#, r#"["x",{"_placeholder":true,"num":0}]"#]).prop_map(str::to_owned),
        support::json(),
    ];
    let packet = (header, namespace, json).prop_map(|(header, namespace, json)| {
        let id = header.find('-').map_or(2, |dash| dash + 1).min(header.len());
        format!("{}{namespace}{}{json}", &header[..id], &header[id..])
    });
    prop_oneof![
        6 => packet.clone().prop_map(Ok),
        2 => support::mutated(packet, "0123456789-,/[]{}\"a\u{1e}").prop_map(Ok),
        2 => proptest::collection::vec(any::<u8>(), 0..4).prop_map(Err),
    ]
}

/// What a client has got: nothing but what it was let in for.
fn check_received(inside: &mut BTreeSet<String>, assembler: &mut Assembler, due: &str) {
    if due.starts_with("b\"") {
        assembler.binary(&[]).unwrap();
        return;
    }
    let Some(text) = due.strip_prefix('4') else { return assert_eq!(due, "CLOSED") };
    let packet = assembler.text(text).unwrap();
    let namespace = packet.namespace();
    match packet.kind() {
        Kind::Connect => assert!(inside.insert(namespace.to_owned())),
        Kind::ConnectError => assert!(namespace.starts_with("/none")),
        Kind::Disconnect => assert!(inside.remove(namespace)),
        _ => assert!(inside.contains(namespace), "{due}"),
    }
    assert!(!namespace.starts_with("/later"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn whatever_clients_send_only_those_inside_get_anything(
        texts in proptest::collection::vec((0..3_usize, anything()), 0..40),
        (ms, is_kicking) in (0..3_u64, any::<bool>()),
    ) {
        let mut bench = Bench::new();
        let keys: Vec<_> = (0..3).map(|_| bench.open()).collect();
        let mut clients: Vec<_> = keys.iter().map(|_| (BTreeSet::new(), Assembler::new(Limits::new()))).collect();
        let message = Message::with_attachments("all", [vec![1].into()], |args| args.attachment()).unwrap();
        for (client, sent) in texts {
            match sent {
                Ok(text) => {
                    bench.send(keys[client], &text);
                    // A client that leaves is outside.
                    if let Some(left) = text.strip_prefix("41") {
                        clients[client].0.remove(left.strip_suffix(',').filter(|name| !name.is_empty()).unwrap_or("/"));
                    }
                }
                Err(bytes) => bench.send_binary(keys[client], &bytes),
            }
            for namespace in ["/", "/a", "/none", "/later", "/a?b"] {
                bench.io().emit(To::namespace(namespace), &message);
                bench.io().emit(To::room(namespace, "x"), &message);
            }
            for socket in bench.app.sockets.clone() {
                bench.io().emit(socket, &message);
                let _ = (bench.io().join(socket, "x"), bench.io().emit_with_ack(socket, &message, 2));
                if is_kicking && socket != bench.app.sockets[0] {
                    bench.io().disconnect(socket);
                }
            }
            bench.pass(ms);
            for (key, (inside, assembler)) in keys.iter().zip(&mut clients) {
                for due in bench.take(*key) {
                    check_received(inside, assembler, &due);
                }
            }
        }
        keys.iter().for_each(|&key| bench.gone(key));
        assert!(bench.server.is_empty());
        let log = bench.log();
        let (begun, ended, refused) = (
            log.iter().filter(|line| line.starts_with("connect ")).count(),
            log.iter().filter(|line| line.contains(" leaves ")).count(),
            log.iter().filter(|line| line.starts_with("connect /none")).count(),
        );
        assert_eq!(begun, ended + refused);
    }
}
