//! RFC 9110 §7.2, RFC 3986 §3.2: hosts and their ports, as a server reads them and a client sends them, judged by the second grammar of
//! `support::http` and by core's parser of addresses.
mod property;
mod support;

use core::cell::Cell;

use property::{count, one_of, property};
use proptest::collection::vec;
use proptest::prelude::*;
use sansocket::{CallError, ClientRequest, Connection, Event, Url, UsageError};
use support::entropy::Counter;
use support::http::*;
use support::{AMPLE, DEFAULT, ms};

/// Whether a server takes `lines` (start line and header lines) as a request, and the host that it reads out of it.
fn read_host(wire: &[u8]) -> Option<Vec<u8>> {
    let mut conn = Connection::server(&DEFAULT, ms(0));
    let (mut input, mut out) = (wire.to_vec(), [0; AMPLE]);
    let received = conn.receive(ms(0), &mut input, &mut out).unwrap();
    let produced = received.produced;
    match received.event {
        Some(Event::Request(request) | Event::HttpRequest(request)) => Some(request.host().unwrap_or_default().to_vec()),
        Some(Event::Failed { .. }) => {
            assert_eq!(status_of(&out[..produced]), 400);
            None
        }
        other => panic!("{other:?}"),
    }
}

/// A request with a Host header of any bytes: an opening handshake, or plain of either version.
fn wire_with(host: &[u8], kind: usize) -> Vec<u8> {
    let (line, more) = match kind {
        0 => ("GET / HTTP/1.1", REQUEST[2..].join("\r\n") + "\r\n"),
        1 => ("POST / HTTP/1.1", String::new()),
        _ => ("GET / HTTP/1.0", String::new()),
    };
    [line.as_bytes(), b"\r\nHost: ", host, b"\r\n", more.as_bytes(), b"\r\n"].concat()
}

fn trimmed(value: &[u8]) -> &[u8] {
    let is_blank = |byte: &u8| matches!(byte, b' ' | b'\t');
    let start = value.iter().take_while(|byte| is_blank(byte)).count();
    let end = value[start..].iter().rev().take_while(|byte| is_blank(byte)).count();
    &value[start..value.len() - end]
}

/// Whether the second grammar has `host`, whatever its bytes.
fn is_good(host: &[u8]) -> bool {
    core::str::from_utf8(host).is_ok_and(is_authority)
}

/// Whether a client sends `host`; if not, it says why before a byte is written.
fn is_sent(host: &str) -> bool {
    let entropy = Counter::default();
    let mut conn = Connection::client(&DEFAULT, entropy.clone(), ms(0));
    let mut out = [0xA5; 600];
    match conn.request(&ClientRequest::new(host, "/"), ms(0), &mut out) {
        Ok(len) => {
            let text = core::str::from_utf8(&out[..len]).unwrap();
            assert_eq!(text.matches(&format!("\r\nHost: {host}\r\n")).count(), 1);
            true
        }
        Err(error) => {
            assert_eq!(error, CallError::from(UsageError::InvalidHost));
            assert!(out == [0xA5; 600] && entropy.draws().is_empty());
            false
        }
    }
}

/// K-01, HT-06, HS-02, HC-03: every host of up to two bytes, of one byte between others, and of one byte as a port, in opening handshakes and
/// in plain requests of both versions, and from a client: taken and sent if and only if the second grammar has it.
#[test]
fn every_short_host_by_a_second_grammar() {
    let ones = (0..=255_u8).flat_map(|byte| {
        [
            vec![byte],
            vec![b'a', byte, b'b'],
            vec![b'h', b':', byte],
            vec![b'[', byte, b']'],
            vec![b'%', b'4', byte],
            vec![b'%', byte, b'F'],
        ]
    });
    let twos = (0..=u16::MAX).map(|pair| pair.to_be_bytes().to_vec());
    let mut good = 0;
    for (i, host) in [vec![]].into_iter().chain(ones).chain(twos).enumerate() {
        if host == b"\r\n" {
            continue;
        }
        let bare = trimmed(&host);
        let kinds = if host.len() == 2 { i % 3..i % 3 + 1 } else { 0..3 };
        for kind in kinds {
            let expected = is_good(bare).then_some(bare.to_vec());
            assert_eq!(read_host(&wire_with(&host, kind)), expected, "{}", host.escape_ascii());
        }
        good += usize::from(is_good(bare));
        if let Ok(text) = core::str::from_utf8(&host) {
            assert_eq!(is_sent(text), is_authority(text), "{text:?}");
        }
    }
    assert!(good > 5_000, "{good}");
}

