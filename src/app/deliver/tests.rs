//! Who waits for whom.

use std::pin::pin;
use std::task::{Context, Poll, Waker};

use super::*;
use crate::domain::time::Timestamp;

/// What is there at once.
fn at_once<T>(future: impl Future<Output = T>) -> Option<T> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => Some(output),
        Poll::Pending => None,
    }
}

#[test]
fn a_platform_that_takes_no_image_keeps_no_other_from_one() {
    let outbox = SharedOutbox::new(Outbox::new([], 10, Timestamp(0)));
    let (stuck, other) = (Arc::from("stuck"), Arc::from("other"));
    let mut under_way: Vec<_> = std::iter::from_fn(|| at_once(outbox.room_for_image(&stuck))).take(99).collect();
    assert_eq!(under_way.len(), IMAGES, "and no more");
    assert!(at_once(outbox.room_for_image(&other)).is_some());
    under_way.pop();
    assert!(at_once(outbox.room_for_image(&stuck)).is_some(), "one has come to its end");
}
