//! One spelling for each address of the web.
//!
//! The rules are RFC 3986's, section 6.2 (<https://www.rfc-editor.org/rfc/rfc3986#section-6.2>): case,
//! escapes, the scheme's own port. Beyond it, `http` and `https` are one, as lists are older than most
//! certificates; so is a path with and without slashes at its end. Names in other alphabets are not
//! turned into `xn--`; `.` and `..` stay, as those who fetch pages have resolved them.

/// Writes the address without its scheme into `out`; false if it is not one of the web.
pub(super) fn canonical(url: &str, out: &mut Vec<u8>) -> bool {
    out.clear();
    let url = url.trim().as_bytes();
    let (rest, own_port) = if let Some(rest) = after_scheme(url, b"http://") {
        (rest, b"80".as_slice())
    } else if let Some(rest) = after_scheme(url, b"https://") {
        (rest, b"443".as_slice())
    } else {
        return false;
    };
    let rest = &rest[..place(rest, b"#")];
    let (authority, rest) = rest.split_at(place(rest, b"/?\\"));
    let (path, query) = rest.split_at(place(rest, b"?"));

    let host = authority
        .rsplit(|&byte| byte == b'@')
        .next()
        .unwrap_or_default();
    let (name, port) = match host.iter().rposition(|&byte| byte == b':') {
        // A colon inside brackets is part of an IPv6 address.
        Some(at) if !host[at..].contains(&b']') => (&host[..at], &host[at + 1..]),
        _ => (host, b"".as_slice()),
    };
    let name = name.strip_suffix(b".").unwrap_or(name);
    if name.is_empty() || name.iter().any(u8::is_ascii_whitespace) {
        return false;
    }
    out.extend(name.iter().map(u8::to_ascii_lowercase));
    if !port.is_empty() && port != own_port {
        out.push(b':');
        out.extend_from_slice(port);
    }
    let mut path = path;
    while let [before @ .., b'/'] = path {
        path = before;
    }
    escape(path, out);
    if query.len() > 1 {
        escape(query, out);
    }
    true
}

fn after_scheme<'a>(url: &'a [u8], scheme: &[u8]) -> Option<&'a [u8]> {
    let head = url.get(..scheme.len())?;
    head.eq_ignore_ascii_case(scheme)
        .then(|| &url[scheme.len()..])
}

/// Place of the first of `any`, or the end.
fn place(bytes: &[u8], any: &[u8]) -> usize {
    bytes
        .iter()
        .position(|byte| any.contains(byte))
        .unwrap_or(bytes.len())
}

/// Escapes what must be, in capitals, and takes escapes off what needs none.
fn escape(bytes: &[u8], out: &mut Vec<u8>) {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    let mut put = |byte: u8, is_escaped: bool| {
        if is_escaped {
            let (high, low) = (usize::from(byte >> 4), usize::from(byte & 15));
            out.extend_from_slice(&[b'%', DIGITS[high], DIGITS[low]]);
        } else {
            out.push(byte);
        }
    };
    let mut rest = bytes;
    while let [first, after @ ..] = rest {
        if let [b'%', high, low, after @ ..] = rest
            && let (Some(high), Some(low)) = (digit(*high), digit(*low))
        {
            let byte = high << 4 | low;
            let needs_none = byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
            put(byte, !needs_none);
            rest = after;
        } else {
            put(*first, *first <= b' ' || *first >= 0x7F);
            rest = after;
        }
    }
}

fn digit(byte: u8) -> Option<u8> {
    char::from(byte)
        .to_digit(16)
        .and_then(|digit| u8::try_from(digit).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(url: &str) -> Option<String> {
        let mut out = b"left from before".to_vec();
        canonical(url, &mut out).then(|| String::from_utf8_lossy(&out).into_owned())
    }

    #[test]
    fn spellings_of_one_address_are_one() {
        for (url, canonical) in [
            ("http://example.com", "example.com"),
            ("HTTPS://Example.COM:443/", "example.com"),
            ("http://example.com:80/a/#part", "example.com/a"),
            ("http://example.com:443/a", "example.com:443/a"),
            ("http://user:pass@example.com./a//", "example.com/a"),
            (
                "http://example.com/%7euser/%c3%A9",
                "example.com/~user/%C3%A9",
            ),
            ("http://example.com/~user/é", "example.com/~user/%C3%A9"),
            ("http://example.com/a b", "example.com/a%20b"),
            ("http://example.com/%zz%", "example.com/%zz%"),
            ("http://example.com/?", "example.com"),
            ("http://example.com?q=A/#", "example.com?q=A/"),
            ("http://[::1]:8080/", "[::1]:8080"),
            ("http://[::1]/", "[::1]"),
            (" http://example.com/A ", "example.com/A"),
        ] {
            assert_eq!(of(url).as_deref(), Some(canonical), "{url}");
        }
    }

    #[test]
    fn what_is_no_address_of_the_web_is_refused() {
        for url in [
            "",
            "http://",
            "http:///a",
            "ftp://a/b",
            "/r/books",
            "httpé://a",
            "http://:80/",
            "http://a b/",
        ] {
            assert_eq!(of(url), None, "{url}");
        }
    }

    #[test]
    fn paths_keep_their_case_and_queries_their_slashes() {
        assert_ne!(of("http://a/B"), of("http://a/b"));
        assert_ne!(of("http://a/b?c/"), of("http://a/b?c"));
        assert_ne!(of("http://a/b%2Fc"), of("http://a/b/c"));
    }
}
