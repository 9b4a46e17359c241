//! hickory.
