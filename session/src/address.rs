//! IP addresses as text (RFC 4291 §2.2). `core::net` reads them too, with panics that firmware cannot prove away.

/// An address or a network's.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Address {
    V4(u32),
    V6(u128),
}

impl Address {
    /// An IPv4 address, or an IPv6 address without brackets.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let text = text.as_bytes();
        ipv4(text).map(Self::V4).or_else(|| ipv6(text).map(Self::V6))
    }

    /// An IPv4 address in an IPv6 one is the former (RFC 4291 §2.5.5.2).
    pub(crate) fn canonical(self) -> Self {
        match self {
            Self::V6(bits) if bits >> 32 == 0xFFFF => u32::try_from(bits & 0xFFFF_FFFF).map_or(self, Self::V4),
            other => other,
        }
    }
}

/// Whether this is an IPv6 address without brackets.
pub(crate) fn is_ipv6(text: &str) -> bool {
    ipv6(text.as_bytes()).is_some()
}

fn ipv6(text: &[u8]) -> Option<u128> {
    let (before, after) = match text.windows(2).position(|pair| pair == b"::") {
        Some(at) => {
            let (before, after) = text.split_at_checked(at)?;
            (before, after.get(2..))
        }
        None => (text, None),
    };
    // An IPv4 address may stand at the very end.
    let (high, before) = groups(before, after.is_none())?;
    let Some(after) = after else { return (before == 8).then_some(high) };
    let (low, after) = groups(after, true)?;
    // Two colons stand for at least one group.
    let gap = 8_u32.checked_sub(before).filter(|&gap| gap > after)?;
    Some(high.checked_shl(gap.saturating_mul(16)).unwrap_or(0) | low)
}

/// The groups of 16 bits in `text`, and how many there are: none if it is empty, at most 9.
fn groups(text: &[u8], may_end_in_ipv4: bool) -> Option<(u128, u32)> {
    let (mut bits, mut count) = (0_u128, 0_u32);
    if text.is_empty() {
        return Some((bits, count));
    }
    let mut parts = text.split(|&byte| byte == b':').peekable();
    while let Some(part) = parts.next() {
        (bits, count) = match (number(part, 16, 4), may_end_in_ipv4 && parts.peek().is_none()) {
            (Some(group), _) => (bits << 16 | u128::from(group), count.saturating_add(1)),
            (None, true) => (bits << 32 | u128::from(ipv4(part)?), count.saturating_add(2)),
            (None, false) => return None,
        };
        if count > 8 {
            return None;
        }
    }
    Some((bits, count))
}

/// Four numbers up to 255 without leading zeros.
fn ipv4(text: &[u8]) -> Option<u32> {
    let (mut bits, mut count) = (0_u32, 0_u32);
    for part in text.split(|&byte| byte == b'.') {
        let byte = number(part, 10, 3).filter(|&value| value <= 255 && !matches!(part, [b'0', _, ..]))?;
        (bits, count) = (bits << 8 | byte, count.saturating_add(1));
        if count > 4 {
            return None;
        }
    }
    (count == 4).then_some(bits)
}

/// From one digit on, at most `most` of them.
fn number(digits: &[u8], base: u32, most: usize) -> Option<u32> {
    let is_number = (1..=most).contains(&digits.len());
    digits
        .iter()
        .try_fold(0_u32, |value, &byte| value.checked_mul(base)?.checked_add(char::from(byte).to_digit(base)?))
        .filter(|_| is_number)
}

#[cfg(test)]
mod tests {
    use core::net::{IpAddr, Ipv6Addr};
    use proptest::prelude::*;
    use std::string::String;

    use super::{Address, is_ipv6};

    fn as_core_does(text: &str) -> Option<Address> {
        text.parse().ok().map(from_core)
    }

    fn from_core(address: IpAddr) -> Address {
        match address {
            IpAddr::V4(address) => Address::V4(address.to_bits()),
            IpAddr::V6(address) => Address::V6(address.to_bits()),
        }
    }

    #[test]
    fn addresses_are_read_as_core_reads_them() {
        for text in [
            "",
            ":",
            "::",
            ":::",
            "::1",
            "1::",
            "1",
            "1:2:3:4:5:6:7:8",
            "1:2:3:4:5:6:7:8:9",
            "1:2:3:4:5:6:7",
            "1:2:3:4:5:6:7::",
            "::2:3:4:5:6:7:8",
            "1:2:3:4::5:6:7:8",
            "::1:2:3:4:5:6:7:8",
            "1::2::3",
            ":1",
            "1:",
            "1:::2",
            "12345::",
            "g::",
            "FfFf::aB",
            "::ffff:1.2.3.4",
            "1.2.3.4::",
            "::1.2.3.4:5",
            "1:2:3:4:5:6:1.2.3.4",
            "1:2:3:4:5:6:7:1.2.3.4",
            "::1.2.3",
            "1.2.3.4",
            "1.2.3.04",
            "1.2.3.256",
            "1.2.3",
            "1.2.3.4.5",
            "0.0.0.0",
            "255.255.255.255",
            "1..2.3",
            "+1.2.3.4",
            "::+1",
            "fe80::1%eth0",
            "[::1]",
            "1.2.3.4 ",
            "::\u{e9}",
            "0001::0000",
            "00001::",
        ] {
            assert_eq!(Address::parse(text), as_core_does(text), "{text:?}");
            assert_eq!(is_ipv6(text), text.parse::<Ipv6Addr>().is_ok(), "{text:?}");
        }
    }

    #[test]
    fn an_ipv4_address_in_an_ipv6_one_is_the_former() {
        for text in ["::ffff:1.2.3.4", "::fffe:1.2.3.4", "::1.2.3.4", "1.2.3.4", "1::ffff:1.2.3.4", "::1:ffff:0:0"] {
            let expected = text.parse::<IpAddr>().unwrap().to_canonical();
            assert_eq!(Address::parse(text).unwrap().canonical(), from_core(expected), "{text}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 1_000, ..ProptestConfig::default() })]

        #[test]
        fn any_text_is_read_as_core_reads_it(parts in proptest::collection::vec("::|:|:|\\.|[0-9a-f]{1,4}|[0-9]{1,3}|1\\.2\\.3\\.4", 0..18)) {
            let text: String = parts.concat();
            prop_assert_eq!(Address::parse(&text), as_core_does(&text));
        }

        #[test]
        fn addresses_that_core_writes_are_read(bits in any::<u128>(), mask in any::<u128>(), other in any::<u128>()) {
            let address = Ipv6Addr::from_bits(bits & mask & other);
            let text = std::format!("{address}");
            prop_assert_eq!(Address::parse(&text), Some(Address::V6(address.to_bits())));
        }
    }
}
