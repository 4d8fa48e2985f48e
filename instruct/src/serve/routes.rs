//! What may be asked, and who answers.

use super::answering::{self, Answering, Asked};
use super::ask::{Ask, AskVectors, Wanted};
use super::refusal::Refusal;
use super::shape::{Kind, Shape, Usage};
use super::state::State;
use super::stream;
use super::vectors::Waiting;
use axum::body::Bytes;
use axum::extract::rejection::PathRejection;
use axum::extract::{DefaultBodyLimit, FromRequest, Path, Request, State as Shared};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use futures_util::future::try_join_all;
use serde_json::{Value, json};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The page of `GET /`.
const PAGE: &str = include_str!("page.html");
/// How long a body may take to come.
const BODY: Duration = Duration::from_secs(30);

type Answer = Result<Response, Refusal>;

/// All routes; bodies hold `max_body` bytes at most.
pub fn router(state: Arc<State>, max_body: usize) -> Router {
    let asked = Router::new()
        .route("/v1/chat/completions", post(chat))
        .route("/v1/completions", post(completions))
        .route("/v1/embeddings", post(embeddings))
        .route("/v1/models", get(models))
        .route("/v1/models/{*name}", get(model))
        .route("/metrics", get(metrics))
        .route_layer(middleware::from_fn_with_state(Arc::clone(&state), key));
    asked
        .route("/", get(|| async { Html(PAGE) }))
        .route("/health", get(health))
        .fallback(unknown)
        .method_not_allowed_fallback(method)
        .layer(DefaultBodyLimit::max(max_body))
        .layer(middleware::from_fn_with_state(Arc::clone(&state), outside))
        .with_state(state)
}

/// `POST /v1/chat/completions`
async fn chat(Shared(state): Shared<Arc<State>>, request: Request) -> Answer {
    let ask = Ask::chat(&body(request).await?)?;
    answer(&state, Kind::Chat, &ask).await
}

/// `POST /v1/completions`
async fn completions(Shared(state): Shared<Arc<State>>, request: Request) -> Answer {
    let ask = Ask::completion(&body(request).await?)?;
    answer(&state, Kind::Text, &ask).await
}

async fn answer(state: &Arc<State>, kind: Kind, ask: &Ask) -> Answer {
    state.is_served(ask.model.as_deref())?;
    let answers = state.answers()?;
    let (encoding, wanted) = (Arc::clone(state), ask.wanted.clone());
    let prompts = aside(state, move || {
        let answers = encoding.answers()?;
        match &wanted {
            Wanted::Chat(messages) => Ok(vec![answering::conversation(answers, messages)?]),
            Wanted::Texts(texts) => {
                let prompts = texts.iter().map(|text| answering::text(answers, text));
                prompts.collect()
            }
        }
    });
    let prompts = prompts.await?;
    let texts = match &ask.wanted {
        Wanted::Chat(_) => &[][..],
        Wanted::Texts(texts) => texts.as_slice(),
    };
    let asked = answering::begin(state, answers, &prompts, ask)?;
    let echo = texts.iter().filter(|_| ask.echo);
    let echoes: Vec<String> = echo
        .flat_map(|text| (0..ask.n).map(|_| text.clone()))
        .collect();
    let shape = Shape::new(kind, &state.name, now());
    match ask.stream {
        true => Ok(stream::stream(asked, shape, ask.stream_usage, &echoes)),
        false => whole(asked, &shape, &echoes).await,
    }
}

async fn whole(asked: Asked, shape: &Shape, echoes: &[String]) -> Answer {
    let mut usage = Usage {
        prompt: asked.prompt_tokens,
        new: 0,
    };
    // All are read at once, as they are made at once.
    let whole = asked.answers.into_iter().map(Answering::whole);
    let mut answers = Vec::with_capacity(whole.len());
    for (number, answer) in try_join_all(whole).await?.into_iter().enumerate() {
        let (text, reason, tokens) = answer;
        let echo = echoes.get(number).cloned().unwrap_or_default();
        answers.push((echo + &text, reason));
        usage.new += tokens;
    }
    Ok(Json(shape.whole(&answers, usage)).into_response())
}

