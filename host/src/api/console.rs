//! The console: its files are part of the binary. A path that is no file is the console's own (it routes in the browser),
//! so it gets the entry page. Nothing is ever read from disk here.

use axum::body::Body;
use axum::http::{HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use rust_embed::RustEmbed;

use super::error::ApiError;
use super::security;

/// The built console.
#[derive(RustEmbed)]
#[folder = "$CARGO_MANIFEST_DIR/../web/dist"]
struct Files;

const ENTRY: &str = "index.html";

/// Files whose names contain a hash of them never change.
const FOR_EVER: &str = "public, max-age=31536000, immutable";
const ASK_AGAIN: &str = "no-cache";

/// Answers with a file of the console.
pub(super) async fn file(method: Method, uri: Uri) -> Response {
    let path = uri.path().trim_start_matches('/');
    if !matches!(method, Method::GET | Method::HEAD) || security::is_of_the_api(uri.path()) {
        return missing(path);
    }
    let looks_like_a_file = path
        .rsplit('/')
        .next()
        .is_some_and(|last| last.contains('.'));
    match (Files::get(path), looks_like_a_file) {
        (Some(file), _) => answer(path, file.data.into_owned()),
        (None, false) => match Files::get(ENTRY) {
            Some(entry) => answer(ENTRY, entry.data.into_owned()),
            None => missing(path),
        },
        (None, true) => missing(path),
    }
}

fn missing(path: &str) -> Response {
    let path = path.escape_default();
    ApiError::missing(format!("there is nothing at /{path}")).into_response()
}

fn answer(path: &str, data: Vec<u8>) -> Response {
    let kind = mime_guess::from_path(path).first_or_octet_stream();
    let kind = match kind.type_().as_str() {
        "text" => format!("{kind}; charset=utf-8"),
        _ => kind.to_string(),
    };
    let cache = if path.starts_with("assets/") {
        FOR_EVER
    } else {
        ASK_AGAIN
    };
    let mut response = Response::new(Body::from(data));
    *response.status_mut() = StatusCode::OK;
    let headers = response.headers_mut();
    if let Ok(kind) = HeaderValue::from_str(&kind) {
        headers.insert(header::CONTENT_TYPE, kind);
    }
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(cache));
    response
}
