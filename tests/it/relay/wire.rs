//! `Wire`: a connection in memory, and the faults of its bytes.

use std::{
    io::{self, IoSlice},
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::{Instant, Sleep, sleep_until},
};

use super::lane::{Flow, Lane};

/// How many bytes arrive one at a time.
const BYTEWISE: usize = 5000;

/// A direction, by where its bytes go.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Towards {
    Origin,
    Proxy,
}

impl Towards {
    fn opposite(self) -> Self {
        match self {
            Self::Origin => Self::Proxy,
            Self::Proxy => Self::Origin,
        }
    }
}

/// What happens to the bytes of one direction.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Fault {
    /// They arrive later.
    Delay(Duration),
    /// Those of both directions vanish from now on, and no side learns of it.
    Drop,
    /// The direction ends here, and the other one too.
    Truncate,
    /// One byte changes.
    Corrupt,
    /// Both sides get a reset, and what had not been read is gone.
    Reset,
    /// The direction ends here. The other one goes on.
    HalfClose,
    /// Nothing arrives from now on, and the sender can write only as much as buffers take.
    Stall,
    /// Some thousands of them arrive one at a time.
    Bytewise,
}

/// When a fault begins.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Trigger {
    /// After so many more bytes.
    Bytes(usize),
    /// After so many TLS records, counted from now, and bytes of the next.
    Records(usize, usize),
}

struct State {
    to_origin: Lane,
    to_proxy: Lane,
    is_reset: bool,
    /// The ends that have not been dropped.
    ends: [bool; 2],
    /// The faults that have begun.
    faults: usize,
    /// How often connections had been retired when this one was begun.
    generation: usize,
}

impl State {
    fn lane(&mut self, towards: Towards) -> &mut Lane {
        match towards {
            Towards::Origin => &mut self.to_origin,
            Towards::Proxy => &mut self.to_proxy,
        }
    }

    fn is_read(&self, towards: Towards) -> bool {
        self.ends[towards as usize]
    }

    fn begin(&mut self, towards: Towards, fault: Fault) {
        // TCP leaves no hole in a stream: what vanished or was held stays so.
        let is_held = !matches!(
            self.lane(towards).flow,
            Flow::Passing | Flow::InPieces { .. }
        );
        if is_held && matches!(fault, Fault::Delay(_) | Fault::Stall | Fault::Bytewise) {
            return;
        }
        self.faults += 1;
        match fault {
            Fault::Delay(time) => self.lane(towards).flow = Flow::After(Instant::now() + time),
            Fault::Drop => {
                self.to_origin.flow = Flow::Discarding;
                self.to_proxy.flow = Flow::Discarding;
            }
            Fault::Truncate => {
                for lane in [&mut self.to_origin, &mut self.to_proxy] {
                    lane.has_ended = true;
                    lane.is_broken = true;
                }
            }
            // Only a byte that passes can change: see `write`.
            Fault::Corrupt => {}
            Fault::Reset => self.is_reset = true,
            Fault::HalfClose => {
                let lane = self.lane(towards);
                lane.has_ended = true;
                lane.is_deaf = true;
            }
            Fault::Stall => self.lane(towards).flow = Flow::Stalled,
            Fault::Bytewise => {
                self.lane(towards).flow = Flow::in_pieces(1, BYTEWISE, Duration::ZERO)
            }
        }
        self.to_origin.wake();
        self.to_proxy.wake();
    }

    fn write(&mut self, towards: Towards, bytes: &[u8]) -> Poll<io::Result<usize>> {
        if self.is_reset {
            return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()));
        }
        let is_left = !self.is_read(towards);
        let lane = self.lane(towards);
        let is_discarding = lane.flow == Flow::Discarding;
        if (is_left || lane.is_broken) && !is_discarding {
            return Poll::Ready(match std::mem::replace(&mut lane.is_answered, true) {
                true => Err(io::ErrorKind::BrokenPipe.into()),
                false => Ok(bytes.len()),
            });
        }
        if lane.is_deaf || is_discarding {
            return Poll::Ready(Ok(bytes.len()));
        }
        let room = lane.room().min(bytes.len());
        if room == 0 && !bytes.is_empty() {
            return Poll::Pending;
        }
        let mut left = &bytes[..room];
        while !left.is_empty() {
            let lane = self.lane(towards);
            let (passed, fault) = lane.until_fault(left);
            lane.pass(&left[..passed]);
            left = &left[passed..];
            let Some(fault) = fault else { continue };
            self.begin(towards, fault);
            if fault == Fault::Corrupt {
                self.lane(towards).pass(&[left[0] ^ 0x80]);
                left = &left[1..];
            }
        }
        if let Some(reader) = self.lane(towards).reader.take() {
            reader.wake();
        }
        Poll::Ready(Ok(room))
    }
}

/// A connection between the pool and the origin, as the relay sees it.
#[derive(Clone)]
pub(crate) struct Wire(Arc<Mutex<State>>);

