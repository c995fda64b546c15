//! What the chat does with its clients' events. It knows nothing of sockets: the tests below drive it without any.
//!
//! Everything is in the namespace `/`. A client brings `{"name": …}` as its auth; if somebody else has that name, it is refused.
//!
//! | from a client | arguments | answer |
//! |---|---|---|
//! | `join` | room | room, `[name, …]` of all who are in it |
//! | `leave` | room | nothing |
//! | `say` | room, text | nothing |
//! | `typing` | room, whether it is | nothing |
//! | `upload` | room, name of the file, its bytes | nothing |
//!
//! Each is answered if the client asks for it. What was not done is answered with `{"error": …}`, a sentence for people.
//!
//! | to the others in the room | arguments |
//! |---|---|
//! | `joined`, `left` | room, name |
//! | `said` | room, name, text |
//! | `typing` | room, name, whether it is |
//! | `uploaded` | room, name, name of the file, its bytes |

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use sansocket::Entropy;
use sansocket_socketio::Packet;
use sansocket_socketio::json::{Value, escape};
use sansocket_socketio::server::{Answer, Config, Event, INVALID_NAMESPACE, Io, Message, SocketId, To};

/// Characters of a name, of a client or a room.
const MAX_NAME: usize = 32;
/// Characters of a message.
const MAX_TEXT: usize = 2000;
/// Characters of a file's name.
const MAX_FILE_NAME: usize = 120;
/// Bytes of a file.
const MAX_FILE: usize = 4_000_000;
/// How many rooms one client may be in.
const MAX_ROOMS: usize = 20;

const NAMESPACE: &str = "/";

/// Who is there. Who is in which room is known by [`Io`].
#[derive(Default)]
pub(crate) struct Chat {
    names: BTreeMap<SocketId, String>,
}

/// The reference's limits, but for files, rooms, and how soon a lost client is noticed, whose name is free then.
pub(crate) fn config() -> Config {
    let mut config = Config { max_rooms: MAX_ROOMS, ..Config::default() };
    // By polling a file comes as base64.
    config.engine.max_payload = MAX_FILE / 3 * 4 + 10_000;
    config.engine.ping_interval_ms = 10_000;
    config.engine.ping_timeout_ms = 5_000;
    config
}

