//! Random numbers for the tests of this crate: `SplitMix64` (Steele, Lea and Flood, 2014).

/// A reproducible stream of random numbers.
pub struct Stream(u64);

impl Stream {
    /// The stream for this name.
    pub fn new(name: [u64; 2]) -> Self {
        let mut stream = Self(name[0]);
        stream.0 = stream.next() ^ name[1];
        stream
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^ (bits >> 31)
    }

    /// A number in [0, 1).
    pub fn uniform(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// A number in [`low`, `high`).
    pub fn uniform_in(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.uniform()
    }

    /// A standard normal number (Box and Muller, 1958).
    pub fn normal(&mut self) -> f64 {
        let radius = (-2.0 * libm::log(1.0 - self.uniform())).sqrt();
        radius * libm::cos(std::f64::consts::TAU * self.uniform())
    }

    /// An integer below `bound`; close enough to unbiased for small bounds.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }
}
