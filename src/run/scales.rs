//! Warns about columns and targets whose scale slows or prevents learning.

use super::Run;
use crate::data::{self, Columns, Dataset, Features, Normalize, Targets};

/// The ratio of column sizes at which a warning is given.
const COLUMNS: f64 = 100.0;

/// The largest numbers to predict that a network reaches within a few epochs, and the smallest differences
/// that its loss still resolves.
const TARGETS: (f64, f64) = (30.0, 0.01);

/// A warning for each kind of number that the config does not scale, with the remedy.
pub fn warnings(run: &Run) -> Vec<String> {
    let preprocess = &run.experiment.preprocess;
    let normalized = preprocess.normalize.is_some()
        || run.experiment.model.layers.first().is_some_and(|layer| layer.name() == "batch_norm");
    let (data, order) = (&run.data.train, &run.data.train_indices);
    let names = run.card.columns.as_ref().map(Columns::value_names);
    let columns = if normalized { None } else { uneven_columns(data, order, names.as_deref()) };
    let table = if let data::Config::csv(table) = &run.experiment.data { Some(table) } else { None };
    let targets = table.map_or(&[][..], |table| table.target.names());
    let targets = if preprocess.targets.is_some() { None } else { far_targets(data, order, targets) };
    [columns, targets].into_iter().flatten().collect()
}

/// The largest and the smallest column of a table, if their ratio is too large. `names` are the column names.
fn uneven_columns(data: &Dataset, order: &[usize], names: Option<&[String]>) -> Option<String> {
    let (Some(Features::Floats(values)), [width]) = (data.features.memory(), data.sample_shape.0.as_slice())
    else {
        return None;
    };
    let sizes = typical_sizes(values, *width, order);
    let present = || sizes.iter().enumerate().filter(|(_, size)| **size > 0.0);
    let (large, most) = present().max_by(|a, b| a.1.total_cmp(b.1))?;
    let (small, least) = present().min_by(|a, b| a.1.total_cmp(b.1))?;
    if *most < COLUMNS * *least {
        return None;
    }
    let name = |column: usize| match names.and_then(|names| names.get(column)) {
        Some(name) => format!("`{name}`"),
        None => format!("column {column} (counted from 0)"),
    };
    Some(format!(
        "columns differ in scale: {} is about {} and {} about {}, so the network learns little from the smaller one; \
         set `normalize = \"standardize\"` in `[preprocess]`",
        name(large),
        rounded(*most),
        name(small),
        rounded(*least),
    ))
}

/// The root mean square of the nonzero values of each column: a one-hot column counts as 1, however rare its
/// category is.
fn typical_sizes(values: &[f32], width: usize, order: &[usize]) -> Vec<f64> {
    let mut sums = vec![(0.0, 0.0); width];
    for &sample in order {
        for ((square, count), value) in sums.iter_mut().zip(&values[sample * width..(sample + 1) * width]) {
            *square += f64::from(*value).powi(2);
            *count += f64::from(u8::from(*value != 0.0));
        }
    }
    sums.into_iter().map(|(square, count): (f64, f64)| (square / count.max(1.0)).sqrt()).collect()
}

/// A warning about numbers to predict that are far from the outputs of an untrained network. `names` are their
/// column names.
fn far_targets(data: &Dataset, order: &[usize], names: &[String]) -> Option<String> {
    let Targets::Values { width, .. } = &data.targets else { return None };
    let Normalize { mean, std } = Normalize::measure_targets(data, order)?;
    let constant = |place: usize| is_constant(data, order, place);
    let far = (0..*width).find(|&place| {
        libm::hypot(mean[place], std[place]) > TARGETS.0 || (std[place] < TARGETS.1 && !constant(place))
    })?;
    let which = match names.get(far) {
        Some(name) => format!("the numbers to predict in column `{name}`"),
        None if *width == 1 => "the numbers to predict".to_owned(),
        None => format!("the numbers to predict (number {far}, counted from 0)"),
    };
    Some(format!(
        "{which} have mean {} and standard deviation {}, far from the 0 and 1 of an untrained \
         network's outputs; set `targets = \"standardize\"` in `[preprocess]`",
        rounded(mean[far]),
        rounded(if constant(far) { 0.0 } else { std[far] }),
    ))
}

