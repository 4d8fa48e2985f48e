//! A judge in the test grades answers.

#![allow(clippy::unwrap_used)]

use serde_json::json;
use slovo_instruct::judge::External;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::thread;

/// Answers one request after another with these, and says what was asked.
fn judge(answers: Vec<(u16, String)>) -> (SocketAddr, thread::JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let serving = thread::spawn(move || {
        let answer = |(status, body): (u16, String)| {
            let (mut stream, _) = listener.accept().unwrap();
            let mut asked = Vec::new();
            let mut bytes = [0; 4096];
            loop {
                let read = stream.read(&mut bytes).unwrap();
                asked.extend(&bytes[..read]);
                let text = String::from_utf8_lossy(&asked).to_lowercase();
                let Some((head, body)) = text.split_once("\r\n\r\n") else {
                    continue;
                };
                let length = head.split("content-length: ").nth(1);
                let length = length.map_or(0, |rest| rest.lines().next().unwrap().parse().unwrap());
                if body.len() >= length {
                    break;
                }
            }
            let head = format!(
                "HTTP/1.1 {status} x\r\nconnection: close\r\ncontent-length: {}\r\n\r\n",
                body.len()
            );
            stream.write_all((head + &body).as_bytes()).unwrap();
            String::from_utf8(asked).unwrap()
        };
        answers.into_iter().map(answer).collect()
    });
    (address, serving)
}

fn said(text: &str) -> (u16, String) {
    let body = json!({"choices": [{"message": {"role": "assistant", "content": text}}]});
    (200, body.to_string())
}

#[test]
fn the_first_model_there_grades() {
    let models = json!({"data": [{"id": "wise"}, {"id": "other"}]}).to_string();
    let refusal = json!({"error": {"message": "too much"}}).to_string();
    let mut answers = vec![(200, models), said("87"), said("It is fine.")];
    // It is asked again, and at last given up.
    answers.extend([(429, refusal.clone()), said("5")]);
    answers.extend(vec![(429, refusal); 4]);
    let (address, serving) = judge(answers);
    let judge = External::new(&format!("http://{address}/v1/"), None).unwrap();
    assert_eq!(judge.score("Why?", "Because.", "So.").unwrap(), Some(87.0));
    assert_eq!(judge.score("Why?", "Because.", "So.").unwrap(), None);
    assert_eq!(judge.score("Why?", "Because.", "So.").unwrap(), Some(5.0));
    let error = judge
        .score("Why?", "Because.", "So.")
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("429") && error.contains("too much"),
        "{error}"
    );
    let asked = serving.join().unwrap();
    assert!(asked[0].starts_with("GET /v1/models"), "{}", asked[0]);
    assert!(
        asked[1].starts_with("POST /v1/chat/completions"),
        "{}",
        asked[1]
    );
    for expected in ["\"wise\"", "Why?", "Because.", "So."] {
        assert!(asked[1].contains(expected), "{}", asked[1]);
    }
}

#[test]
fn nobody_there_is_named() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let error = External::new(&format!("http://{address}/v1"), None)
        .err()
        .unwrap();
    assert!(
        error.is_usage() && error.to_string().contains(&address.to_string()),
        "{error}"
    );
}
