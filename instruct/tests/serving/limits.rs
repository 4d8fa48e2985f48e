//! Clients that ask too much, ask nonsense, or do not behave; and that the server outlives them.

use super::client::{ask, chunk, connect, get, headers, post, request, rest};
use super::shop::{CONTEXT, Shop, assistant, settings};
use burn::tensor::Device;
use serde_json::{Value, json};
use slovo_instruct::Assistant;
use slovo_instruct::serve::{Bounds, Model, Settings};
use slovo_model::{CausalLm, TransformerConfig};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::Shutdown;
use std::time::{Duration, Instant};

const CHAT: &str = "/v1/chat/completions";
const JSON: [(&str, &str); 1] = [("content-type", "application/json")];

fn question(more: Value) -> Value {
    let mut body = json!({"messages": [{"role": "user", "content": "x"}], "max_tokens": 4});
    let Value::Object(more) = more else {
        panic!("fields")
    };
    more.into_iter()
        .for_each(|(name, value)| body[name] = value);
    body
}

/// That a question is still answered.
fn lives(shop: &Shop) {
    assert_eq!(post(shop.address, CHAT, &question(json!({}))).status, 200);
}

/// One slot, and one place to wait for it.
fn one_slot() -> Bounds {
    Bounds {
        slots: 1,
        queue: 1,
        memory: 256 << 20,
    }
}

#[test]
fn nonsense_is_refused_in_openais_shape() {
    let shop = Shop::open(settings());
    let long = "x".repeat(CONTEXT);
    for (body, status, param) in [
        (question(json!({"temperature": -1})), 400, "temperature"),
        (question(json!({"temperature": 1e30})), 400, "temperature"),
        (question(json!({"top_p": -0.5})), 400, "top_p"),
        (question(json!({"n": 9})), 400, "n"),
        (question(json!({"n": 0})), 400, "n"),
        (question(json!({"max_tokens": -3})), 400, "max_tokens"),
        (question(json!({"model": "another"})), 404, "model"),
        (
            question(json!({"messages": [{"role": "user", "content": long}]})),
            400,
            "messages",
        ),
        (question(json!({"messages": "hello"})), 400, "messages"),
        (
            question(json!({"logit_bias": {"5": 100}})),
            400,
            "logit_bias",
        ),
    ] {
        let reply = post(shop.address, CHAT, &body);
        assert_eq!(reply.status, status, "{}", reply.text());
        let error = &reply.json()["error"];
        assert_eq!(error["param"], param);
        assert!(!error["message"].as_str().unwrap().is_empty());
        assert_eq!(error["type"], "invalid_request_error");
    }
    let long = json!({"prompt": "x".repeat(CONTEXT)});
    let reply = post(shop.address, "/v1/completions", &long).json();
    assert_eq!(reply["error"]["code"], "context_length_exceeded");
    let nested = "[".repeat(400_000);
    for body in [
        "",
        "null",
        "{",
        "{\"temperature\": NaN}",
        "{\"messages\": Infinity}",
        &nested,
        "\u{0}",
    ] {
        let reply = ask(shop.address, "POST", CHAT, &JSON, body.as_bytes());
        assert_eq!(reply.status, 400, "{body:.20}");
        assert_eq!(reply.json()["error"]["type"], "invalid_request_error");
    }
    // No whole characters.
    assert_eq!(
        ask(shop.address, "POST", CHAT, &JSON, b"{\"a\": \"\xff\"}").status,
        400
    );
    let body = question(json!({})).to_string();
    let plain = [("content-type", "text/plain")];
    assert_eq!(
        ask(shop.address, "POST", CHAT, &plain, body.as_bytes()).status,
        415
    );
    assert_eq!(
        ask(shop.address, "POST", CHAT, &[], body.as_bytes()).status,
        415
    );
    assert_eq!(get(shop.address, CHAT).status, 405);
    assert_eq!(
        get(shop.address, "/v1/models/%ff").json()["error"]["type"],
        "invalid_request_error"
    );
    // A name of its own that somebody gave this machine (DNS rebinding).
    let mut stream = connect(shop.address);
    let other = b"GET /v1/models HTTP/1.1\r\nhost: evil.example:8080\r\nconnection: close\r\n\r\n";
    stream.write_all(other).unwrap();
    assert!(rest(&mut stream).starts_with(b"HTTP/1.1 403"));
    let missing = get(shop.address, "/v1/other");
    assert_eq!(missing.status, 404);
    assert!(
        missing.json()["error"]["message"]
            .as_str()
            .unwrap()
            .contains("/v1/other")
    );
    assert_eq!(
        post(shop.address, "/v1/embeddings", &json!({"input": "x"})).status,
        404
    );
    lives(&shop);
}