/// K-01, HT-06: two Hosts, equal or not, and none: 400, except that HTTP/1.0 needs none.
#[test]
fn every_number_of_hosts_in_every_version() {
    for version in 0..=9 {
        for count in 0..=3 {
            for other in ["h", "H", "other", "", "h:80"] {
                let hosts: String = (0..count).map(|i| format!("Host: {}\r\n", if i == 0 { "h" } else { other })).collect();
                let wire = format!("GET / HTTP/1.{version}\r\nX: y\r\n{hosts}Y: z\r\n\r\n");
                let expected = count == 1 || count == 0 && version == 0;
                assert_eq!(read_host(wire.as_bytes()).is_some(), expected, "{wire:?}");
            }
        }
    }
}

/// K-02, HT-06, HC-03: random IP literals, most of them nearly right, with zones and without, with ports and without, as a Host header, as the
/// authority of a target, from a client and in a URL: an address if and only if it is one for core, and never with a zone.
#[test]
fn random_ip_literals_as_core_reads_them() {
    let pieces = [":", ":", "::", "0", "1", "12af", "FFFF", "12345", "g", "1.2.3.4", "256.1.1.1", "01.2.3.4", "1.2.3", "."];
    let end = ["", "", "", "", "%eth0", "%25eth0", "%1", "]", "x"];
    let ports = ["", "", ":", ":80", ":65535", ":65536", ":x", "x", "80", ":1:2", "::"];
    // Eight groups, or nearly, some of them cut away for `::`.
    let groups = (vec(one_of(&["0", "1", "abcd", "1", "ffff"]), 9), one_of(&[8, 8, 8, 7, 6, 9]), one_of(&[0, 0, 1, 2]));
    let groups = groups.prop_map(|(groups, len, cuts)| groups[..len].join(":").replacen(":1:", "::", cuts));
    let address = prop_oneof![2 => vec(one_of(&pieces), 1..8).prop_map(|pieces| pieces.concat()), 1 => groups];
    let counts = [Cell::new(0), Cell::new(0)];
    property(40_000, (address, one_of(&end), one_of(&ports), 0..3_usize), |(address, end, port, kind)| {
        let host = format!("[{address}{end}]{port}");
        let is_port = match port.strip_prefix(':') {
            Some(digits) => digits.is_empty() || digits.parse::<u16>().is_ok_and(|_| !digits.starts_with('+')),
            None => port.is_empty(),
        };
        let expected = end.is_empty() && is_port && address.parse::<std::net::Ipv6Addr>().is_ok();
        count(&counts[usize::from(expected)]);
        assert_eq!(is_authority(&host), expected, "the second grammar on {host}");
        let bytes = host.clone().into_bytes();
        assert_eq!(read_host(&wire_with(&bytes, kind)), expected.then_some(bytes.clone()), "{host}");
        let target = format!("GET http://{host}/x HTTP/1.1\r\nHost: h\r\n\r\n");
        assert_eq!(read_host(target.as_bytes()), expected.then_some(bytes), "{target}");
        assert_eq!(is_sent(&host), expected, "{host}");
        match Url::parse(&format!("ws://{host}/")) {
            Ok(url) => assert!(expected && url.host() == address, "{url:?}"),
            Err(_) => assert!(!expected, "{host} as a URL"),
        }
    });
    assert!(counts.iter().all(|count| count.get() > 1_200), "{counts:?}");
    // The other literal of the grammar is valid on the wire, but nothing can be connected to it.
    for future in ["[v1.x]", "[vF.a:b]", "[V0.~!$]"] {
        assert!(is_authority(future) && is_sent(future) && read_host(&wire_with(future.as_bytes(), 1)).is_some());
        assert!(Url::parse(&format!("ws://{future}/")).is_err());
    }
}
