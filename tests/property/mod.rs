//! Properties: a check that must hold of every input of a kind, tried on random ones. What fails is made small, and kept.
//!
//! Beside `support`, not in it: the fuzz targets share that, and do not build proptest.
#![allow(dead_code, reason = "each test file uses its part")]

use std::cell::Cell;
use std::ffi::OsStr;
use std::fmt::Debug;
use std::ops::Range;
use std::panic::Location;
use std::path::Path;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{Config, FileFailurePersistence, TestError, TestRunner};
use sansocket::Role;

use crate::support::ROLES;
use crate::support::pair::Move;

/// Tries `check` on `cases` inputs of `strategy`. It panics on what breaks the property; `property` then looks for the
/// smallest such input, prints it, and lets it panic once more, with its message and line.
///
/// A failure is appended to `tests/regressions/NAME.txt`, where NAME is the calling file, and tried first in every later run:
/// commit it. Each property of the file tries all of them, as a line is a seed, not an input.
#[track_caller]
pub(crate) fn property<S: Strategy>(cases: u32, strategy: S, check: impl Fn(S::Value)) {
    let name = Path::new(Location::caller().file()).file_stem().and_then(OsStr::to_str).unwrap();
    let regressions = format!("{}/tests/regressions/{name}.txt", env!("CARGO_MANIFEST_DIR"));
    let config = Config {
        cases,
        max_shrink_iters: 10_000,
        // Else what `prop_flat_map` made uses up all of them: it is made again for each case.
        max_flat_map_regens: 1_000,
        failure_persistence: Some(Box::new(FileFailurePersistence::Direct(regressions.leak()))),
        ..Config::default()
    };
    let result = TestRunner::new(config).run(&strategy, |input| {
        check(input);
        Ok(())
    });
    match result {
        Ok(()) => {}
        Err(TestError::Fail(_, input)) => {
            eprintln!("smallest input found that fails: {input:?}");
            check(input);
            panic!("that input passed when it was tried again");
        }
        Err(abort) => panic!("{abort}"),
    }
}

/// One more, of what a property has to meet often enough.
pub(crate) fn count(of: &Cell<u32>) {
    of.set(of.get() + 1);
}

pub(crate) fn role() -> impl Strategy<Value = Role> {
    one_of(&ROLES)
}

/// One of `from`, the first being the simplest. An item that is there twice is taken twice as often.
pub(crate) fn one_of<T: Clone + Debug + 'static>(from: &[T]) -> impl Strategy<Value = T> + use<T> {
    proptest::sample::select(from.to_vec())
}

/// One of `from`, each as often as its weight says; the first is the simplest. It is much faster than
/// `prop_oneof!`, which matters for large numbers of them.
pub(crate) fn weighted<T: Clone + Debug + 'static>(from: &[(usize, T)]) -> impl Strategy<Value = T> + use<T> {
    let all: Vec<_> = from.iter().flat_map(|(weight, one)| vec![one.clone(); *weight]).collect();
    proptest::sample::select(all)
}

/// Any bytes, as many as `len` says.
pub(crate) fn bytes(len: Range<usize>) -> impl Strategy<Value = Vec<u8>> {
    vec(any::<u8>(), len)
}

/// Whether a frame is a message's last, which is the simpler; it is in two of three.
pub(crate) fn fin() -> impl Strategy<Value = bool> {
    one_of(&[true, true, false])
}

/// The cuts and the room of `Case::run_cut`. Take them before the wire: an input is made small from the left to the right, and a wire can
/// become small once its pieces are.
pub(crate) fn cuts() -> impl Strategy<Value = (Vec<usize>, usize)> {
    (vec(0_usize..4096, 0..6), 0_usize..132)
}

/// How bytes travel between two peers: by single ones, in pieces, all at once. Take them before what travels, as `cuts`.
pub(crate) fn moves() -> impl Strategy<Value = Vec<Move>> {
    let len = prop_oneof![1_usize..10, 1_usize..300, Just(usize::MAX)];
    vec((any::<bool>(), len, 0_usize..132).prop_map(|(to_server, len, room)| Move { to_server, len, room }), 1..40)
}
