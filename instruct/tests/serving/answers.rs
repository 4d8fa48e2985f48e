//! What clients that behave are given.

use super::client::{ask, get, post};
use super::shop::{CONTEXT, Shop, assistant, assistant_of, settings};
use serde_json::{Value, json};
use slovo_instruct::serve::Model;
use slovo_instruct::{Message, Role};
use slovo_model::{GenerateOptions, Request, Sampling};
use std::ops::ControlFlow;

fn chat(more: Value) -> Value {
    let mut body = json!({
        "model": "tiny",
        "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "Wie heißt du? 🦀"},
        ],
        "temperature": 0,
        "max_tokens": 40,
    });
    let Value::Object(more) = more else {
        panic!("fields")
    };
    more.into_iter()
        .for_each(|(name, value)| body[name] = value);
    body
}

fn content(reply: &Value, index: usize) -> &str {
    reply["choices"][index]["message"]["content"]
        .as_str()
        .unwrap()
}

/// The text of one answer of a stream.
fn streamed(events: &[Value], index: usize) -> String {
    let choices = events
        .iter()
        .flat_map(|event| event["choices"].as_array().unwrap());
    let of_it = choices.filter(|choice| choice["index"] == index);
    let piece = |choice: &Value| {
        let text = choice["delta"]["content"]
            .as_str()
            .or(choice["text"].as_str());
        text.unwrap_or_default().to_owned()
    };
    of_it.map(piece).collect()
}

#[test]
fn streamed_whole_and_generated_answers_are_the_same() {
    let shop = Shop::open(settings());
    let helper = assistant();
    let messages = [
        Message::new(Role::System, "Be brief."),
        Message::new(Role::User, "Wie heißt du? 🦀"),
    ];
    let answers = helper.answer_all(
        &[&messages],
        &Sampling::greedy(),
        40,
        1,
        &slovo_data::stop::Stop::new(),
    );
    let expected = answers.unwrap().unwrap().remove(0).unwrap();
    let whole = post(shop.address, "/v1/chat/completions", &chat(json!({})));
    assert_eq!(whole.status, 200, "{}", whole.text());
    let whole = whole.json();
    assert_eq!(content(&whole, 0), expected.text);
    assert_eq!(whole["choices"][0]["finish_reason"], "length");
    assert_eq!(whole["object"], "chat.completion");
    let prompt = helper
        .template
        .prompt_ids(&messages, &helper.tokenizer)
        .unwrap();
    assert_eq!(whole["usage"]["prompt_tokens"], prompt.len());
    assert_eq!(whole["usage"]["completion_tokens"], 40);
    let asked = chat(json!({"stream": true, "stream_options": {"include_usage": true}}));
    let stream = post(shop.address, "/v1/chat/completions", &asked);
    assert_eq!(stream.header("content-type"), Some("text/event-stream"));
    let events = stream.events();
    assert_eq!(events[0]["choices"][0]["delta"]["role"], "assistant");
    assert_eq!(streamed(&events, 0), expected.text);
    let (usage, before) = events.split_last().unwrap();
    assert_eq!(usage["usage"], whole["usage"]);
    assert_eq!(
        before.last().unwrap()["choices"][0]["finish_reason"],
        "length"
    );
    assert!(events.iter().all(|event| event["id"] == events[0]["id"]));

    // A text that is continued.
    let ids = helper.tokenizer.encode("déjà").unwrap();
    let request = Request {
        prompt: &ids,
        options: GenerateOptions {
            sampling: Sampling::greedy(),
            ..GenerateOptions::new(30)
        },
    };
    let found = helper
        .model
        .generate_batch(&[request], |_| ControlFlow::Continue(()))
        .unwrap();
    let expected = helper.tokenizer.decode(&found[0].tokens).unwrap();
    let body = json!({"prompt": "déjà", "temperature": 0, "max_tokens": 30});
    let reply = post(shop.address, "/v1/completions", &body).json();
    assert_eq!(reply["choices"][0]["text"], expected);
    let body =
        json!({"prompt": "déjà", "temperature": 0, "max_tokens": 30, "stream": true, "echo": true});
    let events = post(shop.address, "/v1/completions", &body).events();
    assert_eq!(streamed(&events, 0), format!("déjà{expected}"));
}