/// `POST /v1/embeddings`
async fn embeddings(Shared(state): Shared<Arc<State>>, request: Request) -> Answer {
    let ask = AskVectors::read(&body(request).await?)?;
    state.is_served(ask.model.as_deref())?;
    let places = Arc::clone(&state.vectors()?.places);
    let place = places.try_acquire_owned();
    let place = place.map_err(|_| Refusal::full())?;
    let computing = Arc::clone(&state);
    let (texts, base64) = (ask.texts, ask.base64);
    // Dropped with this function where the client leaves.
    let waiting = Waiting::default();
    let left = waiting.watched();
    let computed = blocking(move || {
        let _place = place;
        computing.vectors()?.of(&texts, &left)
    });
    let (vectors, tokens) = computed.await?;
    state.metrics.prompt_tokens.add(tokens as u64);
    let data = vectors.iter().enumerate().map(|(index, vector)| {
        let vector = match base64 {
            true => json!(STANDARD.encode(bytes(vector))),
            false => json!(vector),
        };
        json!({"object": "embedding", "index": index, "embedding": vector})
    });
    let answer = json!({
        "object": "list",
        "data": data.collect::<Vec<_>>(),
        "model": state.name,
        "usage": {"prompt_tokens": tokens, "total_tokens": tokens},
    });
    Ok(Json(answer).into_response())
}

/// Has `work` done where it holds up no connection, one or two at a time: it takes a core for itself.
async fn aside<T: Send + 'static>(
    state: &State,
    work: impl FnOnce() -> Result<T, Refusal> + Send + 'static,
) -> Result<T, Refusal> {
    let turn = Arc::clone(&state.encoding).acquire_owned().await;
    blocking(move || {
        // Also where the client leaves meanwhile, the turn ends with the work.
        let _turn = turn;
        work()
    })
    .await
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Refusal> + Send + 'static,
) -> Result<T, Refusal> {
    let failed = |error: tokio::task::JoinError| {
        Refusal::status(StatusCode::INTERNAL_SERVER_ERROR, error.to_string())
    };
    tokio::task::spawn_blocking(work).await.map_err(failed)?
}

fn bytes(vector: &[f32]) -> Vec<u8> {
    vector
        .iter()
        .flat_map(|value| value.to_le_bytes())
        .collect()
}

/// `GET /v1/models`
async fn models(Shared(state): Shared<Arc<State>>) -> Json<Value> {
    Json(json!({"object": "list", "data": [card(&state)]}))
}

/// `GET /v1/models/NAME`
async fn model(
    Shared(state): Shared<Arc<State>>,
    name: Result<Path<String>, PathRejection>,
) -> Answer {
    let wrong = |error: PathRejection| Refusal::status(error.status(), error.body_text());
    let Path(name) = name.map_err(wrong)?;
    state.is_served(Some(&name))?;
    Ok(Json(card(&state)).into_response())
}

fn card(state: &State) -> Value {
    json!({
        "id": state.name,
        "object": "model",
        "created": state.created,
        "owned_by": "slovo",
    })
}

/// `GET /metrics`
async fn metrics(Shared(state): Shared<Arc<State>>) -> Response {
    let kind = "text/plain; version=0.0.4; charset=utf-8";
    let text = state.metrics.text(state.slots);
    ([(header::CONTENT_TYPE, kind)], text).into_response()
}

/// `GET /health`
async fn health(Shared(state): Shared<Arc<State>>) -> Answer {
    match state.metrics.alive.get() {
        1 => Ok(Json(json!({"status": "ok"})).into_response()),
        _ => {
            let what = "the model has failed; the server must be started again";
            Err(Refusal::status(StatusCode::SERVICE_UNAVAILABLE, what))
        }
    }
}

async fn unknown(request: Request) -> Refusal {
    let path = request.uri().path();
    let what = format!("there is no {path:?} here; POST /v1/chat/completions is");
    Refusal::status(StatusCode::NOT_FOUND, what)
}

