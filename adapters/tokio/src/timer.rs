//! tokio's clock as the connection sees it, and one timer for all of its deadlines.

use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll, Waker, ready};
use core::time::Duration;
use sansocket::Instant;
use tokio::task::coop::unconstrained;
use tokio::time::{Instant as Tick, Sleep, sleep_until};

/// The time since a connection began.
#[derive(Clone, Copy)]
pub(crate) struct Clock(Tick);

impl Clock {
    pub(crate) fn start() -> Self {
        Self(Tick::now())
    }

    pub(crate) fn now(self) -> Instant {
        Instant::from(self.0.elapsed())
    }

    fn tick(self, at: Instant) -> Tick {
        // A deadline that no clock can tell is one that does not come.
        self.0.checked_add(Duration::from_micros(at.as_micros())).unwrap_or(self.0 + Duration::from_secs(1 << 32))
    }
}

/// Deadlines that move on with each message do not move it: it fires at the first of them, and waits for the rest.
#[derive(Default)]
pub(crate) struct Timer(Option<Set>);

struct Set {
    sleep: Pin<Box<Sleep>>,
    /// When it fires.
    at: Instant,
    /// The task that it wakes then.
    task: Waker,
}

impl Timer {
    /// Ready once `deadline` has passed, with the time.
    #[inline]
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>, clock: Clock, deadline: Instant) -> Poll<Instant> {
        match &self.0 {
            // It was told all this before.
            Some(set) if set.at <= deadline && set.task.will_wake(cx.waker()) && !set.sleep.is_elapsed() => Poll::Pending,
            _ => self.set(cx, clock, deadline),
        }
    }

    #[cold]
    fn set(&mut self, cx: &mut Context<'_>, clock: Clock, deadline: Instant) -> Poll<Instant> {
        let tick = clock.tick(deadline);
        let new = || Set { sleep: Box::pin(sleep_until(tick)), at: deadline, task: Waker::noop().clone() };
        let Set { sleep, at, task } = self.0.get_or_insert_with(new);
        task.clone_from(cx.waker());
        if *at > deadline {
            *at = deadline;
            sleep.as_mut().reset(tick);
        }
        loop {
            // A task that has used up its budget would be told `Pending` without being woken at the deadline.
            ready!(Pin::new(&mut unconstrained(sleep.as_mut())).poll(cx));
            let now = clock.now();
            if now >= deadline {
                return Poll::Ready(now);
            }
            // tokio counts milliseconds.
            *at = deadline;
            sleep.as_mut().reset(tick.max(Tick::now() + Duration::from_millis(1)));
        }
    }
}
