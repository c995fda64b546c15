//! The page, and what it needs.

use http_body_util::Full;
use hyper::body::Bytes;
use hyper::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderValue, X_CONTENT_TYPE_OPTIONS};
use hyper::{Method, Request, Response, StatusCode};

/// Path, type and bytes. The client stands where the servers of others have it.
const FILES: [(&str, &str, &[u8]); 4] = [
    ("/", "text/html; charset=utf-8", include_bytes!("page.html")),
    ("/page.css", "text/css; charset=utf-8", include_bytes!("page.css")),
    ("/page.js", "text/javascript; charset=utf-8", include_bytes!("page.js")),
    ("/socket.io/socket.io.js", "text/javascript; charset=utf-8", include_bytes!("socket.io.min.js")),
];
/// The browser itself sees to it that the page loads nothing from elsewhere, and runs no other script: `blob:` is what others have sent.
const PAGE_POLICY: &str =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src data: blob:; connect-src 'self' ws: wss:";

pub(crate) fn answer<B>(request: &Request<B>) -> Response<Full<Bytes>> {
    let file = FILES.iter().find(|(path, ..)| *path == request.uri().path());
    let (status, kind, body) = match file {
        Some(&(_, kind, bytes)) if matches!(*request.method(), Method::GET | Method::HEAD) => (StatusCode::OK, kind, bytes),
        Some(_) => (StatusCode::METHOD_NOT_ALLOWED, "text/plain; charset=utf-8", &b"not allowed here\n"[..]),
        None => (StatusCode::NOT_FOUND, "text/plain; charset=utf-8", &b"not found\n"[..]),
    };
    let mut response = Response::new(Full::new(Bytes::from_static(body)));
    *response.status_mut() = status;
    for (name, value) in [
        (CONTENT_TYPE, kind),
        (CACHE_CONTROL, "no-cache"),
        (CONTENT_SECURITY_POLICY, PAGE_POLICY),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ] {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}
