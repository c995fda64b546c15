//! The server: hyper on one thread, and on one port all ways to the same events. Each way takes the number that the client knows, answers with
//! all events after it, and waits for the next where it may; so none is lost, however late a client asks.

use std::convert::Infallible;
use std::time::Duration;

use futures_util::stream;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Empty, Full, StreamBody};
use hyper::body::{Bytes, Frame, Incoming};
use hyper::header::{CACHE_CONTROL, CONTENT_TYPE};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use sansocket_tokio::hyper::{Upgrade, Upgrading};
use sansocket_tokio::{Config, Error, Message, Origin, Text};
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::event::{EVERY, FIRST, json, now, number_after};

type Body = UnsyncBoxBody<Bytes, Infallible>;

static CONFIG: Config = Config::new();

/// All events since the start, and a wait for more.
type Feed = watch::Receiver<Vec<Event>>;

/// Encoded once for all clients.
#[derive(Clone)]
struct Event {
    text: Text,
    /// With its number, which a browser names when it comes back (`Last-Event-ID`).
    record: Bytes,
}

impl Event {
    fn new(number: u64) -> Self {
        let text = json(number, now());
        Self { record: format!("id: {number}\ndata: {text}\n\n").into(), text: text.into() }
    }
}

/// Serves until the process is ended.
pub async fn serve(listener: TcpListener) -> std::io::Result<()> {
    let (source, feed) = watch::channel(Vec::new());
    loop {
        let (socket, _) = listener.accept().await?;
        socket.set_nodelay(true)?;
        let (source, feed) = (source.clone(), feed.clone());
        let service = service_fn(move |request| {
            let (source, feed) = (source.clone(), feed.clone());
            async { Ok::<_, Infallible>(answer(request, source, feed).await) }
        });
        let connection = http1::Builder::new().serve_connection(TokioIo::new(socket), service).with_upgrades();
        tokio::spawn(async {
            // A client that goes is no failure: it checks for itself what it got.
            connection.await.ok();
        });
    }
}

async fn answer(request: Request<Incoming>, source: watch::Sender<Vec<Event>>, mut feed: Feed) -> Response<Body> {
    let known = request.uri().query().and_then(|query| number_after(query.as_bytes(), "since=")).unwrap_or(FIRST - 1);
    let seen = usize::try_from(known + 1 - FIRST).unwrap_or(usize::MAX);
    match request.uri().path() {
        "/start" => start(source),
        "/short" => poll(&feed, seen),
        "/long" => {
            wait(&mut feed, seen).await;
            poll(&feed, seen)
        }
        "/sse" => with_type("text/event-stream", events(feed, seen)),
        "/ws" => websocket(request, feed, seen),
        _ => with_status(StatusCode::NOT_FOUND),
    }
}

/// Begins with the events. The answer says at which time the first one comes.
fn start(source: watch::Sender<Vec<Event>>) -> Response<Body> {
    let first = now() + EVERY / 2;
    tokio::spawn(async move {
        for count in 0.. {
            let left = (first + count * EVERY).saturating_sub(now());
            tokio::time::sleep(Duration::from_nanos(left)).await;
            source.send_modify(|events| events.push(Event::new(FIRST + count)));
        }
    });
    with_type("application/json", Full::new(format!("{{\"first\":{first}}}").into()).boxed_unsync())
}

/// Returns when there is an event that was not seen.
async fn wait(feed: &mut Feed, seen: usize) {
    // Whoever holds the other end lives as long as the server.
    feed.wait_for(|events| events.len() > seen).await.ok();
}

fn poll(feed: &Feed, seen: usize) -> Response<Body> {
    let events = feed.borrow();
    match events.get(seen..) {
        None | Some([]) => with_status(StatusCode::NO_CONTENT),
        Some(news) => {
            let texts: Vec<&str> = news.iter().map(|event| event.text.as_str()).collect();
            with_type("application/json", Full::new(format!("[{}]", texts.join(",")).into()).boxed_unsync())
        }
    }
}

fn events(feed: Feed, seen: usize) -> Body {
    let records = stream::unfold((feed, seen), |(mut feed, seen)| async move {
        wait(&mut feed, seen).await;
        let record = feed.borrow().get(seen)?.record.clone();
        Some((Ok(Frame::data(record)), (feed, seen + 1)))
    });
    StreamBody::new(records).boxed_unsync()
}

fn websocket(mut request: Request<Incoming>, feed: Feed, seen: usize) -> Response<Body> {
    let refused = |response: Response<Empty<Bytes>>| response.map(BodyExt::boxed_unsync);
    let upgrade = match Upgrade::of(&mut request, &CONFIG, Origin::SameHost { secure: true }) {
        Ok(upgrade) => upgrade,
        Err(error) => return refused(error.response()),
    };
    match upgrade.accept::<Empty<Bytes>>(None) {
        Ok((response, connection)) => {
            tokio::spawn(talk(connection, feed, seen));
            response.map(BodyExt::boxed_unsync)
        }
        Err(_) => with_status(StatusCode::BAD_REQUEST),
    }
}

async fn talk(connection: Upgrading, mut feed: Feed, mut seen: usize) -> Result<(), Error> {
    let mut ws = connection.await?;
    loop {
        // `next` also writes what was fed, and answers Pings.
        tokio::select! {
            message = ws.next() => if message.transpose()?.is_none() { return Ok(()) },
            () = wait(&mut feed, seen) => {
                let news = feed.borrow().get(seen..).unwrap_or_default().to_vec();
                seen += news.len();
                for event in news {
                    ws.feed(Message::Text(event.text)).await?;
                }
            }
        }
    }
}

fn with_type(kind: &'static str, body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    response.headers_mut().insert(CONTENT_TYPE, hyper::header::HeaderValue::from_static(kind));
    response.headers_mut().insert(CACHE_CONTROL, hyper::header::HeaderValue::from_static("no-store"));
    response
}

fn with_status(status: StatusCode) -> Response<Body> {
    let mut response = Response::new(Empty::new().boxed_unsync());
    *response.status_mut() = status;
    response.headers_mut().insert(CACHE_CONTROL, hyper::header::HeaderValue::from_static("no-store"));
    response
}
