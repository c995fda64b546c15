//! A helper above the machine: messages that arrive in pieces, put together in memory that the caller lends.

use super::io::sansocket_event;
use super::memory::{Region, check_struct};
use super::numbers::{done, sansocket_event_type, sansocket_result};
use crate::{Collector, Data};

/// Takes the next `SANSOCKET_EVENT_DATA` of a connection, as it was given. With the last piece of a message the event becomes
/// that of the whole: `first` and `last` are 1, `offset` is 0, `data` and `len` show all bytes. A message that came whole stays
/// where it is; what comes in pieces is copied to `memory`, `memory_len` bytes of the caller's, the same for all pieces of a
/// message. If it is text, it is valid UTF-8. There is nothing to initialise: what `memory` holds belongs to the pieces that
/// came.
///
/// `SANSOCKET_OPTION_MAX_MESSAGE_LEN`, set to `memory_len`, lets the connection refuse what does not fit; without it
/// `sansocket_fail` with 1009 is the answer to `SANSOCKET_MESSAGE_TOO_LONG`.
///
/// Returns `SANSOCKET_OK`; `SANSOCKET_INCOMPLETE` where more pieces are to come, and the event is as it was;
/// `SANSOCKET_MESSAGE_TOO_LONG`, here and for the further pieces; or `SANSOCKET_INVALID_ARGUMENT` for another event. The memory
/// must not overlap the piece.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sansocket_collect(memory: *mut u8, memory_len: usize, event: *mut sansocket_event) -> sansocket_result {
    let collect = || {
        check_struct(event)?;
        // SAFETY: not NULL, aligned, and the caller's to be read and written.
        let piece = unsafe { *event };
        if piece.r#type != sansocket_event_type::DATA {
            return Err(sansocket_result::INVALID_ARGUMENT);
        }
        let kind = piece.kind.try_into()?;
        let (memory, payload) = (Region::new(memory, memory_len)?, Region::new(piece.data, piece.len)?);
        payload.check_apart(memory)?;
        // SAFETY: the caller lends both for the call, and they lie apart.
        let (memory, payload) = unsafe { (memory.bytes_mut(), payload.bytes_mut()) };
        let mut collector = Collector::new(memory);
        let whole = collector.collect(Data { kind, payload, offset: piece.offset, last: piece.last != 0 });
        let whole = whole.map_err(|_| sansocket_result::MESSAGE_TOO_LONG)?;
        let whole = whole.ok_or(sansocket_result::INCOMPLETE)?;
        let whole = sansocket_event { data: whole.as_mut_ptr(), len: whole.len(), first: 1, last: 1, offset: 0, ..piece };
        // SAFETY: as above.
        unsafe { event.write(whole) };
        Ok(())
    };
    done(collect())
}
