//! §10: what must not be predictable, visible in logs, or decided by a default.
mod support;

use core::marker::PhantomData;

use sansocket::frame::{FrameHeader, Opcode};
use sansocket::{
    Accept, CallError, Connection, Entropy, EntropyError, Event, Header, MessageKind, Negotiated, NoEntropy, Origin, Request,
    Role, accept_key,
};
use support::frames::*;
use support::http::{client_key, head, request_but, response_with};
use support::{Case, DEFAULT, ROLES, ms};

/// The bytes of a secret in all the ways in which a log could show them.
fn forms(secret: &[u8]) -> [String; 4] {
    [
        String::from_utf8_lossy(secret).into_owned(),
        format!("{secret:?}").trim_matches(['[', ']']).to_owned(),
        format!("{secret:x?}").trim_matches(['[', ']']).to_owned(),
        secret.iter().map(|byte| format!("{byte:02x}")).collect(),
    ]
}

fn has_no(text: &str, secrets: &[&[u8]]) {
    for secret in secrets {
        for form in forms(secret) {
            assert!(!text.contains(&form), "{form:?} in {text}");
        }
    }
}

/// C-22, §10.6: neither nonce nor masking keys nor payload of a connection are in text formatted for logs, whatever the state.
#[test]
fn debug_output_of_a_connection_has_no_keys() {
    // The entropy of the tests gives 1, 2, 3: the nonce, then the keys.
    let nonce: Vec<u8> = (1..=16).collect();
    let secrets: [&[u8]; 4] =
        [&nonce, client_key().as_bytes(), &KEY, &[17, 18, 19, 20]].map(|secret| secret.to_vec().leak() as &[u8]);
    for role in ROLES {
        let mut probe = Case::handshake(role).start();
        has_no(&format!("{:?} {:#?}", probe.conn, probe.conn), &secrets);
        probe.feed(&support::http::good_head_to(role));
        probe.write(|conn, out| conn.send(MessageKind::Text, b"sent in clear?", false, out));
        // Inside a masked frame the key is part of the state.
        probe.feed(&frame_to(role, BINARY, b"some payload")[..9]);
        has_no(&format!("{:?} {:#?}", probe.conn, probe.conn), &[&secrets[..], &[b"sent in clear?", b"some"]].concat());
        probe.eof();
        has_no(&format!("{:?}", probe.conn), &secrets);
    }
    let header = FrameHeader { fin: true, rsv: 0, opcode: Opcode::Text, masking_key: Some(KEY), payload_len: 5 };
    has_no(&format!("{header:?} {header:#?}"), &secrets);
}

/// C-22: nor are cookies, credentials and tokens that a server or a client finds in a head.
#[test]
fn debug_output_of_heads_has_no_credentials() {
    let secrets: [&[u8]; 2] = [b"s3cr3t", b"dGhlIHNhbXBsZSBub25jZQ=="];
    let mut wire = request_but(0, "GET /chat?token=s3cr3t HTTP/1.1");
    wire.truncate(wire.len() - 2);
    wire.extend(b"Cookie: id=s3cr3t\r\nAuthorization: Bearer s3cr3t\r\n\r\n");
    let request = Request::parse(&wire, &DEFAULT).unwrap().unwrap();
    has_no(&format!("{request:?} {:?} {:#?}", request.headers(), request.headers().last()), &secrets);
    let received = Connection::server(&DEFAULT, ms(0))
        .receive(ms(0), &mut wire.clone(), &mut [0; 131])
        .map(|received| format!("{received:?}"));
    has_no(&received.unwrap(), &secrets);
    for wire in [
        response_with(&["Set-Cookie: id=s3cr3t"]),
        head(&["HTTP/1.1 401 Unauthorized", "WWW-Authenticate: Digest nonce=\"s3cr3t\"", "Location: /?token=s3cr3t"]),
    ] {
        let mut client = Case::handshake(Role::Client).start().conn;
        let mut input = wire.clone();
        let received = client.receive(ms(0), &mut input, &mut [0; 131]).unwrap();
        assert!(matches!(received.event, Some(Event::Opened(_) | Event::Refused { .. })));
        has_no(&format!("{received:?}"), &secrets);
    }
    let headers = [Header::new("Authorization", "s3cr3t")];
    has_no(&format!("{:?}", Accept::new(Origin::Any).headers(&headers)), &secrets);
}

/// F-10, B-27: without entropy there is no constant key instead: not a byte is written.
#[test]
fn client_without_entropy_sends_nothing() {
    let mut client = Connection::open(Role::Client, &DEFAULT, NoEntropy, Negotiated::NOTHING, ms(0));
    let mut out = [0xA5; 64];
    assert_eq!(client.send_text("Hello", &mut out), Err(CallError::EntropyFailed));
    assert_eq!(client.ping(b"", &mut out), Err(CallError::EntropyFailed));
    assert_eq!(client.close(None, "", ms(0), &mut out), Err(CallError::EntropyFailed));
    let mut client = Connection::client(&DEFAULT, NoEntropy, ms(0));
    assert_eq!(client.request(&sansocket::ClientRequest::new("a", "/"), ms(0), &mut [0xA5; 500]), Err(CallError::EntropyFailed));
    assert_eq!(out, [0xA5; 64]);
}

