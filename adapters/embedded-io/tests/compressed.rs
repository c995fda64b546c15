//! Compression over lent memory: it is the connection's, and nothing of the adapter's changes by it.

mod support;

use sansocket::{
    Buffered, ClientRequest, Compressor, Config, Connection, DeflateConfig, Deflated, Event, Inflater, Level, Origin,
};
use sansocket_embedded_io::WebSocket;
use support::*;

const WINDOW: u8 = 10;
static COMPRESSING: Config = Config::new().deflate(DeflateConfig::new().send_window_bits(WINDOW).receive_window_bits(WINDOW));

#[test]
fn messages_are_compressed_in_memory_that_is_lent() {
    let clock = Clock::default();
    let (up, down) = (End::new(), End::new());
    up.with(|pipe| (pipe.capacity, pipe.at_once) = (40, 3));
    let mut memory = [const { ([0; 1 << WINDOW], [0; (1 << WINDOW) + 128], [0; 1000]) }; 2];
    let [of_client, of_server] = &mut memory;
    let codec =
        |history, table| Deflated::new(Inflater::new(history).unwrap(), Compressor::new(WINDOW, Level::Fast, table).unwrap());

    let ws = Connection::client(&COMPRESSING, Counter(0), clock.now());
    let ws =
        Buffered::new(ws, [0; 512], [0; 2048]).deflate(codec(&mut of_client.0[..], &mut of_client.1[..]), &mut of_client.2[..]);
    let mut client = WebSocket::new(ws, Socket { input: down.clone(), output: up.clone() }, clock.clone());
    let ws = Connection::server(&COMPRESSING, clock.now());
    let ws =
        Buffered::new(ws, [0; 512], [0; 2048]).deflate(codec(&mut of_server.0[..], &mut of_server.1[..]), &mut of_server.2[..]);
    let mut server = WebSocket::new(ws, Socket { input: up.clone(), output: down.clone() }, clock.clone());

    let request = ClientRequest::new("example.com", "/");
    for _ in 0..200 {
        let _ = poll_times(client.connect(&request), 1).is_some();
        if poll_times(server.accept(Origin::Any), 1).is_some() {
            break;
        }
    }
    assert!(run(client.connect(&request)).is_ok());
    assert!(client.connection().negotiated().deflate().is_some());

    // Longer than the input, and sent back from the memory in which it was inflated.
    let text = "Hello, compression. ".repeat(50);
    assert_eq!(run(client.send_text(&text)), Ok(()));
    let echo = (0..200).find_map(|_| {
        assert!(poll_times(client.next(), 1).is_none());
        let (event, mut ws) = poll_times(server.next(), 1)?.unwrap().unwrap();
        let Event::Data(message) = event else { panic!("{event:?}") };
        ws.send(message.kind, message.payload).unwrap();
        Some(message.payload.len())
    });
    assert_eq!(echo, Some(text.len()));
    assert!(poll_times(server.next(), 1).is_none());
    let len = down.0.borrow().bytes.len();
    assert!((1..100).contains(&len), "{len} bytes of a message of 1000");
    let (event, _) = run(client.next()).unwrap().unwrap();
    assert_eq!(seen(&event), support::text(&text));
}
