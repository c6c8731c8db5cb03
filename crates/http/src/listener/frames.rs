//! HTTP/2 frames, counted by their heads (RFC 9113 section 4.1) as they pass.
//!
//! The protocol library bounds resets it was not asked for, header blocks and data without content. It answers every PING
//! and SETTINGS, though, and takes any number of frames that ask for nothing, so those are counted here (R28).

use std::time::Duration;

use tokio::time::Instant;

/// What an HTTP/2 client says first.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const HEAD: usize = 9;

const DATA: u8 = 0x0;
const HEADERS: u8 = 0x1;
const RST_STREAM: u8 = 0x3;
const WINDOW_UPDATE: u8 = 0x8;
const END_STREAM: u8 = 0x1;
const PADDED: u8 = 0x8;

/// Data shorter than this that does not end its stream is no way to send a body.
const CRUMB: usize = 16;
/// Flow control needs more frames than anything else a good client says beside its requests.
const UPDATES: u32 = 10;
const SECOND: Duration = Duration::from_secs(1);

/// The head of one frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct FrameHead {
    length: usize,
    kind: u8,
    flags: u8,
}

impl FrameHead {
    fn read(bytes: [u8; HEAD]) -> Self {
        let [high, middle, low, kind, flags, ..] = bytes;
        Self {
            length: usize::from(high) << 16 | usize::from(middle) << 8 | usize::from(low),
            kind,
            flags,
        }
    }

    /// Bytes of a body in it, and padding.
    pub(super) const fn data(self) -> Option<usize> {
        if self.kind == DATA {
            Some(self.length)
        } else {
            None
        }
    }

    pub(super) const fn resets(self) -> bool {
        self.kind == RST_STREAM
    }

    /// Asks for work and carries nothing.
    const fn is_control(self) -> bool {
        match self.kind {
            DATA => self.flags & END_STREAM == 0 && (self.length < CRUMB || self.flags & PADDED != 0),
            HEADERS | WINDOW_UPDATE => false,
            _ => true,
        }
    }
}

/// Finds the heads in a stream of bytes, wherever it is cut.
#[derive(Debug, Default)]
pub(super) struct Heads {
    head: [u8; HEAD],
    have: usize,
    /// Bytes of the payload that are still to pass.
    payload: usize,
}

impl Heads {
    pub(super) fn read(&mut self, mut bytes: &[u8], mut seen: impl FnMut(FrameHead)) {
        while !bytes.is_empty() {
            if self.payload > 0 {
                let skipped = self.payload.min(bytes.len());
                self.payload -= skipped;
                bytes = bytes.get(skipped..).unwrap_or_default();
                continue;
            }
            let taken = (HEAD - self.have).min(bytes.len());
            let (now, rest) = bytes.split_at_checked(taken).unwrap_or((bytes, &[]));
            if let Some(place) = self.head.get_mut(self.have..self.have + taken) {
                place.copy_from_slice(now);
            }
            self.have += taken;
            bytes = rest;
            if self.have == HEAD {
                let head = FrameHead::read(self.head);
                self.have = 0;
                self.payload = head.length;
                seen(head);
            }
        }
    }
}

/// What a client says on one connection.
#[derive(Debug)]
pub(super) struct Inbound {
    protocol: Protocol,
    heads: Heads,
    budget: Budget,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Protocol {
    /// So many bytes of the preface have come.
    Unknown(usize),
    Http2,
    Other,
}

/// What was in the bytes that came.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Seen {
    /// More frames within a second than anybody needs.
    pub(super) flood: bool,
    /// A stream was reset.
    pub(super) reset: bool,
}

impl Inbound {
    pub(super) fn new(most: u32, now: Instant) -> Self {
        Self {
            protocol: Protocol::Unknown(0),
            heads: Heads::default(),
            budget: Budget {
                most,
                since: now,
                control: 0,
                updates: 0,
            },
        }
    }

    pub(super) fn is_http2(&self) -> bool {
        self.protocol == Protocol::Http2
    }

    /// Bytes as they came from the client.
    pub(super) fn read(&mut self, bytes: &[u8], now: Instant) -> Seen {
        let frames = match self.protocol {
            Protocol::Other => return Seen::default(),
            Protocol::Http2 => bytes,
            Protocol::Unknown(matched) => {
                let wanted = PREFACE.get(matched..).unwrap_or_default();
                let both = wanted.iter().zip(bytes);
                if both.clone().any(|(wanted, found)| wanted != found) {
                    self.protocol = Protocol::Other;
                    return Seen::default();
                }
                let now_matched = matched + both.len();
                self.protocol = if now_matched == PREFACE.len() {
                    Protocol::Http2
                } else {
                    Protocol::Unknown(now_matched)
                };
                bytes.get(wanted.len()..).unwrap_or_default()
            }
        };
        let mut seen = Seen::default();
        let budget = &mut self.budget;
        self.heads.read(frames, |head| {
            seen.flood |= !budget.allows(head, now);
            seen.reset |= head.resets();
        });
        seen
    }
}

/// Frames of one second.
#[derive(Debug)]
struct Budget {
    most: u32,
    since: Instant,
    control: u32,
    updates: u32,
}

impl Budget {
    fn allows(&mut self, head: FrameHead, now: Instant) -> bool {
        if now.duration_since(self.since) >= SECOND {
            (self.since, self.control, self.updates) = (now, 0, 0);
        }
        if head.is_control() {
            self.control += 1;
        } else if head.kind == WINDOW_UPDATE {
            self.updates += 1;
        }
        self.control <= self.most && self.updates <= self.most.saturating_mul(UPDATES)
    }
}

#[cfg(test)]
mod tests;
