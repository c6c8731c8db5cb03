//! The request body, counted while it arrives.

use std::error::Error;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::task::{Context, Poll};

use axum::body::{Body, HttpBody};
use bytes::Bytes;
use hyper::body::{Frame, SizeHint};

use crate::listener::BodyTimedOut;

/// What was wrong with how a body arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    Late,
    TooLarge,
}

/// Shared by the body and the edge, which reads it after the handler is done.
#[derive(Debug, Clone, Default)]
pub(super) struct Arrival(Arc<AtomicU8>);

impl Arrival {
    const LATE: u8 = 1;
    const TOO_LARGE: u8 = 2;

    pub(super) fn fault(&self) -> Option<Fault> {
        match self.0.load(Ordering::Acquire) {
            Self::LATE => Some(Fault::Late),
            Self::TOO_LARGE => Some(Fault::TooLarge),
            _ => None,
        }
    }

    fn note(&self, fault: Fault) {
        let code = match fault {
            Fault::Late => Self::LATE,
            Fault::TooLarge => Self::TOO_LARGE,
        };
        self.0.store(code, Ordering::Release);
    }
}

/// More bytes than the route takes (J1).
#[derive(Debug, thiserror::Error)]
#[error("the request body is larger than this route takes")]
struct BodyTooLarge;

/// A body that ends in an error at its bound instead of growing without one.
#[derive(Debug)]
pub(super) struct Metered {
    inner: Body,
    left: usize,
    arrival: Arrival,
}

impl Metered {
    /// `body` with a bound; an empty one stays as it is.
    pub(super) fn wrap(body: Body, limit: usize, arrival: &Arrival) -> Body {
        if body.is_end_stream() {
            return body;
        }
        Body::new(Self {
            inner: body,
            left: limit,
            arrival: arrival.clone(),
        })
    }
}

impl HttpBody for Metered {
    type Data = Bytes;
    type Error = axum::BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let frame = match std::task::ready!(Pin::new(&mut self.inner).poll_frame(cx)) {
            None => return Poll::Ready(None),
            Some(Ok(frame)) => frame,
            Some(Err(error)) => {
                if came_late(&error) {
                    self.arrival.note(Fault::Late);
                }
                return Poll::Ready(Some(Err(error.into())));
            }
        };
        let size = frame.data_ref().map_or(0, Bytes::len);
        let Some(left) = self.left.checked_sub(size) else {
            self.arrival.note(Fault::TooLarge);
            return Poll::Ready(Some(Err(BodyTooLarge.into())));
        };
        self.left = left;
        Poll::Ready(Some(Ok(frame)))
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

fn came_late(error: &axum::Error) -> bool {
    let mut cause: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(error) = cause {
        if error.is::<BodyTimedOut>() {
            return true;
        }
        cause = error.source();
    }
    false
}
