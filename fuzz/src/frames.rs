//! Frames from the state OPEN on, against the reference model.

use crate::endpoint::{Endpoint, assert_strict};
use crate::input::{Frames, Pieces, Settings, Step};
use crate::support::frames::{CLOSE, FIN, PONG, plain, written_by};
use crate::support::model::{Verdict, code_of, judge};
use crate::support::probe::{Probe, Seen};
use crate::support::{AMPLE, Begin, Case, Transcript, ms};
use sansocket::{Accept, CallError, Config, Event, Origin, Role, State, UsageError};

/// Frames of a client, as a server receives them.
pub fn frames_server(input: &Frames<'_>) {
    frames(Role::Server, input);
}

/// Frames of a server, as a client receives them.
pub fn frames_client(input: &Frames<'_>) {
    frames(Role::Client, input);
}

fn frames(role: Role, input: &Frames<'_>) {
    let wire = input.wire.0;
    match &input.steps {
        Some(steps) => driven(role, input, steps, wire),
        None => delivered(role, input, wire),
    }
}

/// Law 2 and the model, in a delivery without verbs.
fn delivered(role: Role, input: &Frames<'_>, wire: &[u8]) {
    let (config, limits) = input.settings.config();
    let begin = input.begin();
    let case = Case { role, config: &config, begin };
    let seen = every_way(&case, &input.pieces, wire);
    let mut expected = judge(role, begin, limits, wire);
    adapt(&mut expected, &input.settings);
    assert_agrees(&expected, &seen, 0, &seen.output, role);
}

/// The model answers every Ping.
pub(crate) fn adapt(expected: &mut Verdict, settings: &Settings) {
    if !settings.has_manual_pong {
        return;
    }
    expected.sent.retain(|&(first, _)| first & 0x0F != PONG);
    for seen in &mut expected.events {
        if let Seen::Ping { answered, .. } = seen {
            *answered = false;
        }
    }
}

/// Byte by byte, whole, and in `pieces`. Returns the result of the first.
pub(crate) fn every_way(case: &Case<'_>, pieces: &Pieces, wire: &[u8]) -> Transcript {
    let longest = case.deliver(wire, 1..wire.len(), AMPLE);
    assert_covers(&longest, &case.deliver(wire, [], pieces.room()));
    assert_covers(&longest, &case.deliver(wire, pieces.cuts(wire.len()), AMPLE));
    longest
}

/// Law 2, as in the tests: of a message that ends in a fault, the shorter delivery is a prefix of the longer.
pub(crate) fn assert_covers(longest: &Transcript, other: &Transcript) {
    assert_eq!(longest.events, other.events, "events differ");
    assert_eq!(longest.output, other.output, "output differs");
    assert_eq!(longest.rest, other.rest, "unconsumed bytes differ");
    match (&longest.open, &other.open) {
        (_, None) if longest.has_failed() => {}
        (Some((kind, long)), Some((other_kind, short))) if longest.has_failed() => {
            assert!(kind == other_kind && long.starts_with(short), "{short:02x?} is not a prefix of {long:02x?}");
        }
        (long, short) => assert_eq!(long, short, "the unfinished message differs"),
    }
}

/// The result of byte-wise delivery is the model's, whose wire began `from` bytes into the other, and wrote `output`.
pub(crate) fn assert_agrees(expected: &Verdict, seen: &Transcript, from: usize, output: &[u8], role: Role) {
    let mut events = seen.events.clone();
    // Those of the opening handshake are not the model's.
    if from > 0 {
        events.remove(0);
    }
    assert_eq!(events.pop(), Some(expected.closed()));
    let mut fault = None;
    match (seen.fault_at, events.last()) {
        (Some(fault_at), Some(Seen::Failed(error))) => {
            fault = Some(*error);
            assert!(expected.faults.contains(error), "{error:?}, expected {expected:02x?}");
            assert_eq!(fault_at, from + expected.fault_at, "place of the fault");
            events.pop();
        }
        _ => assert!(expected.faults.is_empty(), "no fault, expected {expected:02x?}"),
    }
    assert_eq!(events, expected.events);
    assert_eq!(seen.open, expected.open);
    assert_eq!(seen.rest.len(), expected.rest, "unconsumed bytes");
    assert_strict(role, output);
    let mut sent = expected.sent.clone();
    // Of several faults the first is the model's choice, for the Close too.
    if let (Some((first, code)), Some(fault)) = (sent.last_mut(), fault) {
        if *first == FIN | CLOSE {
            *code = code_of(fault).to_be_bytes().into();
        }
    }
    assert_eq!(plain(&written_by(role, output)), sent);
}

