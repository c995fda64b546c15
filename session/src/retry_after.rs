//! RFC 9110 §10.2.3: how long a server asks its clients to wait.

use sansocket::Headers;

/// How many seconds to wait before another attempt, as the response with these `headers` asks for: mostly one with the status 429 or 503.
///
/// Retry-After has a number of seconds, or a date, of which the response's own Date is taken away, since there is no clock here: 0 if
/// that is past. A longer time than a `u32` has room for is [`u32::MAX`]. `None` if there is no Retry-After, if it is malformed, or if
/// it has a date and the response has no valid Date. The first line of several counts.
///
/// The number is the server's. Whoever obeys it sets a limit of their own, and adds some chance, or all clients come back at once.
///
/// ```
/// use sansocket::{Config, Response};
/// let head = b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 120\r\n\r\n";
/// let response = Response::parse(head, &Config::new())?.expect("a whole head");
/// assert_eq!(sansocket_session::retry_after(response.headers()), Some(120));
/// # Ok::<(), sansocket::ProtocolError>(())
/// ```
pub fn retry_after(headers: Headers<'_>) -> Option<u32> {
    let value = headers.get("retry-after")?;
    if !value.is_empty() && value.iter().all(u8::is_ascii_digit) {
        return Some(value.iter().fold(0, |sum: u32, digit| sum.saturating_mul(10).saturating_add(u32::from(digit & 0xF))));
    }
    let until = http_date(value)?;
    let wait = until.saturating_sub(http_date(headers.get("date")?)?);
    Some(u32::try_from(wait).unwrap_or(u32::MAX))
}

/// RFC 9110 §5.6.7: the seconds from the start of the year 1 until a date in any of the three forms.
///
/// What stands between the fields is taken as it comes, and the name of the day is not compared with the date, since nothing depends
/// on either. Two digits of a year mean 1969 to 2068, as in POSIX: there is no clock for the rule of the RFC, and only dates that are
/// decades from now would differ.
fn http_date(value: &[u8]) -> Option<u64> {
    let mut fields: [&[u8]; 9] = [b""; 9];
    let found = value.split(|byte| b" ,-:".contains(byte)).filter(|field| !field.is_empty());
    fields.iter_mut().zip(found).for_each(|(field, found)| *field = found);
    let (year, month, day, time) = match fields {
        // Sun, 06 Nov 1994 08:49:37 GMT
        [_, day, month, year @ [_, _, _, _], hour, minute, second, b"GMT", b""] => {
            (number(year, 4)?, month, number(day, 2)?, [hour, minute, second])
        }
        // Sunday, 06-Nov-94 08:49:37 GMT
        [_, day, month, year, hour, minute, second, b"GMT", b""] => {
            (full_year(number(year, 2)?), month, number(day, 2)?, [hour, minute, second])
        }
        // Sun Nov  6 08:49:37 1994
        [_, month, day, hour, minute, second, year, b"", b""] => {
            (number(year, 4)?, month, number(day, day.len().min(2))?, [hour, minute, second])
        }
        _ => return None,
    };
    let [hour, minute, second] = time.map(|digits| number(digits, 2).unwrap_or(u64::MAX));
    // A leap second is the 60th.
    if hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    // At most four digits of a year: nothing here comes near the limits of u64.
    let hours = days(year, month_of(month)?, day)? * 24 + hour;
    Some((hours * 60 + minute) * 60 + second)
}

/// A number of exactly `len` digits.
fn number(digits: &[u8], len: usize) -> Option<u64> {
    let is_number = !digits.is_empty() && digits.len() == len && digits.iter().all(u8::is_ascii_digit);
    is_number.then(|| digits.iter().fold(0, |sum: u64, digit| sum.saturating_mul(10).saturating_add(u64::from(digit & 0xF))))
}

fn full_year(two_digits: u64) -> u64 {
    if two_digits < 69 { two_digits + 2000 } else { two_digits + 1900 }
}

