//! The heads of a browser's requests. Their bytes are most of what polling costs, so they are a browser's own: what Chromium 156 on Linux
//! sent over HTTPS for `fetch("/short?since=1000")`, `new EventSource("/sse")` and `new WebSocket("wss://www.example.com/ws")` from a page of
//! that host, recorded by a server, in its order. Changed are the path, and `HeadlessChrome` to the `Chrome` of a window; the key is one for all.
//! A site with cookies has those on top.

const USER_AGENT: &str =
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36";
const PLATFORM: &str = "sec-ch-ua-platform: \"Linux\"";
const BRANDS: &str = "sec-ch-ua: \"Not:A-Brand\";v=\"8\", \"Chromium\";v=\"156\"\r\nsec-ch-ua-mobile: ?0";
const SAME_SITE: &str =
    "Sec-Fetch-Site: same-origin\r\nSec-Fetch-Mode: cors\r\nSec-Fetch-Dest: empty\r\nReferer: https://www.example.com/";
const ACCEPT: &str = "Accept-Encoding: gzip, deflate, br, zstd\r\nAccept-Language: en-US,en;q=0.9";

pub fn fetch(path: &str) -> String {
    head(path, &["Connection: keep-alive", PLATFORM, USER_AGENT, BRANDS, "Accept: */*", SAME_SITE, ACCEPT])
}

pub fn event_source(path: &str) -> String {
    let uncached = "Connection: keep-alive\r\nPragma: no-cache\r\nCache-Control: no-cache";
    head(path, &[uncached, PLATFORM, USER_AGENT, "Accept: text/event-stream", BRANDS, SAME_SITE, ACCEPT])
}

pub fn websocket(path: &str) -> String {
    let uncached = "Connection: Upgrade\r\nPragma: no-cache\r\nCache-Control: no-cache";
    let upgrade = "Upgrade: websocket\r\nOrigin: https://www.example.com\r\nSec-WebSocket-Version: 13";
    let key =
        "Sec-WebSocket-Key: UTZBBkayVeo18AP8O0u0qQ==\r\nSec-WebSocket-Extensions: permessage-deflate; client_max_window_bits";
    head(path, &[uncached, USER_AGENT, upgrade, ACCEPT, key])
}

fn head(path: &str, fields: &[&str]) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: www.example.com\r\n{}\r\n\r\n", fields.join("\r\n"))
}
