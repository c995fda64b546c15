//! Frames from the state OPEN on, against the reference model.

use crate::endpoint::{Endpoint, assert_strict};
use crate::recipe::{Recipe, Step};
use crate::support::frames::{CLOSE, FIN, PONG, plain, written_by};
use crate::support::model::{Verdict, code_of, judge};
use crate::support::probe::{Probe, Seen};
use crate::support::{AMPLE, Begin, Case, Transcript, ms};
use sansocket::{Accept, CallError, Event, Origin, Role, State, UsageError};

/// Frames of a client, as a server receives them.
pub fn frames_server(data: &[u8]) {
    frames(Role::Server, data);
}

/// Frames of a server, as a client receives them.
pub fn frames_client(data: &[u8]) {
    frames(Role::Client, data);
}

fn frames(role: Role, data: &[u8]) {
    let Some((recipe, wire)) = Recipe::split(data) else { return };
    if recipe.is_driven() {
        driven(role, &recipe, wire);
    } else {
        delivered(role, &recipe, wire);
    }
}

/// Law 2 and the model, in a delivery without verbs.
fn delivered(role: Role, recipe: &Recipe, wire: &[u8]) {
    let (config, limits) = recipe.settings();
    let begin = recipe.begin();
    let case = Case { role, config: &config, begin };
    let seen = every_way(&case, recipe, wire);
    let mut expected = judge(role, begin, limits, wire);
    adapt(&mut expected, recipe);
    assert_agrees(&expected, &seen, 0, &seen.output, role);
}

/// The model answers every Ping.
pub(crate) fn adapt(expected: &mut Verdict, recipe: &Recipe) {
    if recipe.is_auto_pong() {
        return;
    }
    expected.sent.retain(|&(first, _)| first & 0x0F != PONG);
    for seen in &mut expected.events {
        if let Seen::Ping { answered, .. } = seen {
            *answered = false;
        }
    }
}

/// Octet by octet, whole, and as the recipe says. Returns what the first led to.
pub(crate) fn every_way(case: &Case<'_>, recipe: &Recipe, wire: &[u8]) -> Transcript {
    let longest = case.deliver(wire, 1..wire.len(), AMPLE);
    assert_covers(&longest, &case.deliver(wire, [], recipe.room()));
    assert_covers(&longest, &case.deliver(wire, recipe.cuts(wire.len()), AMPLE));
    longest
}

/// Law 2, as the tests have it: of a message that ends in a fault, the shorter delivery is a prefix of the longer.
pub(crate) fn assert_covers(longest: &Transcript, other: &Transcript) {
    assert_eq!(longest.events, other.events, "events differ");
    assert_eq!(longest.output, other.output, "output differs");
    assert_eq!(longest.rest, other.rest, "unconsumed octets differ");
    match (&longest.open, &other.open) {
        (_, None) if longest.has_failed() => {}
        (Some((kind, long)), Some((other_kind, short))) if longest.has_failed() => {
            assert!(kind == other_kind && long.starts_with(short), "{short:02x?} is no prefix of {long:02x?}");
        }
        (long, short) => assert_eq!(long, short, "the unfinished message differs"),
    }
}

/// What octet-wise delivery led to is what the model says; its wire began `from` octets into the other, and led to `output`.
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
    assert_eq!(seen.rest.len(), expected.rest, "unconsumed octets");
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
fn driven(role: Role, recipe: &Recipe, wire: &[u8]) {
    let (config, limits) = recipe.settings();
    let begin = recipe.begin();
    careless(role, begin, recipe, wire);
    let mut endpoint = Endpoint::new(role, &config, begin);
    drive(&mut endpoint, recipe, wire, |_, _| {});
    let mut expected = judge(role, begin, limits, wire);
    adapt(&mut expected, recipe);
    assert_cut(&expected, &endpoint, &endpoint.probe.events, recipe);
    endpoint.check_output(&endpoint.probe.output);
}

