//! Replacements for missing values, measured on the training samples.

use super::{Column, Columns, Fill, Rule};

impl Columns {
    /// Measures the replacements on the samples `training` of `values`, where missing values are NaN.
    ///
    /// # Errors
    /// A sentence that names a column without any value in these samples.
    pub(crate) fn measure(&mut self, values: &[f32], training: &[usize]) -> Result<(), String> {
        let width = self.width();
        let mut first = 0;
        let mut present = Vec::new();
        for column in &mut self.0 {
            if let Some(Fill::Measured(rule)) = column.fill {
                let of =
                    |place: usize| training.iter().map(move |sample| values[sample * width + first + place]);
                let fill = if let Some(categories) = &column.categories {
                    let count = |place| of(place).filter(|value| *value > 0.0).count();
                    let counts = (0..categories.len()).map(count);
                    most(counts.zip(categories)).map(|category| Fill::Category(category.clone()))
                } else {
                    present.clear();
                    present.extend(of(0).filter(|value| !value.is_nan()));
                    middle(&mut present, rule).map(Fill::Number)
                };
                column.fill = Some(fill.ok_or_else(|| {
                    format!(
                        "column `{}` has no value in any training sample; exclude it with `ignore`",
                        column.name
                    )
                })?);
            }
            first += column.width();
        }
        Ok(())
    }

    /// Replaces the missing values in `values`.
    pub(crate) fn fill(&self, values: &mut [f32]) {
        if self.0.iter().all(|column| column.fill.is_none()) {
            return;
        }
        let fills: Vec<f32> = self.0.iter().flat_map(Column::filled).collect();
        for sample in values.chunks_exact_mut(fills.len().max(1)) {
            for (value, fill) in sample.iter_mut().zip(&fills) {
                if value.is_nan() {
                    *value = *fill;
                }
            }
        }
    }
}

impl Column {
    /// The replacement for each of its values. (An indicator is never missing.)
    fn filled(&self) -> impl Iterator<Item = f32> {
        let of = |place: usize| match (&self.fill, &self.categories) {
            (Some(Fill::Number(number)), None) if place == 0 => *number,
            (Some(Fill::Category(name)), Some(names)) if names.get(place) == Some(name) => 1.0,
            _ => 0.0,
        };
        (0..self.width()).map(of)
    }
}

/// The item with the highest count; of several, the first.
fn most<T>(counted: impl Iterator<Item = (usize, T)>) -> Option<T> {
    let mut best = (0, None);
    for (count, what) in counted {
        if count > best.0 {
            best = (count, Some(what));
        }
    }
    best.1
}

/// The statistic of `values`, which are sorted in the process; `None` if there are no values.
fn middle(values: &mut [f32], rule: Rule) -> Option<f32> {
    let last = values.len().checked_sub(1)?;
    let mean = |values: &[f32]| {
        let sum: f64 = values.iter().map(|value| f64::from(*value)).sum();
        (sum / values.len() as f64) as f32
    };
    if rule == Rule::Mean {
        return Some(mean(values));
    }
    values.sort_unstable_by(f32::total_cmp);
    match rule {
        Rule::MostFrequent => most(values.chunk_by(|a, b| a == b).map(|same| (same.len(), same[0]))),
        _ => Some(mean(&[values[last / 2], values[last.div_ceil(2)]])),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_values_are_filled_as_by_scikit_learn() {
        // SimpleImputer(strategy=…).fit([[7], [1], [nan], [2], [1]]).statistics_: 2.75, 1.5 and 1.
        for (rule, expected) in [(Rule::Mean, 2.75), (Rule::Median, 1.5), (Rule::MostFrequent, 1.0)] {
            assert_eq!(middle(&mut [7.0, 1.0, 2.0, 1.0], rule), Some(expected));
            assert_eq!(middle(&mut [], rule), None);
        }
        assert_eq!(middle(&mut [3.0, 1.0, 2.0], Rule::Median), Some(2.0));
        assert_eq!(middle(&mut [3.0, 1.0, 3.0, 1.0], Rule::MostFrequent), Some(1.0));
    }

    #[test]
    fn only_training_samples_are_measured_and_every_sample_is_filled() {
        let numbers = Column { fill: Some(Fill::Measured(Rule::Mean)), ..Column::numbers("a".to_owned()) };
        let words = Column {
            categories: Some(vec!["x".to_owned(), "y".to_owned()]),
            fill: Some(Fill::Measured(Rule::MostFrequent)),
            indicator: true,
            ..Column::numbers("b".to_owned())
        };
        let mut columns = Columns(vec![numbers, words]);
        let gap = f32::NAN;
        let mut values =
            [[1.0, 0.0, 1.0, 0.0], [gap, 0.0, 1.0, 0.0], [3.0, gap, gap, 1.0], [90.0, 1.0, 0.0, 0.0]]
                .concat();
        columns.measure(&values, &[0, 1, 2]).unwrap();
        columns.fill(&mut values);
        assert_eq!(values[4..12], [2.0, 0.0, 1.0, 0.0, 3.0, 0.0, 1.0, 1.0]);
        assert_eq!(columns.0[1].fill, Some(Fill::Category("y".to_owned())));
        columns.0[0].fill = Some(Fill::Measured(Rule::Median));
        assert!(
            columns.measure(&[gap, 0.0, 1.0, 0.0], &[0]).unwrap_err().contains("column `a` has no value")
        );
    }
}