fn is_constant(data: &Dataset, order: &[usize], place: usize) -> bool {
    let Targets::Values { values, width } = &data.targets else { return true };
    let mut own = order.iter().map(|sample| values[sample * width + place]);
    let first = own.next();
    own.all(|value| Some(value) == first)
}

/// Rounds a number to two significant digits.
fn rounded(value: f64) -> f64 {
    format!("{value:.1e}").parse().unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shape::Shape;

    fn table(width: usize, values: &[f32], targets: &[f32]) -> Dataset {
        Dataset {
            sample_shape: Shape(vec![width]),
            features: Features::Floats(values.to_vec()).into(),
            targets: Targets::Values {
                values: targets.to_vec(),
                width: targets.len() * width / values.len(),
            },
        }
    }

    #[test]
    fn the_largest_and_the_smallest_column_are_named() {
        let names = ["age", "income", "rate"].map(str::to_owned);
        let data = table(3, &[30.0, 41000.0, 0.02, 50.0, 63000.0, 0.05], &[0.0, 1.0]);
        let text = uneven_columns(&data, &[0, 1], Some(&names)).expect("a warning");
        assert!(text.contains("`income` is about 53000 and `rate` about 0.038"), "{text}");
        let text = uneven_columns(&data, &[0, 1], None).expect("a warning");
        assert!(
            text.contains("column 1 (counted from 0) is about 53000 and column 2 (counted from 0)"),
            "{text}"
        );
    }

    #[test]
    fn columns_of_similar_scale_rare_categories_and_zeros_are_fine() {
        for values in [
            vec![1.0, 99.0, 1.0, -99.0, 1.0, 99.0],
            vec![0.0, 3.0, 0.0, -1.0, 1.0, 2.0], // a rare category next to a number
            vec![0.0, 3000.0, 0.0, 2000.0, 0.0, 1000.0], // a column of zeros
        ] {
            let data = table(2, &values, &[0.0; 3]);
            assert_eq!(uneven_columns(&data, &[0, 1, 2], None), None, "{values:?}");
        }
        let data = table(2, &[1.0, 1.0, 1.0, 1000.0], &[0.0; 2]);
        assert_eq!(uneven_columns(&data, &[0], None), None, "only training samples count");
    }

    #[test]
    fn targets_far_from_0_and_1_are_named() {
        let far = |targets: &[f32], width: usize| {
            let samples = targets.len() / width;
            let order: Vec<usize> = (0..samples).collect();
            far_targets(&table(1, &vec![0.0; samples], targets), &order, &[])
        };
        let text = far(&[900.0, 1100.0], 1).expect("a warning");
        assert!(text.contains("have mean 1000 and standard deviation 100"), "{text}");
        let text = far(&[0.5, 1e-4, -0.5, 2e-4], 2).expect("a warning");
        assert!(text.contains("(number 1, counted from 0) have mean 0.00015 and"), "{text}");
        let names = ["price", "area"].map(str::to_owned);
        let text = far_targets(&table(1, &[0.0; 2], &[0.5, 70.0, -0.5, 90.0]), &[0, 1], &names);
        assert!(text.expect("a warning").starts_with("the numbers to predict in column `area` have mean 80"));
        assert!(far(&[700.0; 5], 1).expect("a warning").contains("mean 700 and standard deviation 0,"));
        for fine in [vec![0.0; 4], vec![0.001; 4], vec![-1.0, 1.0, 20.0, -20.0]] {
            assert_eq!(far(&fine, 1), None, "{fine:?}");
        }
    }
}
