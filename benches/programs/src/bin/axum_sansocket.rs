//! A WebSocket route of axum, on sansocket-tokio. README.md says what it does.

use axum::response::{Html, Response};
use axum::routing::{any, get};
use axum::{Router, serve};
use sansocket_tokio::axum::WebSocketUpgrade;
use sansocket_tokio::{Config, Origin};
use tokio::net::TcpListener;

static CONFIG: Config = Config::new().max_message_len(64 * 1024);

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let port = std::env::args().nth(1).unwrap_or("9001".into());
    let listener = TcpListener::bind(format!("127.0.0.1:{port}")).await?;
    println!("listening on {}", listener.local_addr()?);
    let app = Router::new().route("/", get(page)).route("/echo", any(echo));
    serve(listener, app).await
}

async fn page() -> Html<&'static str> {
    Html(include_str!("../page.html"))
}

async fn echo(upgrade: WebSocketUpgrade) -> Response {
    upgrade.config(&CONFIG).on_upgrade(Origin::SameHost { secure: false }, |mut ws| async move {
        while let Some(message) = ws.next().await {
            let sent = match message {
                Ok(message) => ws.send(message).await,
                Err(error) => Err(error),
            };
            if let Err(error) = sent {
                eprintln!("{error}");
            }
        }
    })
}
