//! A helper above the machine: joins messages that arrive in pieces, in memory that the caller lends.

use crate::event::Data;

/// Joins the pieces of a message.
///
/// A message that arrives whole is returned where it is; only one in pieces is copied.
/// ```
/// # use sansocket::{Collector, Data, MessageKind};
/// let mut memory = [0; 1024];
/// let mut collector = Collector::new(&mut memory);
/// # let (mut a, mut b) = (*b"Hel", *b"lo");
/// # let mut pieces = vec![
/// #     Data { kind: MessageKind::Text, payload: &mut a, offset: 0, last: false },
/// #     Data { kind: MessageKind::Text, payload: &mut b, offset: 3, last: true },
/// # ].into_iter();
/// # let mut next_data_event = || pieces.next();
/// while let Some(data) = next_data_event() {
///     match collector.collect(data) {
///         Ok(Some(message)) => assert_eq!(message, b"Hello"),
///         Ok(None) => {} // more is to come
///         Err(too_long) => eprintln!("{too_long}"), // connection.fail(CloseCode::MESSAGE_TOO_BIG, …)
///     }
/// }
/// ```
pub struct Collector<'m> {
    memory: &'m mut [u8],
}

/// Shows the length of the memory, not its bytes, which are the users' own (§10.6).
impl core::fmt::Debug for Collector<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Collector").field("memory", &self.memory.len()).finish()
    }
}

/// The message is longer than the memory lent to the [`Collector`]. [`Config::max_message_len`](crate::Config::max_message_len),
/// set to the length of that memory, lets the machine refuse it earlier.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct CollectError;

impl core::fmt::Display for CollectError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("the message is longer than the memory lent for it")
    }
}

impl core::error::Error for CollectError {}

impl<'m> Collector<'m> {
    /// A collector for messages in pieces of up to `memory.len()` bytes.
    pub fn new(memory: &'m mut [u8]) -> Self {
        Self { memory }
    }

    /// Takes the next piece of the current message. With its last piece it returns the message: where it arrived, if it came
    /// whole, otherwise in the lent memory. If it is text, it is valid UTF-8.
    ///
    /// # Errors
    /// The message does not fit. Neither do its further pieces.
    pub fn collect<'a>(&'a mut self, data: Data<'a>) -> Result<Option<&'a mut [u8]>, CollectError> {
        if data.first() && data.last {
            return Ok(Some(data.payload));
        }
        let start = usize::try_from(data.offset).map_err(|_| CollectError)?;
        let end = start.checked_add(data.payload.len()).ok_or(CollectError)?;
        let room = self.memory.get_mut(start..end).ok_or(CollectError)?;
        crate::length::copy(data.payload, room);
        Ok(if data.last { self.memory.get_mut(..end) } else { None })
    }
}

#[cfg(test)]
mod tests {
    use super::{CollectError, Collector};
    use crate::event::{Data, MessageKind};

    fn piece(payload: &mut [u8], offset: u64, last: bool) -> Data<'_> {
        Data { kind: MessageKind::Binary, payload, offset, last }
    }

    #[test]
    fn pieces_become_messages_and_whole_ones_stay_where_they_are() {
        let mut memory = [0; 5];
        let mut collector = Collector::new(&mut memory);
        let mut whole = *b"longer than the memory";
        let place = whole.as_ptr();
        assert_eq!(collector.collect(piece(&mut whole, 0, true)).unwrap().unwrap().as_ptr(), place);
        assert_eq!(collector.collect(piece(&mut [b'a', b'b', b'c'], 0, false)), Ok(None));
        assert_eq!(collector.collect(piece(&mut [b'd', b'e'], 3, false)), Ok(None));
        assert_eq!(collector.collect(piece(&mut [], 5, true)).unwrap().unwrap(), b"abcde");
        assert_eq!(collector.collect(piece(&mut [1], 0, false)), Ok(None));
        assert_eq!(collector.collect(piece(&mut [2; 5], 1, true)), Err(CollectError));
        assert_eq!(collector.collect(piece(&mut [3], u64::MAX, false)), Err(CollectError));
    }
}