#[test]
fn many_at_once_are_answered_as_one_alone() {
    let shop = Shop::open(settings());
    let body = |number: usize| {
        let question = "x".repeat(1 + number * 7 % 50);
        json!({"messages": [{"role": "user", "content": question}], "seed": number, "max_tokens": 20 + number % 9})
    };
    let alone: Vec<String> = (0..64)
        .map(|number| {
            let reply = post(shop.address, "/v1/chat/completions", &body(number)).json();
            content(&reply, 0).to_owned()
        })
        .collect();
    let together: Vec<_> = (0..64)
        .map(|number| {
            let (address, mut body) = (shop.address, body(number));
            body["stream"] = json!(true);
            std::thread::spawn(move || post(address, "/v1/chat/completions", &body))
        })
        .collect();
    for (number, reply) in together.into_iter().enumerate() {
        let reply = reply.join().unwrap();
        assert_eq!(reply.status, 200);
        assert_eq!(streamed(&reply.events(), 0), alone[number], "{number}");
    }
    assert_eq!(shop.counted("slovo_responses_total{status=\"200\"}"), 128);
    shop.wait_for("slovo_slots_busy", 0);
    shop.wait_for("slovo_answers_open", 0);
}

#[test]
fn seeds_numbers_and_stop_texts_do_what_they_say() {
    let shop = Shop::open(settings());
    let of = |more: Value| post(shop.address, "/v1/chat/completions", &chat(more)).json();
    let drawn = json!({"temperature": 1.0, "seed": 7, "n": 3});
    let (first, again) = (of(drawn.clone()), of(drawn));
    let texts: Vec<&str> = (0..3).map(|index| content(&first, index)).collect();
    assert_eq!(
        texts,
        (0..3)
            .map(|index| content(&again, index))
            .collect::<Vec<_>>()
    );
    assert!(texts[0] != texts[1] && texts[1] != texts[2]);
    assert_eq!(first["usage"]["completion_tokens"], 120);
    // The second answer is what the next seed alone gives.
    let next = of(json!({"temperature": 1.0, "seed": 8}));
    assert_eq!(content(&next, 0), texts[1]);

    let whole = of(json!({}));
    let whole = content(&whole, 0);
    let (at, stop) = whole
        .char_indices()
        .nth(5)
        .map(|(at, letter)| (at, letter.to_string()))
        .unwrap();
    let first = whole.find(&stop).unwrap();
    let stopped = of(json!({"stop": stop}));
    assert_eq!(content(&stopped, 0), &whole[..first.min(at)]);
    assert_eq!(stopped["choices"][0]["finish_reason"], "stop");
    let events = post(
        shop.address,
        "/v1/chat/completions",
        &chat(json!({"stop": [stop], "stream": true})),
    );
    let events = events.events();
    assert_eq!(streamed(&events, 0), &whole[..first.min(at)]);
    assert_eq!(
        events.last().unwrap()["choices"][0]["finish_reason"],
        "stop"
    );

    // Repeating nothing.
    let penalised = of(json!({"frequency_penalty": 2.0, "presence_penalty": 2.0}));
    assert_ne!(content(&penalised, 0), whole);
    // More than there is room for is as much as there is room for.
    let long = of(json!({"max_tokens": 1_000_000}));
    let usage = &long["usage"];
    assert_eq!(usage["total_tokens"], CONTEXT);
    assert_eq!(long["choices"][0]["finish_reason"], "length");
    let two =
        json!({"prompt": ["ab", "cd"], "n": 2, "max_tokens": 3, "temperature": 0, "echo": true});
    let two = post(shop.address, "/v1/completions", &two).json();
    let texts = two["choices"]
        .as_array()
        .unwrap()
        .iter()
        .map(|choice| choice["text"].as_str().unwrap());
    let texts: Vec<&str> = texts.collect();
    assert_eq!(texts.len(), 4);
    assert!(texts[1].starts_with("ab") && texts[2].starts_with("cd"));
}

#[test]
fn answers_side_by_side_may_be_long() {
    let shop = Shop::open(settings());
    let body = json!({"prompt": ["a", "b"], "max_tokens": 5000, "temperature": 0});
    let reply = post(shop.address, "/v1/completions", &body);
    assert_eq!(reply.status, 200, "{}", reply.text());
    assert_eq!(reply.json()["choices"].as_array().unwrap().len(), 2);
}

#[test]
fn a_short_context_is_served_too() {
    let shop = Shop::with(Model::Assistant(assistant_of(48)), settings());
    let body = json!({"prompt": "ab", "max_tokens": 100, "temperature": 0});
    let reply = post(shop.address, "/v1/completions", &body);
    assert_eq!(reply.status, 200, "{}", reply.text());
}

