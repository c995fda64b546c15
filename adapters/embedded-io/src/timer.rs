//! The clock, and a way to wait for it.

use sansocket::Instant;

/// A clock that does not jump, and a way to wait for it. With the feature `embassy-time` there is `EmbassyTimer`.
///
/// ```
/// use sansocket::Instant;
/// # mod embassy_time {
/// #     pub struct Instant; impl Instant { pub fn now() -> Self { Self } pub fn as_millis(&self) -> u64 { 7 } pub fn from_millis(_: u64) -> Self { Self } }
/// #     pub struct Timer; impl Timer { pub async fn at(_: Instant) {} }
/// # }
///
/// struct Timer;
///
/// impl sansocket_embedded_io::Timer for Timer {
///     fn now(&mut self) -> Instant {
///         Instant::from_millis(embassy_time::Instant::now().as_millis())
///     }
///
///     async fn wait(&mut self, until: Option<Instant>) {
///         match until {
///             Some(until) => embassy_time::Timer::at(embassy_time::Instant::from_millis(until.as_millis() + 1)).await,
///             None => core::future::pending().await,
///         }
///     }
/// }
/// ```
pub trait Timer {
    /// The time. A counter of 32 bits that wraps is widened by [`Instant::widen_millis`].
    fn now(&mut self) -> Instant;

    /// Waits until that time, which may have passed; without one for ever. It is dropped when something else happens first, and may return
    /// early.
    async fn wait(&mut self, until: Option<Instant>);
}

impl<T: Timer + ?Sized> Timer for &mut T {
    fn now(&mut self) -> Instant {
        (**self).now()
    }

    async fn wait(&mut self, until: Option<Instant>) {
        (**self).wait(until).await;
    }
}
