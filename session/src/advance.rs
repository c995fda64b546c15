//! What a session does by itself: from one event to the next.

use sansocket::{Buffer, CallError, Codec, Entropy, Instant, MessageKind, PingSource, Response, State, Url, UsageError};

use crate::cause::Cause;
use crate::control::{Control, Shown, Stage};
use crate::proxy::{Proxy, write_connect};
use crate::redirect::{RedirectError, resolve};
use crate::retry_after::retry_after;
use crate::session::{Session, split, url_of};
use crate::time::NEVER;

/// The longest URL that a session is redirected to, whatever the configuration says: it is made on the stack.
const MAX_REDIRECT_LEN: usize = 512;

impl<'c, E: Entropy, I: Buffer, O: Buffer, M: Buffer, J: Buffer, D: Codec> Session<'c, E, I, O, M, J, D> {
    /// The first half of [`next`](Self::next): whether there is another event, which [`current`](Self::current) gives. For functions that
    /// loop and return an event.
    ///
    /// # Errors
    /// As [`next`](Self::next).
    pub fn advance(&mut self, now: Instant) -> Result<bool, CallError> {
        self.release(now)?;
        if !self.control.dropped.is_empty() {
            self.control.shown = Shown::Dropped(core::mem::take(&mut self.control.dropped));
            return Ok(true);
        }
        match self.control.stage {
            Stage::Idle | Stage::Stopped => {}
            Stage::GivingUp => {
                self.control.stage = Stage::Stopped;
                self.control.shown = Shown::GaveUp;
            }
            Stage::Backoff { until } if until <= now => self.control.dial(now),
            Stage::Dialing | Stage::Securing if self.control.connect_deadline <= now => self.end(Cause::ConnectTimeout, now),
            Stage::Backoff { .. } | Stage::Dialing | Stage::Securing | Stage::Redirecting => {}
            Stage::Greeting => {
                self.ask_for_tunnel(now)?;
                self.read_tunnel(now)?;
            }
            Stage::Tunnelling => self.read_tunnel(now)?,
            Stage::Connected | Stage::Requesting | Stage::Reasking => {
                self.control.stage = Stage::Requesting;
                self.control.shown = Shown::Connected;
            }
            Stage::Live | Stage::Ending(_) => self.advance_live(now)?,
            Stage::Body(cause) => self.wait_for_body(cause, now)?,
            Stage::Over(cause) => self.end(cause, now),
        }
        Ok(self.control.shown != Shown::Nothing)
    }

    /// Releases the current event, and does what was to come after its handler.
    fn release(&mut self, now: Instant) -> Result<(), CallError> {
        match (self.control.shown, self.control.stage) {
            (Shown::Connected, Stage::Requesting) => {
                let requested = self.commands(now).request(None, &[]);
                if requested.is_err() {
                    self.control.stage = Stage::Requesting;
                }
                requested?;
            }
            (Shown::Connected, Stage::Reasking) => {
                // Not without the header fields of the handler, which is asked once more.
                self.control.shown = Shown::Nothing;
                return Err(CallError::EntropyFailed);
            }
            (_, Stage::Redirecting) => self.control.dial(now),
            _ => {}
        }
        self.control.shown = Shown::Nothing;
        Ok(())
    }

    fn end(&mut self, cause: Cause, now: Instant) {
        let mut random = [0; 4];
        if self.ws.commands(now).entropy().fill(&mut random).is_err() {
            // Better a wait that somebody could foresee than the same one for all. (Knuth's multiplier.)
            let [.., a, b, c, d] = now.as_micros().wrapping_mul(6_364_136_223_846_793_005).rotate_right(32).to_be_bytes();
            random = [a, b, c, d];
        }
        let (_, queue) = split(&mut self.memory, self.control.config);
        self.control.end(cause, now, u32::from_be_bytes(random), queue);
    }

    /// Asks the proxy for a tunnel (RFC 9110 §9.3.6).
    fn ask_for_tunnel(&mut self, now: Instant) -> Result<(), CallError> {
        let (urls, _) = split(&mut self.memory, self.control.config);
        let config = self.control.config;
        let too_short = UsageError::BufferTooShort;
        let url = Url::parse(url_of(urls, &self.control)).map_err(|_| too_short)?;
        let proxy = Proxy::for_url(&url, config.proxy, config.no_proxy).ok().flatten();
        let user_info = proxy.as_ref().and_then(Proxy::user_info);
        self.ws
            .commands(now)
            .before_request(|out| write_connect(url.host(), url.port(), user_info, out).map_err(|_| too_short.into()))?;
        self.control.stage = Stage::Tunnelling;
        Ok(())
    }

