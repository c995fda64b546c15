//! Plain HTTP on the same port: the page, and the time for those who poll it.

use sansocket::{CallError, Connection, Header, Instant, Request};

use crate::clock::Clock;

/// What the page is made of: path, type and bytes.
const FILES: [(&str, &str, &[u8]); 3] = [
    ("/", "text/html; charset=utf-8", include_bytes!("page.html")),
    ("/page.css", "text/css; charset=utf-8", include_bytes!("page.css")),
    ("/page.js", "text/javascript; charset=utf-8", include_bytes!("page.js")),
];
const PLAIN: &str = "text/plain; charset=utf-8";
/// The browser itself sees to it that the page loads nothing from elsewhere.
const PAGE_POLICY: Header<'_> = Header::new(
    "Content-Security-Policy",
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; connect-src 'self' ws: wss:",
);

/// Answers at once. Returns the status and the bytes written.
pub(crate) fn answer(
    ws: &mut Connection<'_>,
    request: &Request<'_>,
    clock: &Clock,
    now: Instant,
    out: &mut [u8],
) -> Result<(u16, usize), CallError> {
    let (method, is_time) = (request.method(), request.path().starts_with("/time/"));
    let head_only = method == "HEAD" && !is_time;
    if method != "GET" && !head_only {
        let allowed = if is_time { "GET" } else { "GET, HEAD" };
        let headers = [Header::new("Allow", allowed), Header::new("Content-Type", PLAIN)];
        return Ok((405, ws.respond(405, &headers, b"not allowed here\n", now, out)?));
    }
    if matches!(request.path(), "/time/now" | "/time/next") {
        return Ok((200, time(ws, request.bytes().len(), clock, now, out)?));
    }
    let file = FILES.iter().find(|(path, ..)| *path == request.path());
    let (status, kind, body) = file.map_or((404, PLAIN, &b"not found\n"[..]), |&(_, kind, bytes)| (200, kind, bytes));
    let headers = [Header::new("Content-Type", kind), Header::new("Cache-Control", "no-cache"), PAGE_POLICY];
    let bytes = if head_only {
        ws.respond_head(status, &headers, body.len(), now, out)?
    } else {
        ws.respond(status, &headers, body, now, out)?
    };
    Ok((status, bytes))
}

/// Answers a poll with the time, and with what the answer costs: the bytes of the request's head and of its own.
pub(crate) fn time(
    ws: &mut Connection<'_>,
    request_len: usize,
    clock: &Clock,
    now: Instant,
    out: &mut [u8],
) -> Result<usize, CallError> {
    let headers = [Header::new("Content-Type", "application/json"), Header::new("Cache-Control", "no-store")];
    let unknown = clock.json_with_heads(request_len, 0);
    // Without room nothing happens, but for the count of what it would take.
    let response_len = match ws.respond(200, &headers, unknown.as_bytes(), now, &mut []) {
        Err(CallError::NeedsRoom { bytes }) => bytes - unknown.len(),
        other => return other,
    };
    let body = clock.json_with_heads(request_len, response_len);
    ws.respond(200, &headers, body.as_bytes(), now, out)
}

/// Whether a long poll has to wait: always, unless it says which second it knows (`?after=N`) and another one has begun.
pub(crate) fn must_wait(request: &Request<'_>, clock: &Clock) -> bool {
    let known = request.query().and_then(|query| query.strip_prefix("after=")?.parse().ok());
    known.is_none_or(|second: u64| second >= clock.second())
}