impl Chat {
    /// Everything comes through here.
    pub(crate) fn handle<E: Entropy>(&mut self, io: &mut Io<'_, E>, event: Event<'_>) {
        match event {
            Event::Connect { socket, namespace, auth } => {
                let error = match self.enter(io, socket, namespace, auth) {
                    Ok(()) => return,
                    Err(_) if namespace != NAMESPACE => INVALID_NAMESPACE.to_owned(),
                    Err(refusal) => format!(r#"{{"message":"{refusal}"}}"#),
                };
                let refused = io.refuse(socket, &error);
                debug_assert!(refused.is_ok(), "{error} is an object");
            }
            Event::Message { socket, packet, attachments, ack } => {
                let done = self.act(io, socket, &packet, attachments);
                let answer = done.or_else(|refusal| {
                    let error = format!(r#"{{"error":"{refusal}"}}"#);
                    Answer::new(|args| args.json(&error))
                });
                if let (Some(ack), Ok(answer)) = (ack, answer) {
                    io.ack(ack, &answer);
                }
            }
            Event::Disconnected { socket, .. } => self.exit(io, socket),
            // We ask for no answers.
            Event::Ack { .. } | Event::AckTimeout { .. } => {}
        }
    }

    fn enter<E: Entropy>(
        &mut self,
        io: &mut Io<'_, E>,
        socket: SocketId,
        namespace: &str,
        auth: Option<Value<'_>>,
    ) -> Result<(), &'static str> {
        if namespace != NAMESPACE {
            return Err("there is no such namespace");
        }
        let name = name(auth.and_then(|auth| auth.get("name")), MAX_NAME).ok_or("a name has 1 to 32 characters")?;
        let folded = name.to_lowercase();
        if self.names.values().any(|other| other.to_lowercase() == folded) {
            return Err("this name is taken");
        }
        if io.accept(socket) {
            self.names.insert(socket, name);
        }
        Ok(())
    }

    fn exit<E: Entropy>(&mut self, io: &mut Io<'_, E>, socket: SocketId) {
        let rooms: Vec<String> = io.rooms(socket).map(str::to_owned).collect();
        if let Some(name) = self.names.remove(&socket) {
            for room in &rooms {
                tell(io, socket, room, message("left", &[room, &name])).ok();
            }
        }
    }

    /// The answer, or why nothing was done.
    fn act<E: Entropy>(
        &self,
        io: &mut Io<'_, E>,
        socket: SocketId,
        packet: &Packet<'_>,
        attachments: &[Bytes],
    ) -> Result<Answer, &'static str> {
        let event = packet.name().and_then(|name| name.text()?.as_plain()).unwrap_or_default();
        let me = self.names.get(&socket).ok_or("you have no name")?;
        let mut args = packet.args();
        let room = &*name(args.next(), MAX_NAME).ok_or("the name of a room has 1 to 32 characters")?;
        let is_member = io.rooms(socket).any(|other| other == room);
        if event == "join" {
            io.join(socket, room).map_err(|_| "you are in too many rooms")?;
            if !is_member {
                tell(io, socket, room, message("joined", &[room, me]))?;
            }
            return self.members(io, room);
        }
        if !is_member {
            return Err("you are not in this room");
        }
        match event {
            "leave" => {
                io.leave(socket, room);
                tell(io, socket, room, message("left", &[room, me]))?;
            }
            "say" => {
                let text = text(args.next(), MAX_TEXT).ok_or("a message has 1 to 2000 characters")?;
                tell(io, socket, room, message("said", &[room, me, &text]))?;
            }
            "typing" => {
                let is_typing = args.next().and_then(|arg| arg.as_bool()).ok_or("say true or false")?;
                let message = Message::new("typing", |args| args.text(room).text(me).json(&is_typing.to_string()));
                io.emit_volatile(others(socket, room), &message.map_err(|_| CANNOT_BE_SENT)?);
            }
            "upload" => {
                let file = name(args.next(), MAX_FILE_NAME).ok_or("the name of a file has 1 to 120 characters")?;
                let bytes = attached(packet, args.next(), attachments).ok_or("a file has bytes")?;
                if bytes.len() > MAX_FILE {
                    return Err("a file has at most 4 MB");
                }
                let uploaded = |bytes: Bytes| {
                    Message::with_attachments("uploaded", [bytes], |args| args.text(room).text(me).text(&file).attachment())
                };
                tell(io, socket, room, uploaded(bytes.clone()))?;
            }
            _ => return Err("there is no such event"),
        }
        Answer::new(|args| args).map_err(|_| CANNOT_BE_SENT)
    }

    fn members<E: Entropy>(&self, io: &Io<'_, E>, room: &str) -> Result<Answer, &'static str> {
        let names: BTreeSet<&String> = io.members(NAMESPACE, room).filter_map(|member| self.names.get(&member)).collect();
        let quoted: Vec<String> = names.into_iter().map(|name| quote(name)).collect();
        let list = format!("[{}]", quoted.join(","));
        Answer::new(|args| args.text(room).json(&list)).map_err(|_| CANNOT_BE_SENT)
    }
}

const CANNOT_BE_SENT: &str = "this cannot be sent";

fn others(socket: SocketId, room: &str) -> To<'_> {
    To::room(NAMESPACE, room).except(socket)
}

type Written = Result<Message, sansocket_socketio::PacketError>;

