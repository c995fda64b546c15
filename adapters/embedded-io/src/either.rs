//! Waiting for several things at once.

use core::future::{Future, poll_fn};
use core::pin::pin;
use core::task::Poll;

/// Waits until one of the first two is done, or the third; gives what is done by then. The first two are both polled before, in turn.
pub(crate) async fn either<A, B>(
    a: impl Future<Output = A>,
    b: impl Future<Output = B>,
    limit: impl Future<Output = ()>,
) -> (Option<A>, Option<B>) {
    let (mut a, mut b, mut limit) = (pin!(a), pin!(b), pin!(limit));
    poll_fn(|cx| {
        let done = (ready(a.as_mut().poll(cx)), ready(b.as_mut().poll(cx)));
        if matches!(done, (None, None)) && limit.as_mut().poll(cx).is_pending() {
            return Poll::Pending;
        }
        Poll::Ready(done)
    })
    .await
}

/// Polls once, and gives what is done by then.
pub(crate) async fn at_once<A>(a: impl Future<Output = A>) -> Option<A> {
    let mut a = pin!(a);
    poll_fn(|cx| Poll::Ready(ready(a.as_mut().poll(cx)))).await
}

fn ready<A>(poll: Poll<A>) -> Option<A> {
    match poll {
        Poll::Ready(done) => Some(done),
        Poll::Pending => None,
    }
}