/// Verbs and time between the pieces: what is received stays what the model says, and what is sent reaches the peer.
fn driven(role: Role, input: &Frames<'_>, steps: &[Step; 4], wire: &[u8]) {
    let (config, limits) = input.settings.config();
    let begin = input.begin();
    careless(role, begin, &config, input.pieces.room(), steps, wire);
    let mut endpoint = Endpoint::new(role, &config, begin);
    drive(&mut endpoint, &input.pieces, steps, wire, |_, _| {});
    let mut expected = judge(role, begin, limits, wire);
    adapt(&mut expected, &input.settings);
    assert_cut(&expected, &endpoint, &endpoint.probe.events, &input.settings);
    endpoint.check_output(&endpoint.probe.output);
}

/// `events`, without those of the handshake, are what the model says, as far as `fail` and deadlines let them come.
pub(crate) fn assert_cut(expected: &Verdict, endpoint: &Endpoint<'_>, events: &[Seen], settings: &Settings) {
    let (closed, mut events) = events.split_last().unwrap();
    assert!(matches!(closed, Seen::Closed { .. }), "no Closed at the end");
    assert!(!events.iter().any(|seen| matches!(seen, Seen::Closed { .. })), "an event after Closed");
    if let [before @ .., Seen::Failed(fault)] = events {
        events = before;
        assert!(expected.faults.contains(fault) && events == expected.events, "{fault:?} after {events:02x?}, {expected:02x?}");
    } else if !endpoint.has_given_up && !settings.has_short_times {
        assert!(expected.faults.is_empty() && events == expected.events, "{events:02x?}, {expected:02x?}");
        assert_eq!(*closed, expected.closed());
    }
    assert!(expected.events.starts_with(events), "{events:02x?}, expected {expected:02x?}");
}

/// Delivers the pieces, takes the `steps` at each cut, `first` with the cut's number before the verb, and ends the input.
pub(crate) fn drive<'c>(
    endpoint: &mut Endpoint<'c>,
    pieces: &Pieces,
    steps: &[Step; 4],
    wire: &[u8],
    mut first: impl FnMut(&mut Endpoint<'c>, usize),
) {
    let [before @ .., last] = &pieces.of(wire)[..] else { unreachable!() };
    endpoint.probe.room = pieces.room();
    for (cut, (piece, step)) in before.iter().zip(steps).enumerate() {
        endpoint.feed(piece);
        if step.ms > 0 {
            endpoint.pass(step.ms.into(), step.room.into());
        }
        first(endpoint, cut);
        endpoint.verb(step.verb, step.attempts, step.payload.of(wire));
    }
    endpoint.feed(last);
    endpoint.eof();
}

/// Laws 3 and 11: a caller that presents other bytes than those that were left gets an error at most, and still one `Closed`.
pub(crate) fn careless(role: Role, begin: Begin, config: &Config<'_>, room: usize, steps: &[Step; 4], wire: &[u8]) {
    let mut conn = Probe::start(role, config, begin).conn;
    for step in steps {
        let now = ms(step.ms.into());
        let mut piece = step.stray.of(wire).to_vec();
        let offered = piece.len();
        let mut out = [0; AMPLE];
        for room in [room, AMPLE, AMPLE] {
            match conn.receive(now, &mut piece, &mut out[..room]) {
                Ok(received) => {
                    let (consumed, produced) = (received.consumed, received.produced);
                    assert!(consumed <= offered && produced <= room);
                    if let Some(Event::Request(request)) = received.event {
                        conn.accept(&request, &Accept::new(Origin::Any), now, &mut [0; 400]).unwrap();
                    }
                }
                Err(CallError::NeedsRoom { bytes }) => assert!(bytes > room && bytes <= AMPLE),
                Err(CallError::Usage(UsageError::InputTooShort)) => assert_eq!(conn.state(), State::Connecting),
                Err(error) => panic!("{error}"),
            }
        }
    }
    let mut end = conn.receive_eof(ms(0)).event;
    if end.is_none() && conn.state() == State::Connecting {
        // A request waits for its answer: a client that half-closes after it still reads.
        conn.respond(404, &[], b"", ms(0), &mut [0; 200]).unwrap();
        end = conn.receive_eof(ms(0)).event;
    }
    assert!(end.is_some() && conn.receive_eof(ms(0)).event.is_none(), "one Closed");
}

#[cfg(test)]
mod tests {
    use super::frames_server;
    use crate::input::{Frames, Pieces, Settings, Step, Wire};

    /// The oracles work: a wire that the model and the machine judge alike passes, whatever the settings.
    #[test]
    fn example_of_the_rfc_passes_under_all_settings() {
        let wire = Wire(&[0x81, 0x85, 0x37, 0xFA, 0x21, 0x3D, 0x7F, 0x9F, 0x4D, 0x51, 0x58]);
        for bits in 0..64 {
            let [has_small_limits, has_manual_pong, has_subprotocols, has_short_times, is_closing, is_driven] =
                [0, 1, 2, 3, 4, 5].map(|bit| bits >> bit & 1 == 1);
            let settings = Settings { has_small_limits, has_manual_pong, has_subprotocols, has_short_times };
            let steps = is_driven.then_some([Step::default(); 4]);
            frames_server(&Frames { settings, is_closing, pieces: Pieces::default(), steps, wire });
        }
    }
}