fn tell<E: Entropy>(io: &mut Io<'_, E>, socket: SocketId, room: &str, message: Written) -> Result<(), &'static str> {
    io.emit(others(socket, room), &message.map_err(|_| CANNOT_BE_SENT)?);
    Ok(())
}

fn message(event: &str, texts: &[&str]) -> Written {
    Message::new(event, |args| texts.iter().fold(args, |args, text| args.text(text)))
}

/// A string of JSON.
fn quote(text: &str) -> String {
    let mut room = vec![0; text.len().saturating_mul(6).saturating_add(2)];
    escape(text, &mut room).unwrap_or("\"\"").to_owned()
}

/// A string that is not empty and not too long.
fn text(value: Option<Value<'_>>, max: usize) -> Option<String> {
    let text = value?.text()?;
    // One that is far too long is not copied.
    let is_short = text.chars().nth(max).is_none();
    is_short.then(|| text.chars().collect()).filter(|text: &String| !text.trim().is_empty())
}

/// The same for what stands in a line, with others of its kind: without control characters, or blanks around it.
fn name(value: Option<Value<'_>>, max: usize) -> Option<String> {
    text(value, max).filter(|name| name.trim() == name && !name.contains(char::is_control))
}

/// The only attachment, if this argument is its place.
fn attached<'a>(packet: &Packet<'_>, value: Option<Value<'_>>, attachments: &'a [Bytes]) -> Option<&'a Bytes> {
    let [bytes] = attachments else { return None };
    let place = packet.placeholders().next()?.ok()?;
    let is_its_place = packet.json().get(place.start..place.end) == Some(value?.as_json());
    is_its_place.then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use sansocket::{EntropyError, Instant};
    use sansocket_socketio::engine::server::{Answer as HttpAnswer, Due, Key, Message as WsMessage, Request};
    use sansocket_socketio::server::Server;

    const NOW: Instant = Instant::from_millis(0);

    /// Not secret, and not twice the same.
    struct Counter(u8);

    impl Entropy for Counter {
        fn fill(&mut self, bytes: &mut [u8]) -> Result<(), EntropyError> {
            bytes.fill_with(|| {
                self.0 = self.0.wrapping_add(1);
                self.0
            });
            Ok(())
        }
    }

    /// A server, and clients by WebSocket.
    struct World {
        server: Server<Counter>,
        chat: Chat,
        keys: u64,
    }

    impl World {
        fn new() -> Self {
            Self { server: Server::new(config(), Counter(0)), chat: Chat::default(), keys: 0 }
        }

        /// A client with this auth, and the answer to it.
        fn connect(&mut self, auth: &str) -> (Key, String) {
            self.keys += 1;
            let key = Key(self.keys);
            let query = "EIO=4&transport=websocket";
            let request = Request { method: "GET", query, content_type: None, is_upgrade: true, body: b"" };
            let answer = self.server.request(NOW, key, &request, &mut |io, event| self.chat.handle(io, event));
            assert_eq!(answer, HttpAnswer::Upgrade);
            self.server.opened(NOW, key, &mut |io, event| self.chat.handle(io, event));
            assert!(self.heard(key).concat().starts_with("0{"));
            self.say(key, &format!("40{auth}"));
            (key, self.heard(key).concat())
        }

        fn enter(&mut self, name: &str) -> Key {
            let (key, answer) = self.connect(&format!(r#"{{"name":{}}}"#, quote(name)));
            assert!(answer.starts_with("40{"), "{answer}");
            key
        }

        fn say(&mut self, key: Key, text: &str) {
            self.server.receive(NOW, key, WsMessage::Text(text), &mut |io, event| self.chat.handle(io, event));
        }

        fn say_bytes(&mut self, key: Key, bytes: &[u8]) {
            self.server.receive(NOW, key, WsMessage::Binary(bytes), &mut |io, event| self.chat.handle(io, event));
        }

        fn gone(&mut self, key: Key) {
            self.server.gone(NOW, key, &mut |io, event| self.chat.handle(io, event));
        }

        /// What a client has got since it was asked last.
        fn heard(&mut self, key: Key) -> Vec<String> {
            core::iter::from_fn(|| self.server.pull(key))
                .map(|due| match due {
                    Due::Text(text) => String::from_utf8(text.to_vec()).unwrap(),
                    Due::Binary(bytes) => format!("{bytes:?}"),
                    other => format!("{other:?}"),
                })
                .collect()
        }

        /// The answer to an event, which is all that its client gets.
        fn ask(&mut self, key: Key, event: &str) -> String {
            self.say(key, &format!("427{event}"));
            let heard = self.heard(key).concat();
            heard.strip_prefix("437").unwrap_or(&heard).to_owned()
        }
    }

    #[test]
    fn names_are_needed_and_belong_to_one() {
        let mut world = World::new();
        let ann = world.enter("ann");
        let refused = [
            ("", "a name has 1"),
            ("{}", "a name has 1"),
            (r#"{"name":7}"#, "a name has 1"),
            (r#"{"name":" "}"#, "a name has 1"),
        ];
        let long = format!(r#"{{"name":"{}"}}"#, "x".repeat(33));
        let refused = refused.into_iter().chain([
            (&*long, "a name has 1"),
            (r#"{"name":"a\u001b[m"}"#, "a name has 1"),
            (r#"{"name":"ANN"}"#, "taken"),
        ]);
        for (auth, error) in refused {
            let (_, answer) = world.connect(auth);
            assert!(answer.starts_with(r#"44{"message":""#) && answer.contains(error), "{auth}: {answer}");
        }
        world.enter(&"ü".repeat(32));
        // It is free again once its client has gone.
        world.gone(ann);
        world.enter("Ann");
        let (_, answer) = world.connect(r#"/admin,{"name":"bob"}"#);
        assert_eq!(answer, r#"44/admin,{"message":"Invalid namespace"}"#);
    }

    #[test]
    fn others_in_the_room_hear_of_everything() {
        let mut world = World::new();
        let (ann, bob, eve) = (world.enter("ann"), world.enter("b\"ob"), world.enter("eve"));
        assert_eq!(world.ask(ann, r#"["join","lobby"]"#), r#"["lobby",["ann"]]"#);
        assert_eq!(world.ask(bob, r#"["join","lobby"]"#), r#"["lobby",["ann","b\"ob"]]"#);
        assert_eq!(world.ask(eve, r#"["join","den"]"#), r#"["den",["eve"]]"#);
        assert_eq!(world.ask(bob, r#"["say","lobby","<b>\n"]"#), "[]");
        world.say(bob, r#"42["typing","lobby",true]"#);
        // Twice in a room is once.
        assert_eq!(world.ask(bob, r#"["join","lobby"]"#), r#"["lobby",["ann","b\"ob"]]"#);
        let heard = world.heard(ann);
        let said = r#"42["said","lobby","b\"ob","<b>\n"]"#;
        assert_eq!(heard[..2], [r#"42["joined","lobby","b\"ob"]"#, said]);
        // It is volatile: whether it came depends on what still waited.
        assert!(heard.len() == 2 || heard[2..] == [r#"42["typing","lobby","b\"ob",true]"#], "{heard:?}");
        world.say(bob, r#"42["typing","lobby",false]"#);
        assert_eq!(world.heard(ann), [r#"42["typing","lobby","b\"ob",false]"#]);
        assert_eq!(world.ask(bob, r#"["leave","lobby"]"#), "[]");
        assert_eq!(world.heard(ann), [r#"42["left","lobby","b\"ob"]"#]);
        assert_eq!(world.ask(ann, r#"["say","lobby","alone"]"#), "[]");
        assert_eq!(world.heard(bob), [""; 0]);
        assert_eq!(world.heard(eve), [""; 0]);
    }

    #[test]
    fn who_goes_is_missed() {
        let mut world = World::new();
        let (ann, bob) = (world.enter("ann"), world.enter("bob"));
        for room in ["lobby", "den"] {
            world.say(ann, &format!(r#"42["join","{room}"]"#));
            world.say(bob, &format!(r#"42["join","{room}"]"#));
        }
        world.heard(ann);
        world.gone(bob);
        assert_eq!(world.heard(ann), [r#"42["left","den","bob"]"#, r#"42["left","lobby","bob"]"#]);
        assert_eq!(world.ask(ann, r#"["join","den"]"#), r#"["den",["ann"]]"#);
        world.say(ann, "41");
        assert!(world.chat.names.is_empty());
    }

    #[test]
    fn files_are_passed_on() {
        let mut world = World::new();
        let (ann, bob) = (world.enter("ann"), world.enter("bob"));
        world.say(ann, r#"42["join","lobby"]"#);
        world.say(bob, r#"42["join","lobby"]"#);
        world.heard(ann);
        world.say(bob, r#"451-7["upload","lobby","a.png",{"_placeholder":true,"num":0}]"#);
        world.say_bytes(bob, &[1, 2, 3]);
        assert_eq!(world.heard(bob), ["437[]"]);
        let uploaded = r#"451-["uploaded","lobby","bob","a.png",{"_placeholder":true,"num":0}]"#;
        assert_eq!(world.heard(ann), [uploaded, r#"b"\x01\x02\x03""#]);
        // Without bytes, with bytes elsewhere, and with too many.
        assert_eq!(
            world.ask(bob, r#"["upload","lobby","a.png",{"_placeholder":true,"num":0}]"#),
            r#"[{"error":"a file has bytes"}]"#
        );
        world.say(bob, r#"451-7["upload","lobby","a.png",[{"_placeholder":true,"num":0}]]"#);
        world.say_bytes(bob, &[1]);
        assert_eq!(world.heard(bob), [r#"437[{"error":"a file has bytes"}]"#]);
        world.say(bob, r#"451-7["upload","lobby","a.png",{"_placeholder":true,"num":0}]"#);
        world.say_bytes(bob, &vec![0; MAX_FILE + 1]);
        assert_eq!(world.heard(bob), [r#"437[{"error":"a file has at most 4 MB"}]"#]);
        assert_eq!(world.heard(ann), [""; 0]);
    }

    #[test]
    fn what_is_wrong_is_said_and_not_done() {
        let mut world = World::new();
        let (ann, bob) = (world.enter("ann"), world.enter("bob"));
        world.say(ann, r#"42["join","lobby"]"#);
        world.say(bob, r#"42["join","lobby"]"#);
        world.heard(ann);
        let long = |count| "x".repeat(count);
        for (event, error) in [
            (r#"["say","den","hi"]"#, "not in this room"),
            (r#"["leave","den"]"#, "not in this room"),
            (r#"["join"]"#, "the name of a room"),
            (r#"["join",["lobby"]]"#, "the name of a room"),
            (r#"["join","a\nb"]"#, "the name of a room"),
            (&*format!(r#"["join","{}"]"#, long(33)), "the name of a room"),
            (r#"["say","lobby"]"#, "a message has"),
            (r#"["say","lobby","  "]"#, "a message has"),
            (&*format!(r#"["say","lobby","{}"]"#, long(2001)), "a message has"),
            (r#"["typing","lobby","yes"]"#, "true or false"),
            (&*format!(r#"["upload","lobby","{}"]"#, long(121)), "the name of a file"),
            (r#"["dance","lobby"]"#, "no such event"),
            (r#"[7,"lobby"]"#, "no such event"),
        ] {
            let answer = world.ask(bob, event);
            assert!(answer.starts_with(r#"[{"error":""#) && answer.contains(error), "{event}: {answer}");
        }
        assert_eq!(world.ask(bob, &format!(r#"["say","lobby","{}"]"#, long(2000))), "[]");
        assert_eq!(world.heard(ann).len(), 1);
        for room in 1..MAX_ROOMS {
            assert!(world.ask(bob, &format!(r#"["join","{room}"]"#)).ends_with(r#"["bob"]]"#));
        }
        assert_eq!(world.ask(bob, r#"["join","one more"]"#), r#"[{"error":"you are in too many rooms"}]"#);
    }
}