/// January is 0.
fn month_of(name: &[u8]) -> Option<usize> {
    const NAMES: [&[u8]; 12] = [b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov", b"Dec"];
    NAMES.iter().position(|&month| month == name)
}

/// The days from the start of the year 1 until a date, if there is such a date.
fn days(year: u64, month: usize, day: u64) -> Option<u64> {
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let months = [31, if is_leap { 29 } else { 28 }, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let (past_years, past_days) = (year.checked_sub(1)?, day.checked_sub(1)?);
    if past_days >= *months.get(month)? {
        return None;
    }
    let leap_days = past_years / 4 - past_years / 100 + past_years / 400;
    let past_months: u64 = months.iter().take(month).sum();
    Some(past_years * 365 + leap_days + past_months + past_days)
}

#[cfg(test)]
mod tests {
    use sansocket::{Config, Response};
    use std::format;

    use super::{http_date, retry_after};

    fn of(lines: &str) -> Option<u32> {
        let head = format!("HTTP/1.1 503 Service Unavailable\r\n{lines}\r\n");
        let response = Response::parse(head.as_bytes(), &Config::new()).unwrap().unwrap();
        retry_after(response.headers())
    }

    fn of_value(value: &str) -> Option<u32> {
        of(&format!("Date: Sun, 06 Nov 1994 08:49:37 GMT\r\nRetry-After: {value}\r\n"))
    }

    #[test]
    fn seconds_are_taken_as_they_are() {
        for (value, seconds) in [
            ("0", 0),
            ("120", 120),
            ("00120", 120),
            ("4294967295", u32::MAX),
            ("4294967296", u32::MAX),
            ("99999999999999999999999999", u32::MAX),
        ] {
            assert_eq!(of(&format!("Retry-After: {value}\r\n")), Some(seconds), "{value}");
        }
        assert_eq!(of("retry-AFTER:\t7 \r\n"), Some(7));
    }

    #[test]
    fn dates_are_less_the_date_of_the_response() {
        for (value, seconds) in [
            ("Sun, 06 Nov 1994 08:49:37 GMT", 0),
            ("Sun, 06 Nov 1994 08:50:07 GMT", 30),
            ("Sun, 06 Nov 1994 09:49:38 GMT", 3601),
            ("Mon, 07 Nov 1994 08:49:37 GMT", 86_400),
            ("Thu, 01 Dec 1994 08:49:37 GMT", 25 * 86_400),
            ("Mon, 06 Nov 1995 08:49:37 GMT", 365 * 86_400),
            // The past.
            ("Sun, 06 Nov 1994 08:49:36 GMT", 0),
            ("Thu, 01 Jan 1970 00:00:00 GMT", 0),
            // Far away.
            ("Fri, 31 Dec 9999 23:59:59 GMT", u32::MAX),
            // The obsolete forms.
            ("Sunday, 06-Nov-94 08:49:47 GMT", 10),
            ("Sun Nov  6 08:49:47 1994", 10),
            ("Wed Nov 16 08:49:37 1994", 864_000),
        ] {
            assert_eq!(of_value(value), Some(seconds), "{value}");
        }
        for date in ["Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"] {
            assert_eq!(of(&format!("Retry-After: Sun, 06 Nov 1994 08:49:47 GMT\r\nDate: {date}\r\n")), Some(10), "{date}");
        }
    }

    #[test]
    fn a_date_without_the_date_of_the_response_says_nothing() {
        for date in ["", "Date: \r\n", "Date: yesterday\r\n", "Date: 120\r\n"] {
            assert_eq!(of(&format!("Retry-After: Sun, 06 Nov 1994 08:49:37 GMT\r\n{date}")), None, "{date}");
        }
        assert_eq!(of("Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"), None);
        assert_eq!(of(""), None);
    }

    #[test]
    fn the_first_of_several_lines_counts() {
        assert_eq!(of("Retry-After: 1\r\nRetry-After: 2\r\n"), Some(1));
        assert_eq!(of("Retry-After: x\r\nRetry-After: 2\r\n"), None);
    }

    #[test]
    fn malformed_values_say_nothing() {
        for value in [
            "",
            "-1",
            "+1",
            "1.5",
            "1 2",
            "1,2",
            "0x10",
            "1s",
            "soon",
            "Sun, 06 Nov 1994 08:49:37",
            "Sun, 06 Nov 1994 08:49:37 UTC",
            "Sun, 06 Nov 1994 08:49:37 GMT GMT",
            "Sun, 06 Nov 1994 08:49 GMT",
            "Sun, 06 Nov 1994 24:00:00 GMT",
            "Sun, 06 Nov 1994 08:60:00 GMT",
            "Sun, 06 Nov 1994 08:49:61 GMT",
            "Sun, 06 Nov 1994 8:49:37 GMT",
            "Sun, 06 nov 1994 08:49:37 GMT",
            "Sun, 06 Nov 194 08:49:37 GMT",
            "Sun, 06 Nov 0000 08:49:37 GMT",
            "Sun, 06 Nov 19940 08:49:37 GMT",
            "Sun, 00 Nov 1994 08:49:37 GMT",
            "Sun, 31 Nov 1994 08:49:37 GMT",
            "Sun, 006 Nov 1994 08:49:37 GMT",
            "Sun, 29 Feb 1994 08:49:37 GMT",
            "Sun Nov  6 08:49:37 94",
            "Sun Nov  6 08:49:37 1994 GMT",
            "06 Nov 1994 08:49:37 GMT",
        ] {
            assert_eq!(of_value(value), None, "{value}");
        }
    }

    #[test]
    fn leap_years_and_leap_seconds_are_known() {
        for (date, there_is) in [
            ("Thu, 29 Feb 1996 00:00:00 GMT", true),
            ("Tue, 29 Feb 2000 00:00:00 GMT", true),
            ("Mon, 29 Feb 1900 00:00:00 GMT", false),
            ("Mon, 29 Feb 2100 00:00:00 GMT", false),
            ("Sat, 31 Dec 2016 23:59:60 GMT", true),
        ] {
            assert_eq!(http_date(date.as_bytes()).is_some(), there_is, "{date}");
        }
    }

    /// Each day from 1600 to 2400 is a day after the one before, and known days are where other calendars have them.
    #[test]
    fn days_follow_each_other() {
        let names = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
        let (mut before, mut count) = (None, 0);
        for year in 1600..2400 {
            for month in names {
                for day in 1..=31 {
                    let Some(at) = http_date(format!("Day, {day:02} {month} {year} 00:00:00 GMT").as_bytes()) else { continue };
                    assert!(before.is_none_or(|before| at == before + 86_400), "{day} {month} {year}");
                    (before, count) = (Some(at), count + 1);
                }
            }
        }
        assert_eq!(count, 2 * 146_097);
        let unix = |date: &str| http_date(date.as_bytes()).unwrap() - http_date(b"Thu, 01 Jan 1970 00:00:00 GMT").unwrap();
        assert_eq!(unix("Sun, 06 Nov 1994 08:49:37 GMT"), 784_111_777);
        assert_eq!(unix("Tue, 19 Jan 2038 03:14:07 GMT"), 0x7FFF_FFFF);
        assert_eq!(unix("Sunday, 06-Nov-94 08:49:37 GMT"), 784_111_777);
        assert_eq!(unix("Tuesday, 19-Jan-38 03:14:07 GMT"), 0x7FFF_FFFF);
        assert!(http_date(b"Tuesday, 01-Jan-69 00:00:00 GMT") < http_date(b"Thu, 01 Jan 1970 00:00:00 GMT"));
        assert_eq!(unix("Sunday, 01-Jan-68 00:00:00 GMT"), unix("Sun, 01 Jan 2068 00:00:00 GMT"));
    }
}
