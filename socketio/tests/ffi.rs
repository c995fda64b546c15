//! The Socket.IO client in C: the functions of include/sansocket_socketio.h against a server of sansocket's own, in virtual time.
#![cfg(feature = "ffi")]
#![allow(clippy::undocumented_unsafe_blocks, reason = "each calls C functions with memory that the lines around it made")]

mod ffi_world;

use std::ptr::{null, null_mut};

use ::sansocket::ffi::*;
use ::sansocket_session::ffi::*;
use ::sansocket_socketio::client::{ConnectError, EmitError, Fault, Reason};
use ::sansocket_socketio::engine::EngineError;
use ::sansocket_socketio::ffi::*;
use ::sansocket_socketio::{PacketError, json};
use ffi_world::{C, Lent, argument, bytes, c_text, setup, str_at, text, zeroed};

use sansocket_argument_type as A;
use sansocket_socketio_event_type as E;

/// An event without arguments.
fn event(namespace_id: u32, name: &str) -> sansocket_emit {
    sansocket_emit { namespace_id, name: text(name), ..*zeroed() }
}

/// A client that is in `/`.
fn joined() -> (C, u32) {
    let mut c = C::new();
    let id = c.connect("/");
    c.up();
    assert_eq!(c.expect(E::JOINING).namespace_id, id);
    c.expect(E::NONE);
    assert_eq!(c.got(), ["40"]);
    c.serve(&[r#"40{"sid":"s1"}"#]);
    c.expect(E::CONNECTED);
    c.expect(E::NONE);
    (c, id)
}

fn state(c: &C, id: u32) -> &'static str {
    c_text(sansocket_socketio_state_text(unsafe { sansocket_socketio_get_state(&*c.io, id) }))
}

#[test]
fn a_client_joins_with_credentials_emits_answers_and_leaves() {
    let mut c = C::new();
    let id = c.connect("/admin");
    assert_eq!((state(&c, id), str_at(unsafe { sansocket_socketio_get_name(&*c.io, id) })), ("connecting", "/admin"));
    // What is emitted early waits.
    let early = [argument(A::TEXT, "say \"hi\"\n"), sansocket_argument { integer: -7, ..argument(A::INTEGER, "") }];
    let emit = sansocket_emit { arguments: early.as_ptr(), argument_count: 2, ..event(id, "early") };
    let (done, sent) = c.emit(&emit);
    assert_eq!((done, sent.number, sent.ack), (sansocket_result::OK, 1, SANSOCKET_NEVER));
    c.up();
    assert_eq!(c.expect(E::JOINING).namespace_id, id);
    let auth = text(r#"{"token":1}"#);
    let authenticate =
        |c: &mut C| unsafe { sansocket_socketio_authenticate(&mut *c.io, &mut *c.session, 0, id, auth.data, auth.len) };
    assert_eq!(authenticate(&mut c), sansocket_result::OK);
    assert_eq!(authenticate(&mut c).0, socketio_result::NOT_CONNECTED.0);
    c.expect(E::NONE);
    assert_eq!(c.got(), [r#"40/admin,{"token":1}"#]);
    c.serve(&[r#"40/admin,{"sid":"s1"}"#]);
    let connected = c.expect(E::CONNECTED);
    assert_eq!((str_at(connected.sid), connected.recovered, connected.namespace_id, state(&c, id)), ("s1", 0, id, "connected"));
    c.expect(E::NONE);
    assert_eq!(c.got(), [r#"42/admin,["early","say \"hi\"\n",-7]"#]);

    // An event that wants an answer, and gets one with an attachment.
    c.serve(&[r#"42/admin,5["ask",{"a":[1]}]"#]);
    let asked = c.expect(E::EVENT);
    assert_eq!((str_at(asked.name), str_at(asked.json), asked.wants_ack), (r#""ask""#, r#"["ask",{"a":[1]}]"#, 1));
    let (list, file) = (argument(A::ITEMS, r#"[ true , ["x"] ]"#), argument(A::ATTACHMENT, ""));
    // Arguments may lie in what the event shows.
    let arguments = [list, sansocket_argument { text: asked.name, ..argument(A::JSON, "") }, file];
    let attachments = [sansocket_bytes { data: [1, 2].as_mut_ptr(), len: 2 }];
    let answer = sansocket_emit {
        arguments: arguments.as_ptr(),
        argument_count: 3,
        attachments: attachments.as_ptr(),
        attachment_count: 1,
        ..*zeroed()
    };
    let ack = |c: &mut C, asker| unsafe { sansocket_socketio_ack(&mut *c.io, &mut *c.session, 0, asker, &answer) };
    assert_eq!(ack(&mut c, &asked.asker), sansocket_result::OK);
    c.expect(E::NONE);
    assert_eq!(c.got(), [r#"461-/admin,5[true,["x"],"ask",{"_placeholder":true,"num":0}]"#, "b0102"]);
    let stale = sansocket_asker { connection: asked.asker.connection + 1, ..asked.asker };
    assert_eq!(ack(&mut c, &stale).0, socketio_result::STALE.0);

    // The answer to an event of ours, with an attachment.
    let (done, sent) = c.emit(&sansocket_emit { ack_within_ms: 1_000, ..event(id, "ask") });
    assert_eq!(done, sansocket_result::OK);
    assert_eq!(c.got(), [format!(r#"42/admin,{}["ask"]"#, sent.ack)]);
    c.serve(&[&format!(r#"461-/admin,{}["got",{{"_placeholder":true,"num":0}}]"#, sent.ack), "bff00"]);
    let answer = c.expect(E::ACK);
    assert_eq!((answer.ack, answer.attachments, answer.name.len), (sent.ack, 1, 0));
    assert_eq!(str_at(answer.json), r#"["got",{"_placeholder":true,"num":0}]"#);
    let attachment = c.expect(E::ATTACHMENT);
    assert_eq!((bytes(attachment.data, attachment.len), attachment.attachment, attachment.attachments), (&[0xff, 0][..], 0, 1));
    // It lies where the session may be asked to send it from.
    let [input, ..] = &c.lent.session;
    assert!(input.as_ptr_range().contains(&attachment.data));
    c.expect(E::NONE);

    unsafe { sansocket_socketio_disconnect(&mut *c.io, &mut *c.session, 0, id) };
    assert_eq!(state(&c, id), "leaving");
    let left = c.expect(E::DISCONNECTED);
    assert_eq!((c_text(sansocket_socketio_reason_text(left.reason)), left.is_final), ("io client disconnect", 1));
    assert_eq!(c.got(), ["41/admin,"]);
}

#[test]
fn an_answer_that_stays_out_fails_and_slots_have_an_end() {
    let (mut c, id) = joined();
    let ask = sansocket_emit { ack_within_ms: 1_000, ..event(id, "ask") };
    assert_eq!((c.emit(&ask).0, c.emit(&ask).0), (sansocket_result::OK, sansocket_result::OK));
    assert_eq!(c.emit(&ask).0.0, socketio_result::NO_ACK_SLOT.0);
    let next = |c: &C| unsafe {
        let io: *const _ = &*c.io;
        (
            sansocket_socketio_get_next_timeout(io, &*c.session),
            sansocket_socketio_poll_timeout(io, &*c.session, c.now),
            sansocket_session_poll_timeout(&*c.session, c.now),
        )
    };
    assert!(matches!(next(&c), (1_000, 1_000, other) if other != 1_000), "{:?}", next(&c));
    c.expect(E::NONE);
    c.now = 1_000;
    assert_eq!(c.got().len(), 2);
    for ack in [0, 1] {
        let failed = c.expect(E::ACK_FAILED);
        assert_eq!((failed.ack, failed.ack_error), (ack, sansocket_socketio_ack_error::TIMEOUT));
    }
    c.expect(E::NONE);
    // Without a slot, an event that wants no answer.
    assert_eq!(c.emit(&sansocket_emit { is_volatile: 1, ..event(id, "x") }).0, sansocket_result::OK);
    let (result, sent) = c.emit(&ask);
    assert_eq!(result, sansocket_result::OK);
    // The connection ends: an event that left is lost, and what comes is another connection's.
    c.serve(&["9"]);
    let down = c.expect(E::DOWN);
    assert_eq!((down.fault, down.session.r#type), (sansocket_socketio_fault::ENGINE, sansocket_session_event_type::DOWN));
    assert_eq!(c_text(sansocket_socketio_result_text(down.error)), EngineError::UnknownType.text());
    assert_eq!(down.session.cause, sansocket_session_cause::DROPPED);
    assert!(down.session.retry_in_ms < 10_000 && down.session.count > 0);
    let left = c.expect(E::DISCONNECTED);
    assert_eq!((left.reason, left.is_final), (sansocket_socketio_reason::PARSE_ERROR, 0));
    let failed = c.expect(E::ACK_FAILED);
    assert_eq!((failed.ack, failed.ack_error), (sent.ack, sansocket_socketio_ack_error::LOST));
    c.expect(E::NONE);
    // A volatile event is dropped without a connection.
    let (_, sent) = c.emit(&sansocket_emit { is_volatile: 1, ..event(id, "x") });
    let dropped = c.expect(E::SESSION).session;
    assert_eq!((dropped.r#type, dropped.first_number), (sansocket_session_event_type::DROPPED, sent.number));
}

#[test]
fn a_server_that_does_not_let_us_in_says_why() {
    let mut c = C::new();
    let (id, other) = (c.connect("/"), c.connect("/b"));
    assert_eq!(c.connect("/"), id);
    c.up();
    c.expect(E::JOINING);
    c.expect(E::JOINING);
    c.expect(E::NONE);
    assert_eq!(c.got(), ["40", "40/b,"]);
    c.serve(&[r#"44{"message":"no"}"#, "40/b"]);
    let refused = c.expect(E::CONNECT_ERROR);
    assert_eq!((refused.namespace_id, refused.refusal), (id, sansocket_socketio_refusal::REFUSED));
    let mut message = *zeroed();
    let get = |key: &str, value| unsafe { sansocket_json_get(refused.json, text(key).data, key.len(), value) };
    assert_eq!(get("message", &mut message), sansocket_result::OK);
    assert_eq!(str_at(message.json), r#""no""#);
    assert_eq!(get("data", &mut message).0, socketio_result::OTHER_KIND.0);
    let old = c.expect(E::CONNECT_ERROR);
    assert_eq!((old.namespace_id, old.refusal, old.json.len), (other, sansocket_socketio_refusal::OLD_SERVER, 0));
    assert_eq!((state(&c, id), state(&c, other)), ("off", "off"));
    assert_eq!(c.emit(&event(id, "x")).0.0, socketio_result::NOT_CONNECTED.0);
}

#[test]
fn what_no_server_would_take_is_not_emitted() {
    let (mut c, id) = joined();
    let mut emit = |change: &dyn Fn(&mut sansocket_emit, &mut [sansocket_argument; 2])| {
        let mut arguments = [argument(A::TEXT, "a"), argument(A::JSON, "1")];
        let mut emit = event(id, "name");
        (emit.arguments, emit.argument_count) = (arguments.as_ptr(), 2);
        change(&mut emit, &mut arguments);
        c.emit(&emit).0
    };
    assert_eq!(emit(&|_, _| {}), sansocket_result::OK);
    let packet = |error: PacketError| sansocket_result::from(error);
    let invalid_utf8 = sansocket_result::from(::sansocket::UsageError::InvalidUtf8);
    assert_eq!(emit(&|emit, _| emit.name = text("connect")), packet(PacketError::ReservedEventName));
    assert_eq!(emit(&|_, arguments| arguments[1].text = text("{")), packet(PacketError::InvalidJson));
    assert_eq!(emit(&|_, arguments| arguments[1] = argument(A::ITEMS, "{}")), packet(PacketError::WrongPayload));
    assert_eq!(emit(&|_, arguments| arguments[1] = argument(A::ITEMS, "[1")), packet(PacketError::InvalidJson));
    assert_eq!(emit(&|_, arguments| arguments[1].r#type = A::ATTACHMENT), packet(PacketError::InvalidPlaceholder));
    assert_eq!(emit(&|_, arguments| arguments[1].r#type = A(0)), sansocket_result::INVALID_ARGUMENT);
    assert_eq!(emit(&|_, arguments| arguments[0].text.data = b"\xff".as_ptr().cast()), invalid_utf8);
    assert_eq!(emit(&|emit, _| emit.name.data = b"\xff\xff\xff\xff".as_ptr().cast()), invalid_utf8);
    assert_eq!(emit(&|emit, _| emit.arguments = null()), sansocket_result::NULL_POINTER);
    assert_eq!(
        emit(&|emit, _| emit.arguments = emit.arguments.cast::<u8>().wrapping_add(1).cast()),
        sansocket_result::MISALIGNED
    );
    assert_eq!(emit(&|emit, _| emit.argument_count = usize::MAX), sansocket_result::LENGTH_TOO_LARGE);
    assert_eq!(emit(&|_, arguments| arguments[0].text.data = null()), sansocket_result::NULL_POINTER);
    assert_eq!(emit(&|_, arguments| arguments[0].text.len = usize::MAX), sansocket_result::LENGTH_TOO_LARGE);
    assert_eq!(emit(&|emit, _| emit.namespace_id += 1).0, socketio_result::NOT_CONNECTED.0);
    let eleven = [sansocket_bytes { data: null_mut(), len: 0 }; 11];
    let attach = |count| {
        move |emit: &mut sansocket_emit, _: &mut [sansocket_argument; 2]| {
            (emit.attachments, emit.attachment_count) = (eleven.as_ptr(), count)
        }
    };
    assert_eq!((emit(&attach(10)), emit(&attach(11))), (sansocket_result::OK, packet(PacketError::TooManyAttachments)));
    let long = "x".repeat(700);
    assert_eq!(emit(&|_, arguments| arguments[0] = argument(A::TEXT, &long)).0, socketio_result::TOO_LONG.0);
    // What is read lies apart from what is written: the memory of both.
    let written = [c.lent.memory.as_ptr(), c.lent.session[1].as_ptr(), c.lent.session[2].as_ptr()];
    for data in written {
        let overlapping = sansocket_emit { name: sansocket_text { data: data.cast(), len: 1 }, ..event(id, "") };
        assert_eq!(c.emit(&overlapping).0, sansocket_result::OVERLAP);
    }
    let slots = [c.lent.namespaces.as_ptr().cast::<u8>(), c.lent.acks.as_ptr().cast()];
    for data in slots {
        let attachments = [sansocket_bytes { data: data.cast_mut(), len: 1 }];
        let overlapping = sansocket_emit { attachments: attachments.as_ptr(), attachment_count: 1, ..event(id, "x") };
        assert_eq!(c.emit(&overlapping).0, sansocket_result::OVERLAP);
    }
}

#[test]
fn null_zeroed_memory_and_wrong_setups_are_results() {
    let mut lent = Lent::new([2048; 3], 1, 1, 200, 1);
    let good = lent.setup();
    let mut io = zeroed::<sansocket_socketio>();
    let mut session = zeroed::<sansocket_session>();
    let mut init = |change: &dyn Fn(&mut sansocket_socketio_setup)| {
        let mut setup = unsafe { std::ptr::read(&good) };
        change(&mut setup);
        unsafe { sansocket_socketio_init(&mut *io, &setup) }
    };
    assert_eq!(init(&|setup| setup.size -= 1), sansocket_result::WRONG_SIZE);
    assert_eq!(init(&|setup| setup.abi_version += 1), sansocket_result::WRONG_VERSION);
    assert_eq!(init(&|setup| setup.reserved_more[1] = 1), sansocket_result::INVALID_ARGUMENT);
    assert_eq!(init(&|setup| setup.namespaces = null_mut()), sansocket_result::NULL_POINTER);
    assert_eq!(init(&|setup| setup.acks = setup.acks.cast::<u8>().wrapping_add(1).cast()), sansocket_result::MISALIGNED);
    assert_eq!(init(&|setup| setup.ack_count = usize::MAX / 8), sansocket_result::LENGTH_TOO_LARGE);
    assert_eq!(init(&|setup| setup.acks = setup.namespaces.cast()), sansocket_result::OVERLAP);
    assert_eq!(init(&|setup| setup.memory = setup.acks.cast()), sansocket_result::OVERLAP);
    assert_eq!(init(&|setup| setup.memory_size = 127).0, socketio_result::MEMORY_TOO_SHORT.0);
    let mut config = zeroed::<sansocket_socketio_config>();
    assert_eq!(init(&|setup| setup.config = &*config), sansocket_result::NOT_INITIALISED);
    let set = |config: &mut sansocket_socketio_config, option, value| unsafe {
        sansocket_socketio_config_set(config, sansocket_socketio_option(option), value)
    };
    assert_eq!(set(&mut config, 1, 1), sansocket_result::NOT_INITIALISED);
    assert_eq!(unsafe { sansocket_socketio_config_init(&mut *config, &setup()) }, sansocket_result::OK);
    for (option, max) in [(1, 65_535), (2, u64::from(u32::MAX)), (3, 65_535)] {
        assert_eq!(set(&mut config, option, max), sansocket_result::OK);
        assert_eq!(set(&mut config, option, max + 1), sansocket_result::OUT_OF_RANGE, "{option}");
    }
    assert_eq!(
        (set(&mut config, 0, 0), set(&mut config, 4, 0)),
        (sansocket_result::INVALID_ARGUMENT, sansocket_result::INVALID_ARGUMENT)
    );
    assert_eq!(set(&mut config, 1, 200), sansocket_result::OK);
    assert_eq!(init(&|setup| setup.config = &*config), sansocket_result::OK);
    assert_eq!(init(&|setup| (setup.config, setup.memory_size) = (&*config, 199)).0, socketio_result::MEMORY_TOO_SHORT.0);
    // No answers are waited for.
    assert_eq!(init(&|setup| (setup.acks, setup.ack_count) = (null_mut(), 0)), sansocket_result::OK);
    let (mut event, mut id) = (*zeroed(), 0);
    unsafe {
        assert_eq!(sansocket_socketio_init(null_mut(), &good), sansocket_result::NULL_POINTER);
        assert_eq!(sansocket_socketio_init(&mut *io, null()), sansocket_result::NULL_POINTER);
        assert_eq!(sansocket_socketio_next(&mut *io, &mut *session, 0, &mut event), sansocket_result::NOT_INITIALISED);
        assert_eq!(sansocket_socketio_next(&mut *io, &mut *session, 0, null_mut()), sansocket_result::NULL_POINTER);
        let mut none = zeroed::<sansocket_socketio>();
        assert_eq!(sansocket_socketio_disconnect(&mut *none, &mut *session, 0, 1), sansocket_result::NOT_INITIALISED);
        assert_eq!(sansocket_socketio_disconnect(null_mut(), &mut *session, 0, 1), sansocket_result::NULL_POINTER);
        assert_eq!(sansocket_socketio_poll_timeout(&*io, &*session, 0), 0);
        assert_eq!(sansocket_socketio_get_next_timeout(null(), &*session), SANSOCKET_NEVER);
        assert_eq!(sansocket_socketio_get_state(null(), 1).0, 0);
        assert!(sansocket_socketio_get_name(null(), 1).data.is_null() && sansocket_socketio_get_name(&*io, 1).data.is_null());
        let started = lent.session_setup("ws://a/");
        assert_eq!(sansocket_session_init(&mut *session, &started), sansocket_result::OK);
        let connect = |io: &mut _, session: &mut _, name: &str, id| {
            sansocket_socketio_connect(io, session, 0, text(name).data, name.len(), id)
        };
        assert_eq!(connect(&mut *io, &mut *session, "/", null_mut()), sansocket_result::NULL_POINTER);
        assert_eq!(connect(&mut *io, &mut *session, "a", &mut id).0, socketio_result::INVALID_NAME.0);
        assert_eq!(
            connect(&mut *io, &mut *session, &format!("/{}", "a".repeat(128)), &mut id).0,
            socketio_result::NAME_TOO_LONG.0
        );
        assert_eq!(connect(&mut *io, &mut *session, "/", &mut id), sansocket_result::OK);
        assert_eq!(connect(&mut *io, &mut *session, "/b", &mut id).0, socketio_result::NO_NAMESPACE_SLOT.0);
        assert_eq!(sansocket_socketio_emit(&mut *io, &mut *session, 0, null(), null_mut()), sansocket_result::NULL_POINTER);
        assert_eq!(sansocket_socketio_ack(&mut *io, &mut *session, 0, null(), &*zeroed()), sansocket_result::NULL_POINTER);
        // The memory of one is the other's.
        let [input, ..] = &mut lent.session;
        let shared = sansocket_socketio_setup { memory: input.as_mut_ptr(), memory_size: input.len(), ..std::ptr::read(&good) };
        assert_eq!(sansocket_socketio_init(&mut *io, &shared), sansocket_result::OK);
        assert_eq!(sansocket_socketio_next(&mut *io, &mut *session, 0, &mut event), sansocket_result::OVERLAP);
        assert_eq!(connect(&mut *io, &mut *session, "/", &mut id), sansocket_result::OVERLAP);
    }
}

#[test]
fn json_is_walked_copied_and_made() {
    let json = |json: &'static str| text(json);
    let items = |text, skip, values: &mut [sansocket_json]| unsafe {
        sansocket_json_items(text, skip, values.as_mut_ptr(), values.len())
    };
    let mut values = [*zeroed::<sansocket_json>(); 8];
    let all = json(r#"["say", null,true ,false,-1.5e3,"x\"y",[1,[2]],{"a":1}]"#);
    assert_eq!(items(all, 0, &mut values), 8);
    let kinds = values.map(|value| (value.kind.0, value.is_true));
    assert_eq!(kinds, [(3, 0), (0, 0), (1, 1), (1, 0), (2, 0), (3, 0), (4, 0), (5, 0)]);
    assert_eq!(values.map(|value| str_at(value.json))[5..], [r#""x\"y""#, "[1,[2]]", r#"{"a":1}"#]);
    assert!(values.iter().all(|value| value.key.data.is_null()));
    let mut two = [*zeroed::<sansocket_json>(); 2];
    assert_eq!((items(all, 6, &mut two), str_at(two[0].json), str_at(two[1].json)), (8, "[1,[2]]", r#"{"a":1}"#));
    assert_eq!((items(all, 7, &mut two), str_at(two[0].json), str_at(two[1].json)), (8, r#"{"a":1}"#, r#"{"a":1}"#));
    assert_eq!((items(all, usize::MAX, &mut two), items(all, 0, &mut [])), (8, 8));
    let members = json(r#"{"k\n":1, "b" :[ ]}"#);
    assert_eq!(items(members, 0, &mut two), 2);
    assert_eq!(two.map(|member| (str_at(member.key), str_at(member.json))), [(r"k\n", "1"), ("b", "[ ]")]);
    for nothing in [r#""x""#, "1", "[]", "{}", "", "[1", "nothing"] {
        assert_eq!(items(json(nothing), 0, &mut two), 0, "{nothing}");
    }
    unsafe {
        assert_eq!(sansocket_json_items(all, 0, null_mut(), 1), 0);
        assert_eq!(sansocket_json_items(all, 0, null_mut(), 0), 8);
        assert_eq!(sansocket_json_items(sansocket_text { data: null(), len: 1 }, 0, null_mut(), 0), 0);
        let mut overlapping = [0_u64; 8];
        let inside = sansocket_text { data: overlapping.as_ptr().cast(), len: 8 };
        assert_eq!(sansocket_json_items(inside, 0, overlapping.as_mut_ptr().cast(), 1), 0);
        assert_eq!(sansocket_json_items(all, 0, overlapping.as_mut_ptr().cast(), usize::MAX), 0);
    }

    let equals = |text: sansocket_text, other: &str| unsafe { sansocket_json_equals(text, other.as_ptr().cast(), other.len()) };
    assert_eq!((equals(json(r#""gr\u00fc\u00df""#), "grüß"), equals(json(r#""say""#), "sa"), equals(json("1"), "1")), (1, 0, 0));
    let mut out = [0_u8; 8];
    let mut found = text("");
    let copy = |from, out: &mut [u8], found: &mut sansocket_text| unsafe {
        sansocket_json_text(from, out.as_mut_ptr().cast(), out.len(), found)
    };
    assert_eq!(copy(json(r#""gr\u00fc\u00df""#), &mut out, &mut found), sansocket_result::OK);
    assert_eq!(str_at(found), "grüß");
    let too_short = sansocket_result::from(::sansocket::UsageError::BufferTooShort);
    assert_eq!(copy(json(r#""123456789""#), &mut out, &mut found), too_short);
    assert_eq!(copy(json("12"), &mut out, &mut found).0, socketio_result::OTHER_KIND.0);
    assert_eq!(copy(json("\"12"), &mut out, &mut found), PacketError::InvalidJson.into());
    let itself = sansocket_text { data: out.as_ptr().cast(), len: 4 };
    assert_eq!(copy(itself, &mut out, &mut found), sansocket_result::OVERLAP);

    let integer = |from| {
        let mut integer = 0;
        let done = unsafe { sansocket_json_integer(from, &mut integer) };
        if done == sansocket_result::OK { Ok(integer) } else { Err(done.0) }
    };
    let max = json::MAX_SAFE_INTEGER as i64;
    assert_eq!((integer(json("9007199254740991")), integer(json(" -9007199254740991 "))), (Ok(max), Ok(-max)));
    assert_eq!((integer(json("0")), integer(json("-0"))), (Ok(0), Ok(0)));
    for other in ["9007199254740992", "1.0", "1e3", "\"1\"", "null"] {
        assert_eq!(integer(json(other)), Err(socketio_result::OTHER_KIND.0), "{other}");
    }
    for wrong in ["--1", "-", "", "01", "+1"] {
        assert_eq!(integer(json(wrong)), Err(socketio_result::PACKET_INVALID_JSON.0), "{wrong}");
    }

    let escape = |from: &str, out: &mut [u8], found: &mut sansocket_text| unsafe {
        sansocket_json_escape(from.as_ptr().cast(), from.len(), out.as_mut_ptr().cast(), out.len(), found)
    };
    assert_eq!(escape("a\"\n\u{1}", &mut [0; 12], &mut found), too_short);
    let mut out = [0_u8; 13];
    assert_eq!(escape("a\"\n\u{1}", &mut out, &mut found), sansocket_result::OK);
    assert_eq!(str_at(found), r#""a\"\n\u0001""#);
}

#[test]
fn urls_lead_to_servers_and_namespaces() {
    let mut out = [0_u8; 80];
    let mut found = *zeroed::<sansocket_target>();
    let mut target = |url: &str, path: &str, size| unsafe {
        let (url, path, out) = (text(url), text(path), out.as_mut_ptr().cast());
        let done = sansocket_socketio_target(url.data, url.len, path.data, path.len, out, size, &mut found);
        (done, str_at(found.url), str_at(found.namespace_name))
    };
    assert_eq!(
        target("https://h:1/admin?a=b", "", 80),
        (sansocket_result::OK, "wss://h:1/socket.io/?EIO=4&transport=websocket&a=b", "/admin")
    );
    assert_eq!(target("http://h", "/io", 80), (sansocket_result::OK, "ws://h/io/?EIO=4&transport=websocket", "/"));
    assert_eq!(target("http://h", "/io", 35).0, sansocket_result::from(::sansocket::UsageError::BufferTooShort));
    assert_eq!(target("ftp://h", "", 80).0, sansocket_result::from(::sansocket::UrlError::InvalidScheme));
    let url = text("http://h");
    let out = out.as_mut_ptr().cast();
    assert_eq!(unsafe { sansocket_socketio_target(url.data, 8, out, 1, out, 80, &mut found) }, sansocket_result::OVERLAP);
}

#[test]
fn results_and_faults_have_rusts_texts() {
    let result = |result: sansocket_result| c_text(sansocket_socketio_result_text(result)).to_owned();
    for &error in PacketError::ALL {
        assert_eq!(result(error.into()), error.to_string());
    }
    for &error in EngineError::ALL {
        assert_eq!(result(error.into()), error.to_string());
    }
    for &error in ConnectError::ALL {
        assert_eq!(result(error.into()), error.to_string());
    }
    for error in [EmitError::NotConnected, EmitError::Stale, EmitError::NoAckSlot, EmitError::TooLong] {
        assert_eq!(result(error.into()), error.to_string());
    }
    let full = ::sansocket_session::SendError::Full;
    assert_eq!(result(EmitError::Session(full).into()), full.to_string());
    assert_eq!(result(sansocket_result::OVERLAP), "output, input or lent memory overlap");
    for fault in [Fault::PingTimeout, Fault::OpenTimeout, Fault::ClosedByServer, Fault::Unexpected] {
        assert_eq!(c_text(sansocket_socketio_fault_text((&fault).into())), fault.to_string());
    }
    use Reason as R;
    for reason in [
        R::IoServerDisconnect,
        R::IoClientDisconnect,
        R::PingTimeout,
        R::TransportClose,
        R::TransportError,
        R::ParseError,
        R::ForcedClose,
    ] {
        assert_eq!(c_text(sansocket_socketio_reason_text(reason.into())), reason.as_str());
    }
    let own = |text: &str| PacketError::ALL.iter().any(|error| error.text() == text);
    for number in 1280..1400 {
        let text = result(sansocket_result(number));
        let is_packet = (1312..1329).contains(&number);
        assert!(own(&text) || !is_packet, "{number}: {text}");
    }
    for number in [50, u32::MAX] {
        assert_eq!(result(sansocket_result(1280 | number)), "a result that this version does not know");
        assert_eq!(c_text(sansocket_socketio_event_text(E(number))), "unknown event");
        assert_eq!(c_text(sansocket_socketio_state_text(sansocket_socketio_state(number))), "unknown state");
    }
}