    /// Reads the proxy's answer. What it says after the head of a 2xx would be the server's, which speaks only when it is spoken to.
    fn read_tunnel(&mut self, now: Instant) -> Result<(), CallError> {
        use sansocket::ProtocolError as P;
        let failed = loop {
            let unread = self.ws.unread();
            let (len, status, retry_after_s) = match Response::parse(unread, self.ws.connection().config()) {
                Err(error) => break error,
                Ok(None) if unread.len() >= self.control.input_len => break P::HeadTooLong,
                Ok(None) => return self.wait_for_tunnel(now),
                Ok(Some(response)) => (response.bytes().len(), response.status(), retry_after(response.headers()).unwrap_or(0)),
            };
            match status {
                // RFC 9110 §15.2: another response follows. 101 answers an Upgrade, and there was none.
                100 | 102..=199 => self.ws.discard(len),
                200..=299 if unread.len() > len => break P::InvalidBodyLength,
                // Nobody is in the tunnel before the whole request has gone.
                200..=299 if !self.ws.due().is_empty() => return self.wait_for_tunnel(now),
                200..=299 => {
                    self.ws.discard(len);
                    self.tunnel_is_open();
                    return Ok(());
                }
                status => {
                    self.control.retry_after_s = retry_after_s;
                    self.control.stage = Stage::Over(Cause::ProxyRefused { status });
                    self.control.shown = Shown::ProxyRefused;
                    return Ok(());
                }
            }
        };
        self.end(Cause::ProxyFailed(failed), now);
        Ok(())
    }

    fn tunnel_is_open(&mut self) {
        if Url::parse(self.url()).is_ok_and(|url| url.is_secure()) {
            self.control.stage = Stage::Securing;
        } else {
            self.control.stage = Stage::Requesting;
            self.control.shown = Shown::Connected;
        }
    }

    /// The proxy's answer is not complete.
    fn wait_for_tunnel(&mut self, now: Instant) -> Result<(), CallError> {
        if self.ws.advance(now)? {
            if let Some((sansocket::Event::Closed { cause, .. }, _)) = self.ws.current(now) {
                self.end(Cause::Lost(cause), now);
            }
        } else if self.control.connect_deadline <= self.control.looked {
            self.end(Cause::ConnectTimeout, now);
        }
        Ok(())
    }

    /// The program reads the body of a refusal.
    fn wait_for_body(&mut self, cause: Cause, now: Instant) -> Result<(), CallError> {
        let is_over = self.ws.advance(now)? || self.ws.transport() == sansocket::Transport::Close;
        if is_over || self.control.connect_deadline <= self.control.looked {
            self.end(cause, now);
        }
        Ok(())
    }

    /// The connection's next event; after what has arrived come its end, deadlines, and what waits in the queue.
    fn advance_live(&mut self, now: Instant) -> Result<(), CallError> {
        loop {
            if let (Stage::Ending(cause), sansocket::Transport::Close) = (self.control.stage, self.ws.transport()) {
                self.end(cause, now);
                return Ok(());
            }
            self.pause_open(now);
            let awaited_pong = self.ws.connection().awaits_pong();
            let is_event = self.ws.advance(now)?;
            if !awaited_pong && self.ws.connection().awaits_pong() {
                self.control.delivery.note_ping(PingSource::Keepalive);
            }
            if !is_event {
                match (self.control.stage, self.ws.transport()) {
                    // Its writing deadline has passed.
                    (Stage::Ending(cause), sansocket::Transport::Close) => self.end(cause, now),
                    _ => self.act_on_time_and_queue(now)?,
                }
                return Ok(());
            }
            self.control.shown = Shown::Live;
            self.take_event(now);
            if self.control.shown != Shown::Nothing {
                return Ok(());
            }
        }
    }

    /// Notes what an event of the connection says.
    fn take_event(&mut self, now: Instant) {
        use sansocket::Event as E;
        let Self { ws, memory, control } = self;
        let heartbeat = control.config.heartbeat;
        let Some((event, _)) = ws.current(now) else { return };
        match event {
            E::Opened(_) => {
                (control.up_since, control.connect_deadline, control.redirects) = (Some(now), NEVER, 0);
                if let Some(heartbeat) = &heartbeat {
                    control.beat.restart(heartbeat, now);
                }
            }
            E::Data(data) if data.first() => {
                if let Some(heartbeat) = &heartbeat {
                    control.beat.note_message(heartbeat, data.payload, now);
                }
            }
            E::Pong { answers: Some(source), .. } => control.delivery.note_pong(source),
            E::Failed { error, .. } => control.fault = Some(error),
            E::Refused { response, error, .. } => {
                control.stage = Stage::Over(match response.status() {
                    101 => Cause::Failed(error),
                    status => Cause::Refused { status },
                });
                control.retry_after_s = retry_after(response.headers()).unwrap_or(0);
                let (urls, _) = split(memory, control.config);
                match follow(&response, urls, control) {
                    None => {}
                    Some(Ok(())) => {
                        control.stage = Stage::Redirecting;
                        control.shown = Shown::Redirected { status: response.status() };
                    }
                    Some(Err(error)) => control.stage = Stage::Over(Cause::Redirect(error)),
                }
            }
            E::Closed { code, was_clean, cause, .. } => {
                control.shown = Shown::Nothing;
                control.stage = Stage::Ending(match (control.fault, was_clean) {
                    (Some(error), _) => Cause::Failed(error),
                    (None, true) if control.closes => Cause::Application,
                    (None, true) => Cause::Closed(code),
                    (None, false) => Cause::Lost(cause),
                });
            }
            _ => {}
        }
    }

