//! What a peer's bytes cost: heads and lists take work in proportion to their length, whatever the pieces they come in.
mod property;
mod support;

use std::time::{Duration, Instant as Clock};

use property::property;
use proptest::collection::vec;
use proptest::prelude::*;
use sansocket::{Config, Connection, Event, Role};
use support::entropy::Counter;
use support::http::{request_with, response_with};
use support::{Case, DEFAULT, ROLES, ms};

/// Limits that let a head of 64 KiB through.
static WIDE: Config<'static> = DEFAULT.max_head_len(100_000).max_header_lines(10_000);

fn start(role: Role) -> Connection<'static, Counter> {
    Case::handshake(role).with(&WIDE).start().conn
}

/// A good head for `role` of 64 KiB and a little more.
fn long_head(role: Role) -> Vec<u8> {
    let lines = ["X-Padding: 0123456789012345678901234567890123456789012345678901"; 1_030];
    let head = if role == Role::Server { request_with(&lines) } else { response_with(&lines) };
    assert!(head.len() > 64 << 10);
    head
}

fn opens(event: Option<Event<'_>>) -> bool {
    matches!(event, Some(Event::Request(_) | Event::Opened(_)))
}

/// HS-17, B-08, CVE-2023-43669: the scan of a head does not look again at what it has seen. To show it, every byte that was seen is
/// overwritten by NUL, which is allowed nowhere in a head: a second look would fail. (With its last byte the head is read
/// in place, so then it is there again.)
#[test]
fn scan_of_a_head_looks_at_each_byte_once() {
    for role in ROLES {
        let head = long_head(role);
        feed_and_forget(role, &head, &[1]);
        // Pieces of single bytes are as likely as those of some hundred.
        let len = (0_usize..10).prop_flat_map(|bits| 1_usize..=1 << bits);
        property(8, vec(len, 1..8), |lens| feed_and_forget(role, &head, &lens));
    }
}

/// Presents `head` in pieces of `lens`, repeated in turn, each overwritten once it was seen.
fn feed_and_forget(role: Role, head: &[u8], lens: &[usize]) {
    let mut conn = start(role);
    let mut input = vec![0; head.len()];
    let mut seen = 0;
    for len in lens.iter().cycle() {
        let end = seen + len;
        if end >= head.len() {
            break;
        }
        input[seen..end].copy_from_slice(&head[seen..end]);
        let received = conn.receive(ms(0), &mut input[..end], &mut [0; 131]).unwrap();
        assert!(received.consumed == 0 && received.event.is_none(), "{received:?} of {role:?} at {end}");
        input[seen..end].fill(0);
        seen = end;
    }
    input.copy_from_slice(head);
    assert!(opens(conn.receive(ms(0), &mut input, &mut [0; 131]).unwrap().event), "{role:?}");
}

/// Whether `long` takes less than `most` times as long as `short`. On a busy machine one of the two may be interrupted, so each begins with
/// a fresh share of the CPU, and it is measured again, up to thirty times: quadratic work is too slow every time.
fn is_less_than(most: u32, mut short: impl FnMut(), mut long: impl FnMut()) -> Result<(), [Duration; 2]> {
    let time = |work: &mut dyn FnMut()| {
        std::thread::yield_now();
        let start = Clock::now();
        work();
        start.elapsed()
    };
    let mut last = Ok(());
    for _ in 0..30 {
        let (short, long) = (time(&mut short), time(&mut long));
        if long < short * most {
            return Ok(());
        }
        last = Err([short, long]);
    }
    last
}

/// Presents the start of `head`, up to `len` bytes, with a byte more in each call.
fn feed_byte_by_byte(role: Role, head: &mut [u8], len: usize) -> Connection<'static, Counter> {
    let mut conn = start(role);
    for known in 1..=len {
        assert!(conn.receive(ms(0), &mut head[..known], &mut [0; 131]).unwrap().event.is_none());
    }
    conn
}

/// HS-17, B-08: and no other work of a call grows with what was presented before: 64 Ki calls with a byte more each for one head take as
/// long as for 128 heads of 512 bytes. (A second pass over each call's input would take a hundred times as long.)
#[test]
fn byte_by_byte_a_long_head_costs_what_short_ones_do() {
    for role in ROLES {
        let mut head = long_head(role);
        let mut again = head.clone();
        let short = || (0..128).for_each(|_| drop(feed_byte_by_byte(role, &mut head, 512)));
        let long = || drop(feed_byte_by_byte(role, &mut again, 64 << 10));
        assert_eq!(is_less_than(8, short, long), Ok(()), "{role:?}");
        assert!(opens(feed_byte_by_byte(role, &mut head, 64 << 10).receive(ms(0), &mut again, &mut [0; 131]).unwrap().event));
    }
}

/// B-16, CVE-2020-7662, CVE-2020-7663, CVE-2021-32640: lists, quoted strings and runs of blanks, 16 times as long: 16 times the work, not
/// 256 times.
#[test]
fn long_lists_cost_work_in_proportion() {
    let names = ["Sec-WebSocket-Extensions", "Sec-WebSocket-Protocol", "Connection", "Upgrade", "X"];
    for (start, run, end) in [
        ("a; b=\"", "\\x", "\""),
        ("a; b=\"", "x", "\""),
        ("a", " ", "b"),
        ("a", ",", ""),
        ("a", ",a", ""),
        ("a", ";a=b", ""),
        ("a", " ,", "a"),
    ] {
        for name in names {
            let judge = |len: usize| {
                let line = format!("{name}: {start}{}{end}", run.repeat(len / run.len()));
                let mut wire = request_with(&[&line]);
                move || {
                    let mut conn = Connection::server(&WIDE, ms(0));
                    assert_eq!(conn.receive(ms(0), &mut wire, &mut [0; 131]).unwrap().consumed, wire.len());
                }
            };
            assert_eq!(is_less_than(80, judge(4 << 10), judge(64 << 10)), Ok(()), "{name}: {start}{run}…{end}");
        }
    }
}