#[test]
fn a_body_over_the_limit_is_not_read() {
    let shop = Shop::open(settings());
    let big = vec![b' '; (1 << 20) + 1];
    assert_eq!(ask(shop.address, "POST", CHAT, &JSON, &big).status, 413);
    // Whoever does not say how much there will be is stopped too.
    let mut stream = connect(shop.address);
    let head = format!(
        "POST {CHAT} HTTP/1.1\r\nhost: 127.0.0.1:1\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).unwrap();
    let part = [b"10000\r\n".as_slice(), &[b' '; 0x10000], b"\r\n"].concat();
    for _ in 0..64 {
        if stream.write_all(&part).is_err() {
            break;
        }
    }
    let answer = rest(&mut stream);
    // It may be gone by the time that it could be read.
    assert!(
        answer.is_empty() || answer.starts_with(b"HTTP/1.1 413"),
        "{:?}",
        String::from_utf8_lossy(&answer)
    );
    lives(&shop);
}

#[test]
fn what_is_too_much_at_once_is_refused_and_may_be_asked_again() {
    let shop = Shop::open(Settings {
        bounds: one_slot(),
        ..settings()
    });
    let long = question(json!({"max_tokens": 1800, "stream": true, "temperature": 0}));
    let asked: Vec<_> = (0..8)
        .map(|_| {
            let (address, body) = (shop.address, long.clone());
            std::thread::spawn(move || post(address, CHAT, &body))
        })
        .collect();
    let replies: Vec<_> = asked
        .into_iter()
        .map(|reply| reply.join().unwrap())
        .collect();
    let refused: Vec<_> = replies.iter().filter(|reply| reply.status == 429).collect();
    assert!(!refused.is_empty() && refused.len() < 8);
    for reply in refused {
        assert_eq!(reply.header("retry-after"), Some("1"));
        assert_eq!(reply.json()["error"]["type"], "rate_limit_error");
    }
    assert!(
        replies
            .iter()
            .all(|reply| [200, 429].contains(&reply.status))
    );
    lives(&shop);
    // More than there will ever be places for.
    let many = json!({"prompt": vec!["x"; 3]});
    assert_eq!(post(shop.address, "/v1/completions", &many).status, 400);
    // Keys and values of a hundred tokens: more cannot be asked for, however long one waits.
    let small = Shop::open(Settings {
        bounds: Bounds {
            slots: 1,
            queue: 1,
            memory: 2 * 2 * 32 * 4 * (100 + 64),
        },
        ..settings()
    });
    let text = json!({"prompt": "x".repeat(100)});
    assert_eq!(post(small.address, "/v1/completions", &text).status, 400);
    let text = json!({"prompt": "x".repeat(90), "max_tokens": 50, "temperature": 0});
    let reply = post(small.address, "/v1/completions", &text).json();
    assert_eq!(reply["usage"]["total_tokens"], 100);
}

/// A model that takes longer for a token than the server takes to say what it counts.
fn slow() -> Assistant {
    let mut helper = assistant();
    let config = TransformerConfig {
        d_model: 256,
        n_layers: 6,
        ..helper.model.config().clone()
    };
    helper.model = CausalLm::new(&config, 3, &Device::default()).unwrap();
    helper
}

#[test]
fn who_leaves_gives_the_slot_back_with_the_next_token() {
    let shop = Shop::with(Model::Assistant(slow()), settings());
    let tokens = || shop.counted("slovo_generated_tokens_total");
    for stream in [true, false] {
        let body =
            question(json!({"max_tokens": 8000, "stream": stream, "temperature": 0})).to_string();
        let mut client = connect(shop.address);
        client
            .write_all(&request("POST", CHAT, &JSON, body.as_bytes()))
            .unwrap();
        shop.wait_for("slovo_slots_busy", 1);
        drop(client);
        let begun = Instant::now();
        while shop.counted("slovo_answers_open") > 0 {
            assert!(begun.elapsed() < Duration::from_secs(60));
        }
        // From here on nobody waits: what is being made is made to its end, and is the last.
        let noticed = tokens();
        shop.wait_for("slovo_slots_busy", 0);
        let made = tokens() - noticed;
        assert!(made <= 2, "{made} tokens were made for nobody");
    }
    // Neither answer came to an end of its own.
    assert_eq!(shop.counted("slovo_answer_seconds_count"), 0);
    lives(&shop);
}

#[test]
fn half_a_request_is_waited_for_and_then_let_go_of() {
    let patience = Duration::from_millis(400);
    let shop = Shop::open(Settings {
        patience,
        ..settings()
    });
    let body = question(json!({})).to_string();
    let whole = request("POST", CHAT, &JSON, body.as_bytes());
    let mut half: Vec<_> = (0..100)
        .map(|number| {
            let mut stream = connect(shop.address);
            let sent = 1 + number * 37 % (whole.len() - body.len() - 2);
            stream.write_all(&whole[..sent]).unwrap();
            stream
        })
        .collect();
    lives(&shop);
    for stream in &mut half {
        let said = rest(stream);
        assert!(
            said.is_empty() || said.starts_with(b"HTTP/1.1 408"),
            "{said:?}"
        );
    }
    // No HTTP at all.
    for garbage in [
        &b"\x16\x03\x01\x02\x00\x01\x00"[..],
        b"GET\r\n\r\n",
        &[b'A'; 200_000],
    ] {
        let mut stream = connect(shop.address);
        let _ = stream.write_all(garbage);
        let said = rest(&mut stream);
        assert!(
            said.is_empty() || said.starts_with(b"HTTP/1.1 4"),
            "{said:?}"
        );
    }
    lives(&shop);
}

#[test]
fn half_a_body_holds_up_nobody() {
    let shop = Shop::open(Settings {
        bounds: one_slot(),
        drain: Duration::from_secs(10),
        ..settings()
    });
    let body = question(json!({})).to_string();
    let whole = request("POST", CHAT, &JSON, body.as_bytes());
    let half: Vec<_> = (0..100)
        .map(|_| {
            let mut stream = connect(shop.address);
            stream
                .write_all(&whole[..whole.len() - body.len() / 2])
                .unwrap();
            stream
        })
        .collect();
    for _ in 0..3 {
        lives(&shop);
    }
    shop.wait_for("slovo_slots_busy", 0);
    shop.wait_for("slovo_answers_open", 0);
    let begun = Instant::now();
    for (number, mut stream) in half.into_iter().enumerate() {
        // Every other one leaves without a word.
        if number % 2 == 0 {
            stream.shutdown(Shutdown::Write).unwrap();
            let said = rest(&mut stream);
            assert!(
                said.is_empty() || said.starts_with(b"HTTP/1.1 4"),
                "{said:?}"
            );
        }
    }
    // None of them was waited for.
    assert!(begun.elapsed() < Duration::from_secs(20));
    lives(&shop);
    assert!(shop.close(), "a connection is still being answered");
}

#[test]
fn who_never_reads_is_let_go_of() {
    let patience = Duration::from_millis(500);
    let shop = Shop::open(Settings {
        patience,
        ..settings()
    });
    let mut silent = connect(shop.address);
    let page = request("GET", "/", &[], b"");
    let length = get(shop.address, "/").body.len();
    // More answers than any buffer on the way holds.
    let many = page.repeat(20_000);
    silent
        .set_write_timeout(Some(Duration::from_secs(20)))
        .unwrap();
    let begun = Instant::now();
    let sent = silent.write_all(&many);
    // Either nobody takes any more of it, or the connection is closed before its answers were read.
    let mut read = 0;
    let mut bytes = vec![0; 1 << 16];
    std::thread::sleep(2 * patience);
    while let Ok(more @ 1..) = silent.read(&mut bytes) {
        read += more;
    }
    assert!(read < 20_000 * length, "all {read} bytes came, {sent:?}");
    assert!(begun.elapsed() < Duration::from_secs(30));
    lives(&shop);
}

#[test]
fn an_answer_that_nobody_reads_gives_its_slot_back() {
    let begin = |patience| {
        let shop = Shop::open(Settings {
            // It stands in every event, so that no buffer on the way holds the answer.
            name: "tiny".repeat(2000),
            bounds: one_slot(),
            patience,
            ..settings()
        });
        let body =
            question(json!({"max_tokens": 8000, "stream": true, "temperature": 0})).to_string();
        let mut silent = connect(shop.address);
        silent
            .write_all(&request("POST", CHAT, &JSON, body.as_bytes()))
            .unwrap();
        shop.wait_for("slovo_slots_busy", 1);
        (shop, silent)
    };
    // However long its client may be silent, it is not computed to its end.
    let (shop, silent) = begin(Duration::from_secs(600));
    lives(&shop);
    let made = shop.counted("slovo_generated_tokens_total");
    assert!(made < 8000, "{made} tokens were made");
    // Whoever reads it after all is told why it breaks off.
    let mut from = BufReader::new(silent);
    from.read_line(&mut String::new()).unwrap();
    headers(&mut from);
    let last = std::iter::from_fn(|| chunk(&mut from)).last().unwrap();
    let last = String::from_utf8(last).unwrap();
    assert!(last.contains("read too slowly"), "{last}");
    // A client that may be silent for less is let go of altogether.
    let (shop, _silent) = begin(Duration::from_millis(500));
    lives(&shop);
    shop.wait_for("slovo_answers_open", 0);
    lives(&shop);
}

#[test]
fn a_stream_comes_token_by_token() {
    let shop = Shop::open(settings());
    let body = question(json!({"max_tokens": 8000, "stream": true, "temperature": 0})).to_string();
    let mut stream = connect(shop.address);
    stream
        .write_all(&request("POST", CHAT, &JSON, body.as_bytes()))
        .unwrap();
    let mut from = BufReader::new(stream);
    let mut status = String::new();
    from.read_line(&mut status).unwrap();
    assert!(status.contains("200"), "{status}");
    headers(&mut from);
    chunk(&mut from).unwrap();
    chunk(&mut from).unwrap();
    // The answer is far from its end when its beginning can be read.
    shop.wait_for("slovo_slots_busy", 1);
    while let Some(bytes) = chunk(&mut from) {
        assert!(String::from_utf8(bytes).is_ok());
    }
    shop.wait_for("slovo_slots_busy", 0);
}
