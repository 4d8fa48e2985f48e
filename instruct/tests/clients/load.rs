//! Many streams at once, and one alone.

use super::client::{get, post};
use super::server::Server;
use serde_json::json;
use std::collections::BTreeMap;
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

/// Tokens of each answer.
const TOKENS: usize = 100;
/// How much memory may grow after the first quarter.
const GROWTH: f64 = 1.10;

/// What came of asking.
#[derive(Debug, Default)]
struct Count {
    tokens: usize,
    statuses: BTreeMap<u16, usize>,
}

/// Keeps so many streams going for so long; statuses other than 200 and 429, streams without an end
/// and memory that grows are errors.
pub fn run(server: &Server, streams: usize, seconds: u64) -> Result<(), String> {
    let alone = keep_going(server, 1, Duration::from_secs(seconds.div_ceil(8)));
    let alone = alone.tokens as f64 / seconds.div_ceil(8) as f64;
    let memory = Mutex::new(Vec::new());
    let all = thread::scope(|scope| {
        let watch = scope.spawn(|| {
            for _ in 0..seconds {
                thread::sleep(Duration::from_secs(1));
                let seen = resident(server);
                memory.lock().expect("no panic").push(seen);
            }
        });
        let all = keep_going(server, streams, Duration::from_secs(seconds));
        let _ = watch.join();
        all
    });
    let rate = all.tokens as f64 / seconds as f64;
    let memory = memory.into_inner().expect("no panic");
    let quarter = memory.len() / 4;
    let early = memory[..quarter.max(1)].iter().max().copied().unwrap_or(0);
    let late = memory[quarter..].iter().max().copied().unwrap_or(0);
    println!("one stream         {alone:9.1} tokens/s");
    println!(
        "{streams:2} streams         {rate:9.1} tokens/s, {:.2} times as many",
        rate / alone
    );
    println!("answers by status  {:?}", all.statuses);
    println!(
        "memory             {} MiB, later at most {} MiB",
        early >> 20,
        late >> 20
    );
    match all
        .statuses
        .keys()
        .find(|status| ![200, 429].contains(*status))
    {
        Some(status) => return Err(format!("an answer had status {status}")),
        None if all.statuses.contains_key(&200) => {}
        None => return Err("nothing was answered".into()),
    }
    match late as f64 > GROWTH * early as f64 {
        true => Err("memory grew".into()),
        false => Ok(()),
    }
}

/// Asks again and again, so many at once, until the time is over.
fn keep_going(server: &Server, streams: usize, time: Duration) -> Count {
    let (count, begun) = (Mutex::new(Count::default()), Instant::now());
    thread::scope(|scope| {
        for stream in 0..streams {
            let count = &count;
            scope.spawn(move || {
                let mut asked = 0usize;
                while begun.elapsed() < time {
                    asked += 1;
                    let question = format!("{} {asked}", "word ".repeat(1 + (stream + asked) % 20));
                    let body = json!({
                        "messages": [{"role": "user", "content": question}],
                        "stream": true,
                        "stream_options": {"include_usage": true},
                        "max_tokens": TOKENS,
                        "temperature": 0,
                    });
                    let reply = post(server.address, "/v1/chat/completions", &body);
                    let mut count = count.lock().expect("no panic");
                    *count.statuses.entry(reply.status).or_default() += 1;
                    if reply.status == 200 {
                        let events = reply.events();
                        let usage = events
                            .last()
                            .map(|event| &event["usage"]["completion_tokens"]);
                        let tokens = usage.and_then(|tokens| tokens.as_u64()).expect("usage");
                        count.tokens += tokens as usize;
                    }
                }
            });
        }
    });
    count.into_inner().expect("no panic")
}

fn resident(server: &Server) -> u64 {
    let text = get(server.address, "/metrics").text();
    let mut lines = text
        .lines()
        .filter_map(|line| line.strip_prefix("slovo_resident_bytes "));
    lines
        .next()
        .and_then(|value| value.parse().ok())
        .expect("the server says how much memory it holds")
}
