//! Public IP addresses, of version 4 with dots and of version 6 with colons.
//!
//! Addresses that lead to nobody stay: private, local, shared, reserved and documentation ranges, by
//! the registries of IANA (<https://www.iana.org/assignments/iana-ipv4-special-registry>).

use std::net::{Ipv4Addr, Ipv6Addr};
use std::ops::Range;

use super::{joins_before, joins_behind};

/// Longest spelling of an address of version 6, in bytes.
const LONGEST_V6: usize = 39;

/// Fewest colons in a spelling of version 6 that is taken for one: `2024::1` may be anything.
const FEWEST_COLONS: usize = 3;

/// The first public address at or after `from`.
pub(super) fn find(text: &str, from: usize) -> Option<Range<usize>> {
    let bytes = text.as_bytes();
    let mut at = from;
    // Public addresses of either version begin with a digit. What is no address is taken whole, so
    // that nothing is read twice.
    while let Some(found) = bytes[at..].iter().position(u8::is_ascii_digit) {
        let start = at + found;
        let run = |allowed: fn(&u8) -> bool| {
            start
                + bytes[start..]
                    .iter()
                    .take_while(|byte| allowed(byte))
                    .count()
        };
        let end = run(|byte| byte.is_ascii_hexdigit() || matches!(byte, b'.' | b':'));
        let free = !joins_before(text, start);
        if free {
            let v4 = run(|byte| byte.is_ascii_digit() || *byte == b'.');
            // A full stop or a colon behind an address ends a sentence, or stands before a port.
            let (v4, v6) = (trim(text, start, v4), trim(text, start, end));
            if !joins_behind(text, v4) && is_public_v4(&text[start..v4]) {
                return Some(start..v4);
            }
            if !joins_behind(text, v6) && is_public_v6(&text[start..v6]) {
                return Some(start..v6);
            }
        }
        at = end;
    }
    None
}

fn trim(text: &str, start: usize, end: usize) -> usize {
    start + text[start..end].trim_end_matches(['.', ':']).len()
}

fn is_public_v4(text: &str) -> bool {
    let Ok(address) = text.parse::<Ipv4Addr>() else {
        return false;
    };
    let [a, b, c, _] = address.octets();
    !(a == 0
        || address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_documentation()
        // Shared address space (RFC 6598), protocol assignments, benchmarks.
        || (a == 100 && b & 0xC0 == 64)
        || (a == 192 && b == 0 && c == 0)
        || (a == 198 && b & 0xFE == 18)
        // Multicast, reserved, broadcast.
        || a >= 224)
}

fn is_public_v6(text: &str) -> bool {
    if text.len() > LONGEST_V6
        || text.bytes().filter(|&byte| byte == b':').count() < FEWEST_COLONS
        || text.contains('.')
    {
        return false;
    }
    let Ok(address) = text.parse::<Ipv6Addr>() else {
        return false;
    };
    // Global unicast is 2000::/3; 2001:db8::/32 and 3fff::/20 are for documentation.
    let [first, second, ..] = address.segments();
    first & 0xE000 == 0x2000
        && !(first == 0x2001 && second == 0xDB8)
        && !(first == 0x3FFF && second < 0x1000)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Option<&str> {
        find(text, 0).map(|range| &text[range])
    }

    #[test]
    fn public_addresses_are_found() {
        for (text, address) in [
            ("8.8.8.8", "8.8.8.8"),
            ("at 93.184.216.34.", "93.184.216.34"),
            ("http://93.184.216.34:8080/", "93.184.216.34"),
            ("joe@8.8.4.4", "8.8.4.4"),
            ("100.63.0.1", "100.63.0.1"),
            ("[2606:4700:4700::1111]:443", "2606:4700:4700::1111"),
            (
                "2001:4860:4860:0:0:0:0:8888,",
                "2001:4860:4860:0:0:0:0:8888",
            ),
            ("fed: 8.8.8.8", "8.8.8.8"),
        ] {
            assert_eq!(found(text), Some(address), "{text}");
        }
    }

    #[test]
    fn what_leads_to_nobody_is_left() {
        for text in [
            "10.0.0.1",
            "127.0.0.1",
            "192.168.1.1",
            "172.16.0.1",
            "169.254.1.1",
            "192.0.2.1",
            "100.64.0.1",
            "198.18.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "0.0.0.0",
            "256.1.1.1",
            "1.2.3",
            "1.2.3.4.5",
            "v1.2.3.4",
            "1.2.3.4x",
            "08.8.8.8",
            "::1",
            "fe80::1:2:3",
            "2001:db8:1::1",
            "12:34:56",
            "std::add::bad::fed",
            "2024::1",
            "00:11:22:33:44:55",
        ] {
            assert_eq!(found(text), None, "{text}");
        }
    }
}
