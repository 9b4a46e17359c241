//! `Lane`: one direction of a wire.

use std::{collections::VecDeque, task::Waker, time::Duration};

use tokio::time::Instant;

use super::wire::{Fault, Trigger};

/// As much as may be on its way in one direction.
const CAPACITY: usize = 64 * 1024;

/// How bytes pass.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Flow {
    Passing,
    /// So many bytes in pieces of this size, and then all.
    InPieces {
        size: usize,
        left: usize,
        pause: Duration,
        /// When the next one may be read.
        due_at: Instant,
        /// The reader has been told to come back.
        is_due: bool,
    },
    After(Instant),
    Stalled,
    Discarding,
}

impl Flow {
    pub(super) fn in_pieces(size: usize, left: usize, pause: Duration) -> Self {
        Self::InPieces {
            size,
            left,
            pause,
            due_at: Instant::now(),
            is_due: true,
        }
    }
}

/// One direction of a wire.
pub(super) struct Lane {
    pub(super) arrived: VecDeque<u8>,
    /// Delayed or stalled.
    pub(super) held: VecDeque<u8>,
    pub(super) flow: Flow,
    pub(super) planned: Option<(Trigger, Fault)>,
    /// The rest of the TLS record that is passing, while records are counted.
    record: Record,
    pub(super) has_ended: bool,
    /// The relay does not take any more, and the sender does not learn of it.
    pub(super) is_deaf: bool,
    /// Both directions have ended: the first write gets a reset as its answer, further ones fail.
    pub(super) is_broken: bool,
    /// The sender has written since the receiver left.
    pub(super) is_answered: bool,
    pub(super) reader: Option<Waker>,
    pub(super) writer: Option<Waker>,
}

#[derive(Default)]
struct Record {
    head: Vec<u8>,
    rest: usize,
}

impl Record {
    /// Whether the byte is the first of a record.
    fn starts(&mut self, byte: u8) -> bool {
        if self.rest > 0 {
            self.rest -= 1;
            return false;
        }
        self.head.push(byte);
        let is_first = self.head.len() == 1;
        if let [_, _, _, high, low] = self.head[..] {
            self.rest = usize::from(u16::from_be_bytes([high, low]));
            self.head.clear();
        }
        is_first
    }
}

impl Lane {
    pub(super) fn new() -> Self {
        Self {
            arrived: VecDeque::new(),
            held: VecDeque::new(),
            flow: Flow::Passing,
            planned: None,
            record: Record::default(),
            has_ended: false,
            is_deaf: false,
            is_broken: false,
            is_answered: false,
            reader: None,
            writer: None,
        }
    }

    /// Lets bytes arrive in pieces of this size, or all at once, unless a fault holds them.
    pub(super) fn set_pieces(&mut self, size: Option<usize>) {
        if matches!(self.flow, Flow::Passing | Flow::InPieces { .. }) {
            let in_pieces = |size| Flow::in_pieces(size, usize::MAX, Duration::from_millis(1));
            self.flow = size.map_or(Flow::Passing, in_pieces);
            self.wake();
        }
    }

    pub(super) fn wake(&mut self) {
        let wakers = [self.reader.take(), self.writer.take()];
        wakers.into_iter().flatten().for_each(Waker::wake);
    }

    pub(super) fn room(&self) -> usize {
        CAPACITY - (self.arrived.len() + self.held.len()).min(CAPACITY)
    }

    pub(super) fn pass(&mut self, bytes: &[u8]) {
        match self.flow {
            _ if self.is_deaf || self.is_broken => {}
            Flow::Passing | Flow::InPieces { .. } => self.arrived.extend(bytes),
            Flow::After(_) | Flow::Stalled => self.held.extend(bytes),
            Flow::Discarding => {}
        }
    }

    /// How many of the bytes pass before the planned fault, and the fault if it is due.
    pub(super) fn until_fault(&mut self, bytes: &[u8]) -> (usize, Option<Fault>) {
        let Some((trigger, fault)) = &mut self.planned else {
            return (bytes.len(), None);
        };
        if let Trigger::Records(records, after) = trigger {
            let mut passed = 0;
            for byte in bytes {
                if self.record.starts(*byte) {
                    if *records == 0 {
                        *trigger = Trigger::Bytes(*after);
                        break;
                    }
                    *records -= 1;
                }
                passed += 1;
            }
            return (passed, None);
        }
        let Trigger::Bytes(left) = trigger else {
            return (bytes.len(), None);
        };
        let passed = bytes.len().min(*left);
        *left -= passed;
        let fault = (passed < bytes.len()).then_some(*fault);
        if fault.is_some() {
            self.planned = None;
        }
        (passed, fault)
    }
}
