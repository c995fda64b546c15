//! What a session takes, beside the memory that is lent to it. For a Cortex-M4: `ci/session-size`.

use sansocket::{Buffered, Connection, Entropy, EntropyError};
use sansocket_session::{Session, SessionConfig};

/// Takes no bytes itself.
struct Nothing;

impl Entropy for Nothing {
    fn fill(&mut self, _: &mut [u8]) -> Result<(), EntropyError> {
        Err(EntropyError)
    }
}

type Lent = &'static mut [u8];

#[test]
#[cfg(target_pointer_width = "64")]
fn a_session_takes_at_most_640_bytes_beside_lent_memory() {
    let connection = size_of::<Connection<'static, Nothing>>();
    let buffered = size_of::<Buffered<'static, Nothing, Lent, Lent>>();
    let session = size_of::<Session<'static, Nothing, Lent, Lent, Lent>>();
    println!(
        "a session has {session} bytes: {buffered} of them are its buffered connection, of which {connection} are the connection"
    );
    println!("a configuration, which sessions share, has {} bytes", size_of::<SessionConfig<'static>>());
    assert!(session <= 640, "{session}");
    // What a session has beside its connection, its buffers and its memory.
    assert!(session - buffered - size_of::<Lent>() <= 352, "{session} {buffered}");
}
