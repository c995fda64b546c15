//! Plain HTTP on the same port: the page, and the time for those who poll it.

use sansocket::{CallError, Config, Connection, Header, Instant, Request};

use crate::clock::Clock;
use crate::peer::Verbs;

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

const TIME_HEADERS: [Header<'_>; 2] = [Header::new("Content-Type", "application/json"), Header::new("Cache-Control", "no-store")];

/// Answers at once. Returns the status.
pub(crate) fn answer(ws: &mut Verbs<'_, '_, '_>, request: &Request<'_>, clock: &Clock) -> Result<u16, CallError> {
    let (method, is_time) = (request.method(), request.path().starts_with("/time/"));
    if method != "GET" && (method != "HEAD" || is_time) {
        let allowed = if is_time { "GET" } else { "GET, HEAD" };
        ws.respond(405, &[Header::new("Allow", allowed), Header::new("Content-Type", PLAIN)], b"not allowed here\n")?;
        return Ok(405);
    }
    if matches!(request.path(), "/time/now" | "/time/next") {
        return time(ws, request.bytes().len(), clock).map(|()| 200);
    }
    let file = FILES.iter().find(|(path, ..)| *path == request.path());
    let (status, kind, body) = file.map_or((404, PLAIN, &b"not found\n"[..]), |&(_, kind, bytes)| (200, kind, bytes));
    let headers = [Header::new("Content-Type", kind), Header::new("Cache-Control", "no-cache"), PAGE_POLICY];
    ws.respond(status, &headers, body).map(|()| status)
}

/// Answers a poll with the time, and with what the answer costs: the bytes of the request's head and of its own.
pub(crate) fn time(ws: &mut Verbs<'_, '_, '_>, request_len: usize, clock: &Clock) -> Result<(), CallError> {
    let head_len = time_head_len(clock.json_with_heads(request_len, 0).as_bytes());
    ws.respond(200, &TIME_HEADERS, clock.json_with_heads(request_len, head_len).as_bytes())
}

/// How long the head before `body` is. A connection that answers nobody writes it into no room, and so counts what it would take.
fn time_head_len(body: &[u8]) -> usize {
    let (config, now) = (Config::new(), Instant::from_millis(0));
    let mut ws = Connection::server(&config, now);
    ws.receive(now, &mut b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n".to_owned(), &mut []).ok();
    match ws.respond(200, &TIME_HEADERS, body, now, &mut []) {
        Err(CallError::NeedsRoom { bytes }) => bytes - body.len(),
        _ => 0,
    }
}

/// Whether a long poll has to wait: always, unless it says which second it knows (`?after=N`) and another one has begun.
pub(crate) fn must_wait(request: &Request<'_>, clock: &Clock) -> bool {
    let known = request.query().and_then(|query| query.strip_prefix("after=")?.parse().ok());
    known.is_none_or(|second: u64| second >= clock.second())
}
