//! The gradients that are not zero. After relu and dropout, five of six are zero.

/// A gradient that is not zero, and the sample or unit that it belongs to.
#[derive(Clone, Copy, Default)]
pub struct Entry {
    /// The index of the sample, or of the unit.
    pub index: u32,
    /// The gradient.
    pub value: f32,
}

/// Lists of them, kept from step to step: for each sample its units, and for each unit its samples.
#[derive(Default)]
pub struct Lists {
    by_sample: Rows,
    by_unit: Rows,
}

/// With this share of gradients that are not zero, or less, lists are faster than tiles.
const SHARE: f64 = 0.6;

impl Lists {
    /// Allocates memory for that many samples and units.
    pub fn reserve(&mut self, samples: usize, units: usize) {
        self.by_sample.reserve(samples, units);
        self.by_unit.reserve(units, samples);
    }

    /// Fills the lists, unless there are too few zeros. `delta` has rows of `step` values, `transposed` those of `height`.
    pub fn fill(
        &mut self,
        [samples, units]: [usize; 2],
        (delta, step): (&[f32], usize),
        (transposed, height): (&[f32], usize),
    ) -> Option<(&Rows, &Rows)> {
        if samples == 0 {
            return None;
        }
        let count =
            |row: &[f32]| row[..samples].iter().map(|value| usize::from(*value != 0.0)).sum::<usize>();
        let occupied: usize = transposed.chunks_exact(height).take(units).map(count).sum();
        if occupied as f64 > SHARE * (samples * units) as f64 {
            return None;
        }
        self.reserve(samples, units);
        self.by_sample.fill(samples, units, delta, step);
        self.by_unit.fill(units, samples, transposed, height);
        Some((&self.by_sample, &self.by_unit))
    }
}

/// One list for each row.
#[derive(Default)]
pub struct Rows {
    entries: Vec<Entry>,
    /// The length of each list.
    lengths: Vec<usize>,
    /// The maximum number of entries of a list.
    most: usize,
}

impl Rows {
    /// The list of a row; empty for rows of the padding.
    #[inline(always)]
    pub fn of(&self, row: usize) -> &[Entry] {
        match self.lengths.get(row) {
            Some(length) => &self.entries[row * self.most..][..*length],
            None => &[],
        }
    }

    fn reserve(&mut self, rows: usize, most: usize) {
        self.lengths.reserve(rows.saturating_sub(self.lengths.len()));
        self.entries.resize(self.entries.len().max(rows * most), Entry::default());
    }

    fn fill(&mut self, rows: usize, most: usize, values: &[f32], step: usize) {
        self.most = most;
        self.lengths.clear();
        for row in 0..rows {
            let list = &mut self.entries[row * most..][..most];
            let mut length = 0;
            for (index, value) in values[row * step..][..most].iter().enumerate() {
                // Written in any case: a branch would often be predicted wrongly.
                list[length] = Entry { index: index as u32, value: *value };
                length += usize::from(*value != 0.0);
            }
            self.lengths.push(length);
        }
    }
}
