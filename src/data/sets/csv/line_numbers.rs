//! The line number of each sample, for messages.

/// Line numbers in increasing order. Most samples follow on the line of the one before, so few of them are stored.
#[derive(Default)]
pub(super) struct LineNumbers {
    count: usize,
    /// The samples that do not, and their lines.
    leaps: Vec<(usize, u64)>,
}

impl LineNumbers {
    /// The number of samples.
    pub fn count(&self) -> usize {
        self.count
    }

    /// Adds a sample.
    pub fn push(&mut self, line: u64) {
        self.leap(line);
        self.count += 1;
    }

    /// Adds the samples of `others`.
    pub fn append(&mut self, others: &Self) {
        let end = |place: usize| others.leaps.get(place + 1).map_or(others.count, |(sample, _)| *sample);
        for (place, (sample, line)) in others.leaps.iter().enumerate() {
            self.leap(*line);
            self.count += end(place) - sample;
        }
    }

    /// The line of a sample.
    pub fn of(&self, sample: usize) -> u64 {
        let after = self.leaps.partition_point(|(first, _)| *first <= sample);
        let before = after.checked_sub(1).and_then(|place| self.leaps.get(place));
        before.map_or(0, |(first, line)| line + (sample - first) as u64)
    }

    /// Notes that the next sample is on `line`.
    fn leap(&mut self, line: u64) {
        if self.leaps.is_empty() || self.of(self.count) != line {
            self.leaps.push((self.count, line));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_those_that_were_added_one_by_one_or_together() {
        let lines = [2, 3, 4, 7, 9, 10, 11, 20];
        for cut in 0..=lines.len() {
            let [mut all, mut rest] = [LineNumbers::default(), LineNumbers::default()];
            lines[..cut].iter().for_each(|line| all.push(*line));
            lines[cut..].iter().for_each(|line| rest.push(*line));
            all.append(&rest);
            assert_eq!(all.count(), lines.len());
            assert_eq!((0..lines.len()).map(|sample| all.of(sample)).collect::<Vec<_>>(), lines);
            assert_eq!(all.leaps.len(), 4);
        }
    }
}
