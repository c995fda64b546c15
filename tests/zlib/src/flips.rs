//! One byte changed at every position of what zlib compressed: ours takes what zlib takes, and a connection says InvalidDeflate of the rest.

use crate::inputs::{Message, message};
use crate::ours::{self, Cut};
use crate::zlib::{self, Flushes, Settings};
use crate::{Tally, connections, faults};
use proptest::prelude::*;
use sansocket::{Inflater, ProtocolError, Role};

#[derive(Clone, Debug)]
pub(crate) struct Case {
    settings: Settings,
    flushes: Flushes,
    message: Message,
    /// The bits that are changed.
    change: u8,
    role: Role,
}

pub(crate) fn cases() -> impl Strategy<Value = Case> {
    let change = prop_oneof![(0..8_u8).prop_map(|bit| 1 << bit), 1..=255_u8];
    let role = crate::inputs::one_of(&[Role::Client, Role::Server]);
    (zlib::settings(), zlib::flushes(), prop_oneof![3 => message(150), 1 => message(1_500)], change, role)
        .prop_map(|(settings, flushes, message, change, role)| Case { settings, flushes, message, change, role })
}

pub(crate) fn check(case: &Case) -> Tally {
    let mut tally = Tally::default();
    let mut stream = zlib::Deflater::new(case.settings).message(&case.flushes, &case.message.bytes());
    let mut history = vec![0; 1 << 15];
    for at in 0..stream.len() {
        stream[at] ^= case.change;
        let mut inflater = Inflater::new(&mut history).expect("a window of 15 bits");
        let inflated = ours::inflate(&mut inflater, &stream, &Cut::Bytes);
        faults::compare_with_zlib(&stream, &inflated);
        inflater.reset();
        let through_connection = connections::receive_one(case.role, &mut inflater, &stream);
        match &inflated {
            Ok(inflated) => assert!(through_connection.as_ref() == Ok(inflated), "a connection sees another message"),
            Err(_) => assert_eq!(through_connection, Err(ProtocolError::InvalidDeflate)),
        }
        tally.add_message(inflated.as_ref().map_or(0, Vec::len));
        tally.refused += u64::from(inflated.is_err());
        stream[at] ^= case.change;
    }
    tally
}