impl Wire {
    /// A connection: the relay's view, the proxy's end, and the origin's.
    pub(crate) fn new(generation: usize) -> (Self, End, End) {
        let wire = Self(Arc::new(Mutex::new(State {
            to_origin: Lane::new(),
            to_proxy: Lane::new(),
            is_reset: false,
            ends: [true; 2],
            faults: 0,
            generation,
        })));
        let end = |reads| End {
            wire: wire.clone(),
            reads,
            timer: None,
        };
        let (near, far) = (end(Towards::Proxy), end(Towards::Origin));
        (wire, near, far)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins the fault now.
    pub(crate) fn begin(&self, towards: Towards, fault: Fault) {
        self.state().begin(towards, fault);
    }

    /// Begins the fault later.
    pub(crate) fn plan(&self, towards: Towards, trigger: Trigger, fault: Fault) {
        self.state().lane(towards).planned = Some((trigger, fault));
    }

    /// Lets bytes arrive in pieces of this size, or all at once.
    pub(super) fn set_pieces(&self, size: Option<usize>) {
        let mut state = self.state();
        state.to_origin.set_pieces(size);
        state.to_proxy.set_pieces(size);
    }

    /// Whether the proxy holds its end.
    pub(crate) fn is_open(&self) -> bool {
        self.state().is_read(Towards::Proxy)
    }

    /// Whether a request that began in this generation may use the connection: it was not retired
    /// before.
    pub(crate) fn permits(&self, began_in: usize) -> bool {
        self.state().generation >= began_in
    }

    /// How many faults have begun.
    pub(crate) fn faults(&self) -> usize {
        self.state().faults
    }
}

/// One end of a wire.
pub(crate) struct End {
    wire: Wire,
    reads: Towards,
    timer: Option<Pin<Box<Sleep>>>,
}

impl AsyncRead for End {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let mut state = this.wire.state();
        if state.is_reset {
            return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()));
        }
        let sender_left = !state.is_read(this.reads.opposite());
        let lane = state.lane(this.reads);
        if let Flow::After(at) = lane.flow {
            let timer = this.timer.get_or_insert_with(|| Box::pin(sleep_until(at)));
            if timer.deadline() != at {
                timer.as_mut().reset(at);
            }
            if timer.as_mut().poll(cx).is_ready() {
                lane.flow = Flow::Passing;
                let held = std::mem::take(&mut lane.held);
                lane.arrived.extend(held);
            }
        }
        if let Flow::InPieces { due_at, is_due, .. } = &mut lane.flow
            && !lane.arrived.is_empty()
            && !*is_due
        {
            if Instant::now() < *due_at {
                let timer = this
                    .timer
                    .get_or_insert_with(|| Box::pin(sleep_until(*due_at)));
                if timer.deadline() != *due_at {
                    timer.as_mut().reset(*due_at);
                }
                if timer.as_mut().poll(cx).is_pending() {
                    return Poll::Pending;
                }
            } else {
                *is_due = true;
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
        }
        if !lane.arrived.is_empty() {
            let most = match lane.flow {
                Flow::InPieces { size, .. } => size,
                _ => usize::MAX,
            };
            let (bytes, _) = lane.arrived.as_slices();
            let count = bytes.len().min(buf.remaining()).min(most);
            buf.put_slice(&bytes[..count]);
            lane.arrived.drain(..count);
            lane.flow = match lane.flow {
                Flow::InPieces { left: 0, .. } => Flow::Passing,
                Flow::InPieces {
                    size, left, pause, ..
                } => Flow::InPieces {
                    size,
                    left: left.saturating_sub(count),
                    pause,
                    due_at: Instant::now() + pause,
                    is_due: false,
                },
                flow => flow,
            };
            if let Some(writer) = lane.writer.take() {
                writer.wake();
            }
            return Poll::Ready(Ok(()));
        }
        let is_silent = matches!(lane.flow, Flow::Stalled | Flow::Discarding);
        // What the relay itself ended has ended, even if no more bytes arrive.
        let ends = lane.is_deaf || lane.is_broken || (lane.has_ended || sender_left) && !is_silent;
        if ends && lane.held.is_empty() && !matches!(lane.flow, Flow::After(_)) {
            return Poll::Ready(Ok(()));
        }
        lane.reader = Some(cx.waker().clone());
        Poll::Pending
    }
}

impl AsyncWrite for End {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let towards = self.reads.opposite();
        let mut state = self.wire.state();
        let written = state.write(towards, bytes);
        if written.is_pending() {
            state.lane(towards).writer = Some(cx.waker().clone());
        }
        written
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let parts: Vec<&[u8]> = parts.iter().map(|part| &**part).collect();
        self.poll_write(cx, &parts.concat())
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        let towards = self.reads.opposite();
        let mut state = self.wire.state();
        state.lane(towards).has_ended = true;
        state.lane(towards).wake();
        Poll::Ready(Ok(()))
    }
}

impl Drop for End {
    fn drop(&mut self) {
        let mut state = self.wire.state();
        state.ends[self.reads as usize] = false;
        state.to_origin.wake();
        state.to_proxy.wake();
    }
}