/// Whether `T` has a default: the associated constant of the type itself, where its bound holds, takes precedence over that of the trait.
struct HasDefault<T>(PhantomData<T>);

trait Otherwise {
    const IS: bool = false;
}

impl<T> Otherwise for HasDefault<T> {}

impl<T: Default> HasDefault<T> {
    const IS: bool = true;
}

/// HS-13, C-21, F-10, B-25: there is no default for the decision on Origin, nor for a client's entropy source: code that names none does
/// not compile.
#[test]
fn origin_and_entropy_have_no_default() {
    const { assert!(HasDefault::<u8>::IS && HasDefault::<NoEntropy>::IS, "the question itself works") };
    const { assert!(!HasDefault::<Origin<'static>>::IS && !HasDefault::<Accept<'static>>::IS) };
    const { assert!(!HasDefault::<Connection<'static>>::IS && !HasDefault::<Connection<'static, &mut NoEntropy>>::IS) };
    // All fields of a decision are named here: one that is added has to be looked at.
    let Accept { origin, subprotocol, headers, .. } = Accept::new(Origin::OneOf(&[]));
    assert!(matches!(origin, Origin::OneOf([])) && subprotocol.is_none() && headers.is_empty());
}

/// Bytes 1, 2, 3 and so on, noting how many were drawn.
struct Counting<'a>(&'a core::cell::Cell<u8>);

impl Entropy for Counting<'_> {
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), EntropyError> {
        for byte in bytes {
            self.0.set(self.0.get() + 1);
            *byte = self.0.get();
        }
        Ok(())
    }
}

/// F-28, B-27, §10.3: the key is drawn by the call that is given the payload, and that call writes the whole frame: whoever chooses
/// the payload cannot know the key, and later changes to it have no effect. Each fragment has a key of its own.
#[test]
fn payload_is_masked_in_the_call_that_draws_the_key() {
    let drawn = core::cell::Cell::new(0);
    let mut client = Connection::open(Role::Client, &DEFAULT, Counting(&drawn), Negotiated::NOTHING, ms(0));
    let mut wire = Vec::new();
    let mut payload = *b"first piece";
    for (i, fin) in [false, false, true].into_iter().enumerate() {
        let mut out = [0; 100];
        assert_eq!(usize::from(drawn.get()), 4 * i);
        // Too little room: nothing is masked, and no key is drawn that would become known.
        assert!(client.send(MessageKind::Binary, &payload, fin, &mut out[..payload.len() + 5]).is_err());
        assert_eq!((usize::from(drawn.get()), out), (4 * i, [0; 100]));
        let len = client.send(MessageKind::Binary, &payload, fin, &mut out).unwrap();
        payload.fill(b'!');
        wire.extend(&out[..len]);
    }
    let frames = written_by(Role::Client, &wire);
    let keys: Vec<_> = frames.iter().map(|frame| frame.key.unwrap()).collect();
    assert_eq!(keys, [[1, 2, 3, 4], [5, 6, 7, 8], [9, 10, 11, 12]]);
    assert_eq!(plain(&frames)[0], (BINARY, b"first piece".to_vec()));
    assert!(frames[1..].iter().all(|frame| frame.payload == b"!!!!!!!!!!!"));
}

/// C-20, §10.8: SHA-1 is for the accept key alone: no public name gives it, and what gives the key takes the key and nothing else.
#[test]
fn sha1_is_not_public() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let source = |file: &str| std::fs::read_to_string(folder.join(file)).unwrap();
    let public = [source("lib.rs"), source("handshake/mod.rs")].concat();
    let shown: Vec<_> = public.lines().filter(|line| line.trim_start().starts_with("pub ")).collect();
    assert!(shown.len() > 10 && !shown.iter().any(|line| line.to_ascii_lowercase().contains("sha1")), "{shown:#?}");
    assert!(public.contains("\nmod handshake;\n") && public.contains("\nmod sha1;\n"));
    // The digest of the empty text cannot be obtained: the GUID is always hashed too.
    assert_ne!(&accept_key(b"")[..], b"2jmj7l5rSw0yVb/vlWAYkK/YBwk=");
    assert_eq!(&accept_key(b"")[..], support::http::accept_of("").as_bytes());
}

/// C-22, §10.6: the query of a URL or a target may be a credential (so `Request` leaves it out), the offered subprotocols may
/// carry one, and collected bytes are the users' own (`Data` leaves them out).
#[test]
fn debug_output_of_the_callers_values_has_no_secrets() {
    let mut leaks = Vec::new();
    let mut check = |name, text: String| {
        if text.contains("s3cr3t") || text.contains("115, 51, 99") {
            leaks.push(name);
        }
    };
    check("Url", format!("{:?}", sansocket::Url::parse("wss://a/chat?token=s3cr3t").unwrap()));
    check("ClientRequest", format!("{:?}", sansocket::ClientRequest::new("a", "/chat?token=s3cr3t")));
    check("Collector", format!("{:?}", sansocket::Collector::new(&mut b"s3cr3t".to_vec())));
    check("Tokens", format!("{:?}", sansocket::Tokens::of(b"bearer.s3cr3t")));
    assert!(leaks.is_empty(), "secrets in the Debug output of {leaks:?}");
}
