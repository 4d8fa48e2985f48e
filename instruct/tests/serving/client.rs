//! A client that can also misbehave: HTTP by hand.

use serde_json::Value;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// What came back.
#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    /// Lower-case names.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Reply {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    pub fn text(&self) -> String {
        String::from_utf8(self.body.clone()).expect("whole characters")
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        let mut found = self.headers.iter().filter(|(known, _)| known == name);
        found.next().map(|(_, value)| value.as_str())
    }

    /// The data of a stream's events, without its end, which must be there.
    pub fn events(&self) -> Vec<Value> {
        let text = self.text();
        let data: Vec<&str> = text
            .lines()
            .filter_map(|line| line.strip_prefix("data: "))
            .collect();
        let (last, events) = data.split_last().expect("events");
        assert_eq!(*last, "[DONE]", "{text}");
        events
            .iter()
            .map(|data| serde_json::from_str(data).unwrap())
            .collect()
    }
}

/// A connection.
pub fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(60)))
        .unwrap();
    stream
}

/// The bytes of a request.
pub fn request(method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Vec<u8> {
    let mut bytes = format!("{method} {path} HTTP/1.1\r\nhost: localhost\r\n").into_bytes();
    for (name, value) in headers {
        bytes.extend(format!("{name}: {value}\r\n").bytes());
    }
    bytes.extend(format!("content-length: {}\r\n\r\n", body.len()).bytes());
    bytes.extend(body);
    bytes
}

/// Asks over a connection of its own.
pub fn ask(
    address: SocketAddr,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> Reply {
    let mut stream = connect(address);
    // A server that has read enough may close before it has read all.
    let _ = stream.write_all(&request(method, path, headers, body));
    reply(&mut BufReader::new(stream))
}

pub fn get(address: SocketAddr, path: &str) -> Reply {
    ask(address, "GET", path, &[], b"")
}

pub fn post(address: SocketAddr, path: &str, body: &Value) -> Reply {
    let json = [("content-type", "application/json")];
    ask(address, "POST", path, &json, body.to_string().as_bytes())
}

/// Reads a reply.
pub fn reply(from: &mut impl BufRead) -> Reply {
    let line = line(from);
    let status = line
        .split(' ')
        .nth(1)
        .and_then(|status| status.parse().ok());
    let status = status.unwrap_or_else(|| panic!("no status: {line:?}"));
    let headers = headers(from);
    let of = |name: &str| {
        let mut found = headers.iter().filter(|(known, _)| known == name);
        found.next().map(|(_, value)| value.clone())
    };
    let mut body = Vec::new();
    if of("transfer-encoding").is_some() {
        while let Some(more) = chunk(from) {
            body.extend(more);
        }
    } else if let Some(length) = of("content-length") {
        body.resize(length.parse().unwrap(), 0);
        from.read_exact(&mut body).unwrap();
    }
    Reply {
        status,
        headers,
        body,
    }
}

/// The headers of a reply, whose status has been read.
pub fn headers(from: &mut impl BufRead) -> Vec<(String, String)> {
    let mut found = Vec::new();
    loop {
        let line = line(from);
        let Some((name, value)) = line.split_once(": ") else {
            return found;
        };
        found.push((name.to_lowercase(), value.to_owned()));
    }
}

/// The next chunk of a body; none at its end.
pub fn chunk(from: &mut impl BufRead) -> Option<Vec<u8>> {
    let length = usize::from_str_radix(&line(from), 16).expect("a chunk's length");
    let mut bytes = vec![0; length + 2];
    from.read_exact(&mut bytes).unwrap();
    bytes.truncate(length);
    (length > 0).then_some(bytes)
}

fn line(from: &mut impl BufRead) -> String {
    let mut line = String::new();
    from.read_line(&mut line).unwrap();
    line.trim_end().to_owned()
}

/// Reads what is left of a connection until it is closed.
pub fn rest(stream: &mut TcpStream) -> Vec<u8> {
    let mut bytes = Vec::new();
    // A connection that is reset is closed too.
    let _ = stream.read_to_end(&mut bytes);
    bytes
}
