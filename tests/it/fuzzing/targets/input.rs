//! Splits an input into the parts that a target needs.

/// The rest of an input.
pub(super) struct Input<'a>(pub(super) &'a [u8]);

impl<'a> Input<'a> {
    /// The byte between two sections. It never occurs in UTF-8, and no field needs it.
    const SEPARATOR: u8 = 0xff;

    /// The next byte, or 0.
    pub(super) fn byte(&mut self) -> u8 {
        match self.0.split_first() {
            Some((first, rest)) => {
                self.0 = rest;
                *first
            }
            None => 0,
        }
    }

    /// The next number of two bytes.
    pub(super) fn number(&mut self) -> u16 {
        u16::from_be_bytes([self.byte(), self.byte()])
    }

    /// The next bytes: at most this many.
    pub(super) fn bytes(&mut self, count: usize) -> &'a [u8] {
        let (bytes, rest) = self.0.split_at(count.min(self.0.len()));
        self.0 = rest;
        bytes
    }

    /// The bytes before the next separator, or all.
    pub(super) fn section(&mut self) -> &'a [u8] {
        let mut parts = self.0.splitn(2, |byte| *byte == Self::SEPARATOR);
        let section = parts.next().unwrap_or_default();
        self.0 = parts.next().unwrap_or_default();
        section
    }

    /// The next section as text.
    pub(super) fn text(&mut self) -> std::borrow::Cow<'a, str> {
        String::from_utf8_lossy(self.section())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// One of the values.
pub(super) fn choose<T: Copy>(byte: u8, values: &[T]) -> T {
    values[usize::from(byte) % values.len()]
}
