//! The stream under a TLS session.

mod first_bytes;
mod read_ahead;
mod recording_io;

pub(crate) use recording_io::RecordingIo;
