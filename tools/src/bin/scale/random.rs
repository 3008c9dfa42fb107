//! A reproducible random generator.

/// A generator (SplitMix64, <https://doi.org/10.1145/2714064.2660195>) and its distributions.
#[derive(Debug)]
pub struct Chance(u64);

impl Chance {
    /// A generator with this seed.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A uniform number from 0 to less than 1.
    pub fn part(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }

    pub fn happens(&mut self, share: f64) -> bool {
        self.part() < share
    }

    /// The time between two independent events.
    pub fn exponential(&mut self, mean: f64) -> f64 {
        -mean * (1.0 - self.part()).ln()
    }

    /// The number of independent events where `mean` are expected.
    pub fn poisson(&mut self, mean: f64) -> u32 {
        let (mut count, mut at) = (0, self.exponential(1.0));
        while at < mean {
            count += 1;
            at += self.exponential(1.0);
        }
        count
    }

    /// A heavy-tailed size: half are below the median, few many times above it.
    pub fn heavy(&mut self, tail: Tail) -> f64 {
        let normal = (-2.0 * (1.0 - self.part()).ln()).sqrt() * (std::f64::consts::TAU * self.part()).cos();
        tail.median * (tail.sigma * normal).exp()
    }
}

#[derive(Debug, Clone, Copy)]
pub struct Tail {
    pub median: f64,
    /// The standard deviation of the logarithm: the larger, the heavier the tail.
    pub sigma: f64,
}
