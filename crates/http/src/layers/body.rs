//! The request body, counted while it arrives.

use std::error::Error;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering};
use std::task::{Context, Poll};

use axum::body::{Body, HttpBody};
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt as _;
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

/// Room for bodies that are still arriving: who sends slowly must not fill the memory, however many they are.
#[derive(Debug)]
pub(super) struct Room {
    most: usize,
    taken: AtomicUsize,
}

/// What became of a body.
#[derive(Debug)]
pub(super) enum Gathered {
    Whole(Body),
    /// It ended in an error.
    Broken,
    /// All bodies together are too much at the moment.
    NoRoom,
}

impl Room {
    pub(super) const fn new(most: usize) -> Self {
        Self {
            most,
            taken: AtomicUsize::new(0),
        }
    }

    /// The whole body. Its bytes count until they are all there; then the request takes its turn or is refused.
    pub(super) async fn gather(&self, body: Body) -> Gathered {
        if body.is_end_stream() {
            return Gathered::Whole(body);
        }
        let mut held = Held { room: self, bytes: 0 };
        let mut chunks = body.into_data_stream();
        let mut first = Bytes::new();
        let mut rest = BytesMut::new();
        while let Some(chunk) = chunks.next().await {
            let Ok(chunk) = chunk else {
                return Gathered::Broken;
            };
            if !held.take(chunk.len()) {
                return Gathered::NoRoom;
            }
            // Most bodies are one chunk, which need not be copied.
            if first.is_empty() {
                first = chunk;
            } else {
                rest.extend_from_slice(&chunk);
            }
        }
        if rest.is_empty() {
            return Gathered::Whole(Body::from(first));
        }
        let mut whole = BytesMut::with_capacity(first.len() + rest.len());
        whole.extend_from_slice(&first);
        whole.extend_from_slice(&rest);
        Gathered::Whole(Body::from(whole.freeze()))
    }
}

/// Bytes of one body in the room, until it is dropped.
struct Held<'a> {
    room: &'a Room,
    bytes: usize,
}

impl Held<'_> {
    fn take(&mut self, bytes: usize) -> bool {
        let before = self.room.taken.fetch_add(bytes, Ordering::AcqRel);
        self.bytes += bytes;
        before.saturating_add(bytes) <= self.room.most
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.room.taken.fetch_sub(self.bytes, Ordering::AcqRel);
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
