//! Errors in OpenAI's shape.

use super::scheduler::Refused;
use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;
use std::fmt;

/// Why a request gets no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The status.
    pub status: StatusCode,
    /// What was found, and what would be right.
    pub message: String,
    /// The field.
    pub param: Option<String>,
    /// For programs.
    pub code: Option<&'static str>,
}

impl Refusal {
    /// A field that is wrong.
    pub fn field(param: impl Into<String>, message: impl fmt::Display) -> Self {
        let param = param.into();
        Self {
            status: StatusCode::BAD_REQUEST,
            message: format!("{param}: {message}"),
            param: Some(param),
            code: None,
        }
    }

    /// A request that is wrong as a whole.
    pub fn status(status: StatusCode, message: impl Into<String>) -> Self {
        Self {
            status,
            message: message.into(),
            param: None,
            code: None,
        }
    }

    /// More is asked at once than there is room for.
    pub fn full() -> Self {
        let what =
            "so many answers are being made or waited for that no more is taken; ask again soon";
        Self::status(StatusCode::TOO_MANY_REQUESTS, what).code("rate_limit_exceeded")
    }

    /// The same with a code for programs.
    #[must_use]
    pub fn code(mut self, code: &'static str) -> Self {
        self.code = Some(code);
        self
    }

    /// As JSON.
    pub fn json(&self) -> serde_json::Value {
        let kind = match self.status {
            StatusCode::UNAUTHORIZED => "authentication_error",
            StatusCode::TOO_MANY_REQUESTS => "rate_limit_error",
            status if status.is_server_error() => "server_error",
            _ => "invalid_request_error",
        };
        json!({"error": {
            "message": self.message,
            "type": kind,
            "param": self.param,
            "code": self.code,
        }})
    }
}

impl From<Refused> for Refusal {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Full => Self::full(),
            Refused::TooMany(most) => {
                let what = format!("more answers than {most} at once are asked for");
                Self::status(StatusCode::BAD_REQUEST, what)
            }
            Refused::Failed => {
                Self::status(StatusCode::INTERNAL_SERVER_ERROR, "the model has failed")
            }
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let mut response = (self.status, Json(self.json())).into_response();
        let headers = response.headers_mut();
        match self.status {
            StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => {
                headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
            }
            StatusCode::UNAUTHORIZED => {
                let bearer = HeaderValue::from_static("Bearer");
                headers.insert(header::WWW_AUTHENTICATE, bearer);
            }
            _ => {}
        }
        response
    }
}
