//! Law 6: payload is unmasked where it lies, and nothing beside it is touched.
mod support;

use sansocket::{Event, MessageKind, Role};
use support::frames::*;
use support::{ms, open};

/// B-39, B-06, B-44: of the whole buffer, only the bytes of the delivered payload change, by the formula of §5.3: neither
/// its header, nor the frame before or after it, nor canaries around them.
#[test]
fn unmasking_changes_the_delivered_payload_only() {
    let payload: Vec<u8> = (0..200).collect();
    for len in [0, 1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 33, 48, 125, 126, 127, 128, 129, 200] {
        for first in [FIN | BINARY, BINARY, FIN | PING] {
            if first == FIN | PING && len > 125 {
                continue;
            }
            let front = frame_to(Role::Server, FIN | TEXT, b"before");
            let wire =
                [front.clone(), frame_to(Role::Server, first, &payload[..len]), frame_to(Role::Server, FIN | PONG, b"after")]
                    .concat();
            let header = if len < 126 { 6 } else { 8 };
            let start = front.len() + header;
            for known in 0..=len {
                // Canaries before and after what the call is given.
                let mut memory = [&[0xA5; 16], &wire[..], &[0xA5; 16]].concat();
                let mut expected = memory.clone();
                expected[16 + 6..16 + front.len()].copy_from_slice(b"before");
                let mut conn = open(Role::Server);
                let mut out = [0; 131];
                let end = start + known;
                let received = conn.receive(ms(0), &mut memory[16..16 + end], &mut out).unwrap();
                assert!(matches!(received.event, Some(Event::Data(ref data)) if data.kind == MessageKind::Text));
                let at = 16 + received.consumed;
                let received = conn.receive(ms(0), &mut memory[at..16 + end], &mut out).unwrap();
                let is_shown = match received.event {
                    // An unfinished Ping is left as it came.
                    None => false,
                    Some(Event::Data(_) | Event::Ping { .. }) => true,
                    Some(event) => panic!("{event:?}"),
                };
                assert!(is_shown == (known == len) || first != FIN | PING);
                if is_shown {
                    expected[16 + start..16 + end].copy_from_slice(&payload[..known]);
                }
                assert!(memory == expected, "{len} bytes, {known} there, first byte {first:02x}");
            }
        }
    }
}