    fn act_on_time_and_queue(&mut self, now: Instant) -> Result<(), CallError> {
        let looked = self.control.looked;
        match self.ws.connection().state() {
            State::Connecting if self.control.connect_deadline <= looked => self.end(Cause::ConnectTimeout, now),
            State::Open => {
                match self.control.config.heartbeat {
                    Some(heartbeat) if self.control.beat.is_missed(looked) => {
                        if self.ws.wants_reading() {
                            self.end(Cause::HeartbeatTimeout, now);
                            return Ok(());
                        }
                        // The answer may have arrived, and cannot be read: the application pauses, or the output has no room.
                        self.control.beat.note_sent(&heartbeat, now);
                    }
                    _ => {}
                }
                self.beat(now)?;
                self.flush(now)?;
            }
            _ => {}
        }
        Ok(())
    }

    fn beat(&mut self, now: Instant) -> Result<(), CallError> {
        if let (Some(heartbeat), true) = (self.control.config.heartbeat, self.control.beat.due <= self.control.looked) {
            if self.control.in_parts.is_some() {
                // It cannot go between the parts. That they leave is seen by the deadline of writing.
                self.control.beat.restart(&heartbeat, now);
                return Ok(());
            }
            match self.ws.commands(now).send(MessageKind::Text, heartbeat.text.as_bytes()) {
                Ok(()) | Err(CallError::NeedsRoom { .. }) => self.control.beat.note_sent(&heartbeat, now),
                Err(other) => return Err(other),
            }
        }
        Ok(())
    }

    /// Sends what waits, as far as there is room: messages that belong together at once.
    fn flush(&mut self, now: Instant) -> Result<(), CallError> {
        let (_, queue) = split(&mut self.memory, self.control.config);
        while self.control.may_flush() {
            let (count, len) = self.control.queue.together(queue);
            let mut ws = self.ws.commands(now);
            if count > 1 && ws.room() < Control::frames_len(usize::try_from(count).unwrap_or(usize::MAX), len) {
                break;
            }
            let Some(number) = self.control.queue.front(queue).map(|message| message.number) else { break };
            for nth in 0..count {
                let Some(message) = self.control.queue.front(queue) else { break };
                let sent = match count {
                    1 => ws.send(message.kind, message.payload),
                    _ => ws.plain().send(message.kind, message.payload),
                };
                match sent {
                    Ok(()) => self.control.queue.pop(queue),
                    Err(CallError::NeedsRoom { .. }) if nth == 0 => return Ok(()),
                    Err(other) if nth == 0 => return Err(other),
                    // The peer would take what comes next for what is missing.
                    Err(_) => {
                        self.control.queue.pop_all(queue, number);
                        self.control.stage = Stage::Over(Cause::Dropped);
                    }
                }
            }
            self.control.delivery.note_handed(number);
            if self.control.stage != Stage::Live {
                break;
            }
        }
        Ok(())
    }
}

/// Follows a redirect: writes its URL to the memory for that. `None` if it is none, or redirects are not wanted.
fn follow(response: &Response<'_>, urls: &mut [u8], control: &mut Control<'_>) -> Option<Result<(), RedirectError>> {
    let most = control.config.redirects();
    if most == 0 || !matches!(response.status(), 301 | 302 | 303 | 307 | 308) {
        return None;
    }
    Some(resolve_to(response, urls, control).map(|len| {
        (control.redirect_len, control.redirects) = (len, control.redirects.saturating_add(1));
    }))
}

/// Writes the URL that the response redirects to, and returns its length.
fn resolve_to(response: &Response<'_>, urls: &mut [u8], control: &Control<'_>) -> Result<u16, RedirectError> {
    if control.redirects >= control.config.redirects() {
        return Err(RedirectError::TooMany);
    }
    let mut scratch = [0; MAX_REDIRECT_LEN];
    let location = response.header("location").ok_or(RedirectError::Invalid)?;
    let base = Url::parse(url_of(urls, control)).map_err(|_| RedirectError::Invalid)?;
    let url = resolve(&base, location, &mut scratch)?;
    let len = u16::try_from(url.len()).ok().filter(|&len| len <= control.config.max_url_len).ok_or(RedirectError::TooLong)?;
    let place = urls.get_mut(usize::from(control.config.max_url_len)..).unwrap_or_default();
    place.iter_mut().zip(url.bytes()).for_each(|(to, from)| *to = from);
    Ok(len)
}
