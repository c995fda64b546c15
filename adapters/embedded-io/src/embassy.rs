//! What embassy has, as this crate's traits want it.

/// embassy-time's clock, in microseconds.
#[cfg(feature = "embassy-time")]
#[derive(Clone, Copy, Debug, Default)]
pub struct EmbassyTimer;

#[cfg(feature = "embassy-time")]
impl crate::Timer for EmbassyTimer {
    fn now(&mut self) -> sansocket::Instant {
        sansocket::Instant::from_micros(embassy_time::Instant::now().as_micros())
    }

    async fn wait(&mut self, until: Option<sansocket::Instant>) {
        // A time that the clock of the board never reaches is none.
        match until.and_then(|until| embassy_time::Instant::try_from_micros(until.as_micros())) {
            Some(until) => embassy_time::Timer::at(until).await,
            None => core::future::pending().await,
        }
    }
}

/// Can be ended in one direction. When the WebSocket is over, `abort` and `flush` make the socket ready for the next connection.
#[cfg(feature = "embassy-net")]
impl crate::Transport for embassy_net::tcp::TcpSocket<'_> {
    fn split(&mut self) -> (impl embedded_io_async::Read, impl embedded_io_async::Write) {
        self.split()
    }

    async fn shutdown_write(&mut self) -> Result<bool, embedded_io::ErrorKind> {
        self.close();
        Ok(true)
    }
}
