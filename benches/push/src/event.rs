//! What is sent: a JSON text that says which event it is and since when the server has it.

use rustix::time::{ClockId, clock_gettime};

/// The number of the first event.
pub const FIRST: u64 = 1000;
/// The time from one event to the next, in ns.
pub const EVERY: u64 = 1_000_000_000;
/// Bytes of each event.
pub const LEN: usize = 64;

/// Nanoseconds of the clock that both processes read.
pub fn now() -> u64 {
    let time = clock_gettime(ClockId::Monotonic);
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}

pub fn json(number: u64, at: u64) -> String {
    let mut text = format!(r#"{{"seq":{number},"at":{at},"note":""#);
    while text.len() < LEN - 2 {
        text.push('-');
    }
    text + "\"}"
}

/// The numbers and times of all events in a text: one event, or an array of them.
pub fn all_in(text: &[u8]) -> impl Iterator<Item = Option<(u64, u64)>> {
    // No string in it has a brace.
    text.split(|&byte| byte == b'{')
        .skip(1)
        .map(|event| Some((number_after(event, "\"seq\":")?, number_after(event, "\"at\":")?)))
}

/// The number behind the first place where `key` is.
pub fn number_after(text: &[u8], key: &str) -> Option<u64> {
    let start = find(text, key.as_bytes())? + key.len();
    let digits = text[start..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    std::str::from_utf8(&text[start..start + digits]).ok()?.parse().ok()
}

pub fn find(text: &[u8], what: &[u8]) -> Option<usize> {
    text.windows(what.len()).position(|window| window == what)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_as_long_as_they_say_and_come_back() {
        for at in [1, 612_345_678_901, 9_999_999_999_999_999] {
            assert_eq!(json(FIRST, at).len(), LEN);
            assert_eq!(all_in(json(1234, at).as_bytes()).collect::<Vec<_>>(), [Some((1234, at))]);
        }
        let array = format!("[{},{}]", json(1000, 5), json(1001, 7));
        assert_eq!(all_in(array.as_bytes()).collect::<Vec<_>>(), [Some((1000, 5)), Some((1001, 7))]);
        assert_eq!(all_in(b"[{\"seq\":x}]").collect::<Vec<_>>(), [None]);
        assert_eq!(all_in(b"[]").count(), 0);
    }
}