#[test]
fn the_server_says_what_it_is() {
    let shop = Shop::open(settings());
    let models = get(shop.address, "/v1/models").json();
    assert_eq!(models["data"][0]["id"], "tiny");
    assert_eq!(
        get(shop.address, "/v1/models/tiny").json()["object"],
        "model"
    );
    assert_eq!(get(shop.address, "/v1/models/a/b").status, 404);
    assert_eq!(get(shop.address, "/health").json()["status"], "ok");
    let page = get(shop.address, "/");
    assert!(
        page.header("content-type")
            .unwrap()
            .starts_with("text/html")
    );
    // Nothing of it comes from elsewhere.
    let page = page.text();
    for outside in ["http://", "https://", "src="] {
        assert!(!page.contains(outside), "{outside}");
    }
    post(shop.address, "/v1/chat/completions", &chat(json!({})));
    let metrics = get(shop.address, "/metrics").text();
    for line in metrics.lines().filter(|line| !line.starts_with('#')) {
        let (name, value) = line.rsplit_once(' ').unwrap();
        assert!(
            name.starts_with("slovo_") && value.parse::<f64>().is_ok(),
            "{line}"
        );
    }
    assert_eq!(shop.counted("slovo_generated_tokens_total"), 40);
    assert_eq!(shop.counted("slovo_first_token_seconds_count"), 1);
}

#[test]
fn what_was_begun_is_ended_when_the_server_shall_end() {
    let shop = Shop::open(slovo_instruct::serve::Settings {
        drain: std::time::Duration::from_secs(300),
        ..settings()
    });
    let address = shop.address;
    let body = chat(json!({"stream": true, "max_tokens": 6000}));
    let stream = std::thread::spawn(move || post(address, "/v1/chat/completions", &body));
    shop.wait_for("slovo_slots_busy", 1);
    assert!(shop.close());
    let events = stream.join().unwrap().events();
    assert_eq!(
        events.last().unwrap()["choices"][0]["finish_reason"],
        "length"
    );
    assert!(std::net::TcpStream::connect(address).is_err());
    // What does not end in time is let go of.
    let shop = Shop::open(slovo_instruct::serve::Settings {
        drain: std::time::Duration::ZERO,
        ..settings()
    });
    let address = shop.address;
    let body = chat(json!({"max_tokens": 6000})).to_string();
    let mut stream = super::client::connect(address);
    let json = [("content-type", "application/json")];
    let bytes = super::client::request("POST", "/v1/chat/completions", &json, body.as_bytes());
    std::io::Write::write_all(&mut stream, &bytes).unwrap();
    shop.wait_for("slovo_slots_busy", 1);
    assert!(!shop.close());
    assert_eq!(super::client::rest(&mut stream), b"");
}

#[test]
fn keys_and_origins_are_asked_for_where_they_are_set() {
    let shop = Shop::open(slovo_instruct::serve::Settings {
        key: Some("secret".into()),
        cors: vec!["https://one.example".into()],
        ..settings()
    });
    let with = |headers: &[(&str, &str)]| ask(shop.address, "GET", "/v1/models", headers, b"");
    let refused = with(&[]);
    assert_eq!(refused.status, 401);
    assert_eq!(refused.header("www-authenticate"), Some("Bearer"));
    assert_eq!(refused.json()["error"]["code"], "invalid_api_key");
    assert_eq!(with(&[("authorization", "Bearer wrong")]).status, 401);
    assert_eq!(with(&[("authorization", "secret")]).status, 401);
    assert_eq!(with(&[("authorization", "bearer secret")]).status, 200);
    // Not for these.
    assert_eq!(get(shop.address, "/health").status, 200);
    assert_eq!(get(shop.address, "/").status, 200);

    let allowed = "access-control-allow-origin";
    let one = with(&[
        ("origin", "https://one.example"),
        ("authorization", "Bearer secret"),
    ]);
    assert_eq!(one.header(allowed), Some("https://one.example"));
    let other = with(&[
        ("origin", "https://other.example"),
        ("authorization", "Bearer secret"),
    ]);
    assert_eq!(other.header(allowed), None);
    let asks_first = [
        ("origin", "https://one.example"),
        ("access-control-request-method", "POST"),
        (
            "access-control-request-headers",
            "authorization, x-stainless-os",
        ),
    ];
    let reply = ask(
        shop.address,
        "OPTIONS",
        "/v1/chat/completions",
        &asks_first,
        b"",
    );
    assert_eq!(reply.status, 204);
    assert_eq!(
        reply.header("access-control-allow-headers"),
        Some("authorization, x-stainless-os")
    );
    assert_eq!(reply.header("vary"), Some("origin"));
    let closed = Shop::open(settings());
    let reply = ask(closed.address, "GET", "/v1/models", &asks_first, b"");
    assert_eq!(reply.header(allowed), None);
}