/// `events`, without those of the handshake, are what the model says, as far as `fail` and deadlines let them come.
pub(crate) fn assert_cut(expected: &Verdict, endpoint: &Endpoint<'_>, events: &[Seen], recipe: &Recipe) {
    let (closed, mut events) = events.split_last().unwrap();
    assert!(matches!(closed, Seen::Closed { .. }), "no Closed at the end");
    assert!(!events.iter().any(|seen| matches!(seen, Seen::Closed { .. })), "an event behind Closed");
    if let [before @ .., Seen::Failed(fault)] = events {
        events = before;
        assert!(expected.faults.contains(fault) && events == expected.events, "{fault:?} behind {events:02x?}, {expected:02x?}");
    } else if !endpoint.has_given_up && !recipe.has_short_times() {
        assert!(expected.faults.is_empty() && events == expected.events, "{events:02x?}, {expected:02x?}");
        assert_eq!(*closed, expected.closed());
    }
    assert!(expected.events.starts_with(events), "{events:02x?}, expected {expected:02x?}");
}

/// Delivers the pieces, does what the recipe says between them, `first` before the verb, and ends the input.
pub(crate) fn drive<'c>(
    endpoint: &mut Endpoint<'c>,
    recipe: &Recipe,
    wire: &[u8],
    mut first: impl FnMut(&mut Endpoint<'c>, Step),
) {
    let mut from = 0;
    let [payload_at, payload_len] = recipe.extra();
    endpoint.probe.room = recipe.room();
    for (cut, step) in recipe.cuts(wire.len()).into_iter().zip(recipe.steps()) {
        endpoint.feed(&wire[from..cut]);
        from = cut;
        if step.ms > 0 {
            endpoint.pass(step.ms, usize::from(step.argument));
        }
        first(endpoint, step);
        // What is sent comes from the wire: as good as any.
        let start = usize::from(payload_at).min(wire.len());
        let end = (start + usize::from(payload_len) % 140).min(wire.len());
        endpoint.verb(step.verb, step.argument, &wire[start..end]);
    }
    endpoint.feed(&wire[from..]);
    endpoint.eof();
}

/// Laws 3 and 11: who presents other octets than those that were left gets an error at most, and one `Closed` all the same.
pub(crate) fn careless(role: Role, begin: Begin, recipe: &Recipe, wire: &[u8]) {
    let (config, _) = recipe.settings();
    let mut conn = Probe::start(role, &config, begin).conn;
    for step in recipe.steps() {
        let from = usize::from(step.verb).min(wire.len());
        let to = (from + usize::from(step.argument)).min(wire.len());
        let mut piece = wire[from..to].to_vec();
        let mut out = [0; AMPLE];
        for room in [recipe.room(), AMPLE, AMPLE] {
            match conn.receive(ms(step.ms), &mut piece, &mut out[..room]) {
                Ok(received) => {
                    let (consumed, produced) = (received.consumed, received.produced);
                    assert!(consumed <= to - from && produced <= room);
                    if let Some(Event::Request(request)) = received.event {
                        conn.accept(&request, &Accept::new(Origin::Any), ms(step.ms), &mut [0; 400]).unwrap();
                    }
                }
                Err(CallError::NeedsRoom { octets }) => assert!(octets > room && octets <= AMPLE),
                Err(CallError::Usage(UsageError::InputTooShort)) => assert_eq!(conn.state(), State::Connecting),
                Err(error) => panic!("{error}"),
            }
        }
    }
    let mut end = conn.receive_eof(ms(0)).event;
    if end.is_none() && conn.state() == State::Connecting {
        // A request waits for its answer: who half-closes behind it still reads.
        conn.respond(404, &[], b"", ms(0), &mut [0; 200]).unwrap();
        end = conn.receive_eof(ms(0)).event;
    }
    assert!(end.is_some() && conn.receive_eof(ms(0)).event.is_none(), "one Closed");
}

#[cfg(test)]
mod tests {
    use super::frames_server;
    use crate::recipe::plain;

    /// The oracles see something: a wire that the model and the machine judge alike passes, whatever the settings.
    #[test]
    fn example_of_the_rfc_passes_under_all_settings() {
        for settings in 0..=255 {
            let wire = [0x81, 0x85, 0x37, 0xFA, 0x21, 0x3D, 0x7F, 0x9F, 0x4D, 0x51, 0x58];
            frames_server(&[&plain(settings)[..], &wire].concat());
        }
    }
}