async fn method(request: Request) -> Refusal {
    let what = format!("{} is not what it is asked with", request.method());
    Refusal::status(StatusCode::METHOD_NOT_ALLOWED, what)
}

/// The bytes of a JSON request.
async fn body(request: Request) -> Result<Bytes, Refusal> {
    let kind = request.headers().get(header::CONTENT_TYPE);
    let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or("");
    // A page of another origin could send anything else without asking first.
    if !kind
        .trim_start()
        .to_lowercase()
        .starts_with("application/json")
    {
        let what = format!("content-type is {kind:?}; application/json is needed");
        return Err(Refusal::status(StatusCode::UNSUPPORTED_MEDIA_TYPE, what));
    }
    match tokio::time::timeout(BODY, Bytes::from_request(request, &())).await {
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(rejection)) => Err(Refusal::status(rejection.status(), rejection.body_text())),
        Err(_) => {
            let what = format!("the body did not come within {} s", BODY.as_secs());
            Err(Refusal::status(StatusCode::REQUEST_TIMEOUT, what))
        }
    }
}

/// Lets those in who bring the key.
async fn key(Shared(state): Shared<Arc<State>>, request: Request, next: Next) -> Answer {
    let given = request.headers().get(header::AUTHORIZATION);
    let given = given.and_then(|value| value.to_str().ok());
    let given = given.and_then(|value| {
        let (scheme, key) = value.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| key.trim())
    });
    if state.knows(given) {
        return Ok(next.run(request).await);
    }
    let what =
        "a key is needed: `Authorization: Bearer KEY`, with the key the server was started with";
    Err(Refusal::status(StatusCode::UNAUTHORIZED, what).code("invalid_api_key"))
}

/// Counts answers, says to browsers whose pages may read them, and keeps those out that reached a server of
/// this machine alone by a name of their own (DNS rebinding).
async fn outside(Shared(state): Shared<Arc<State>>, request: Request, next: Next) -> Response {
    let allowed = allowed(&state.cors, request.headers());
    let asks_first = request.method() == Method::OPTIONS
        && request
            .headers()
            .contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
    let asked_for = header::ACCESS_CONTROL_REQUEST_HEADERS;
    let asked_for = request.headers().get(asked_for).cloned();
    let mut response = match (&allowed, asks_first) {
        _ if state.for_this_machine && !is_local(request.headers()) => {
            let what = "this server is for programs of this machine: localhost is its name, or a key would do";
            Refusal::status(StatusCode::FORBIDDEN, what).into_response()
        }
        (Some(_), true) => StatusCode::NO_CONTENT.into_response(),
        _ => next.run(request).await,
    };
    state.metrics.status(response.status().as_u16());
    let headers = response.headers_mut();
    if !state.cors.is_empty() {
        headers.insert(header::VARY, HeaderValue::from_static("origin"));
    }
    if let Some(origin) = allowed {
        let methods = HeaderValue::from_static("GET, POST");
        headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, methods);
        if let Some(names) = asked_for {
            headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, names);
        }
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    }
    response
}

/// Whether a request named this machine itself.
fn is_local(headers: &HeaderMap) -> bool {
    let host = headers
        .get(header::HOST)
        .and_then(|host| host.to_str().ok());
    let host = host.and_then(|host| host.parse::<Authority>().ok());
    host.is_some_and(|host| {
        let name = host.host().trim_matches(['[', ']']);
        let address: Option<IpAddr> = name.parse().ok();
        name.eq_ignore_ascii_case("localhost") || address.is_some_and(|it| it.is_loopback())
    })
}

/// The origin of a request, if its pages may ask.
fn allowed(origins: &[String], headers: &HeaderMap) -> Option<HeaderValue> {
    let origin = headers.get(header::ORIGIN)?;
    let known = |allowed: &String| allowed == "*" || origin == allowed.as_str();
    origins.iter().any(known).then(|| origin.clone())
}

fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| since.as_secs())
}
