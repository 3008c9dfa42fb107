//! Adaptive Golomb–Rice coding of small numbers, as the [format](super) defines it.
//!
//! The length of a number's code follows the mean of the few numbers before it, since a hand's speed changes along
//! a stroke; in a column of zeros each number takes a bit.

use super::Malformed;

/// The smallest quotient that is not written in unary.
const ESCAPE: u32 = 24;
/// The count at which sum and count are halved, so that older numbers weigh less.
const MEMORY: u64 = 8;

/// The weighted mean of the numbers coded so far.
struct Mean {
    sum: u64,
    count: u64,
}

impl Mean {
    /// Starts with one number of the expected size.
    fn new(expected: u32) -> Self {
        Self { sum: u64::from(expected), count: 1 }
    }

    /// The smallest *k* for which 2^k is at least the mean.
    fn k(&self) -> u32 {
        self.sum.div_ceil(self.count).max(1).next_power_of_two().trailing_zeros().min(31)
    }

    fn add(&mut self, value: u32) {
        self.sum += u64::from(value);
        self.count += 1;
        if self.count == MEMORY {
            self.sum /= 2;
            self.count /= 2;
        }
    }
}

/// Appends numbers to a stream of bits.
#[derive(Default)]
pub(super) struct Writer {
    bytes: Vec<u8>,
    /// The bits of an incomplete byte, in the lowest places.
    pending: u64,
    count: u32,
}

impl Writer {
    /// Appends a column of numbers; `expected` is the mean to start from.
    pub(super) fn column(&mut self, values: &[u32], expected: u32) {
        let mut mean = Mean::new(expected);
        for value in values {
            let k = mean.k();
            let quotient = value >> k;
            if quotient < ESCAPE {
                self.push((1 << (quotient + 1)) - 2, quotient + 1);
                self.push(value & ((1 << k) - 1), k);
            } else {
                self.push((1 << ESCAPE) - 1, ESCAPE);
                self.push(*value, u32::BITS);
            }
            mean.add(*value);
        }
    }

    fn push(&mut self, bits: u32, count: u32) {
        self.pending = self.pending << count | u64::from(bits);
        self.count += count;
        while self.count >= 8 {
            self.count -= 8;
            self.bytes.push((self.pending >> self.count) as u8);
        }
    }

    /// Pads the last byte with zeros and returns the stream.
    pub(super) fn finish(mut self) -> Vec<u8> {
        self.push(0, (8 - self.count) % 8);
        self.bytes
    }
}

/// Takes numbers off the front of a stream of bits.
pub(super) struct Reader<'a> {
    left: &'a [u8],
    /// The next bits, in the highest places; zeros below.
    window: u64,
    count: u32,
}

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { left: bytes, window: 0, count: 0 }
    }

    /// Fills in a column of numbers; `expected` is the mean that the writer started from.
    pub(super) fn column(&mut self, values: &mut [u32], expected: u32) -> Result<(), Malformed> {
        let mut mean = Mean::new(expected);
        for value in values {
            let k = mean.k();
            self.fill();
            let ones = self.window.leading_ones().min(ESCAPE);
            *value = if ones < ESCAPE {
                self.take(ones + 1)?;
                let quotient = u64::from(ones) << k;
                u32::try_from(quotient | u64::from(self.take(k)?)).or(Err(Malformed::Number))?
            } else {
                self.take(ESCAPE)?;
                self.take(u32::BITS)?
            };
            mean.add(*value);
        }
        Ok(())
    }

    fn fill(&mut self) {
        while self.count <= 56 {
            let Some((byte, left)) = self.left.split_first() else { return };
            self.window |= u64::from(*byte) << (56 - self.count);
            self.count += 8;
            self.left = left;
        }
    }

    /// Takes the next `count` bits, at most 32.
    fn take(&mut self, count: u32) -> Result<u32, Malformed> {
        self.fill();
        self.count = self.count.checked_sub(count).ok_or(Malformed::Truncated)?;
        // In two steps: for a count of 0, a single shift would be by all 64 bits.
        let bits = self.window >> 1 >> (63 - count);
        self.window <<= count;
        Ok(bits as u32)
    }

    /// Checks that only the padding of the last byte is left.
    pub(super) fn end(&self) -> Result<(), Malformed> {
        let empty = self.left.is_empty() && self.count < 8 && self.window == 0;
        if empty { Ok(()) } else { Err(Malformed::Trailing) }
    }
}
