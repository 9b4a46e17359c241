//! Medians and spreads of repeated measurements.

/// The results of all rounds of one proxy.
#[derive(Clone, Default)]
pub(crate) struct Rounds(Vec<f64>);

impl Rounds {
    pub(crate) fn push(&mut self, result: f64) {
        self.0.push(result);
    }

    pub(crate) fn median(&self) -> f64 {
        self.at(0.5)
    }

    /// Half of the distance between the quartiles, as a share of the median, in percent.
    pub(crate) fn spread(&self) -> f64 {
        (self.at(0.75) - self.at(0.25)) / 2.0 / self.median() * 100.0
    }

    fn at(&self, share: f64) -> f64 {
        let mut sorted = self.0.clone();
        sorted.sort_by(f64::total_cmp);
        sorted[((sorted.len() - 1) as f64 * share).round() as usize]
    }
}
