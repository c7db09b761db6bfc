use super::*;
use crate::data::Features;

/// Samples of these classes, without values.
fn dataset(labels: Vec<u32>) -> Dataset {
    let names = (0..=labels.iter().max().copied().unwrap_or(0)).map(|class| class.to_string()).collect();
    Dataset {
        sample_shape: [0].into(),
        features: Features::Floats(Vec::new()).into(),
        targets: Targets::Classes { labels, names },
    }
}

fn divide(samples: usize, validation: f64, seed: u64) -> (Vec<usize>, Vec<usize>) {
    let config = Config { validation, ..Config::default() };
    let Divided { train, validation, test } = config.divide(&dataset(vec![0; samples]), seed).unwrap();
    assert_eq!(test, [0_usize; 0]);
    (train, validation)
}

#[test]
fn every_sample_is_in_exactly_one_split() {
    for (samples, validation) in
        [(2, 0.001), (2, 0.999), (3, 0.5), (10, 0.25), (1000, 0.2), (1001, 0.9999), (9, 8.0), (9, 1.0)]
    {
        let (train, validation) = divide(samples, validation, 1);
        assert!(train.is_sorted() && validation.is_sorted());
        assert!(!train.is_empty() && !validation.is_empty());
        let mut all = [train, validation].concat();
        all.sort_unstable();
        assert_eq!(all, (0..samples).collect::<Vec<_>>());
    }
}

#[test]
fn the_fraction_is_rounded_and_drawn_from_everywhere() {
    let (train, validation) = divide(1000, 0.2, 42);
    assert_eq!((train.len(), validation.len()), (800, 200));
    let late = validation.iter().filter(|&&index| index >= 500).count();
    assert!((60..140).contains(&late), "{late} of 200 come from the second half");
    assert_eq!(divide(7, 0.5, 0).1.len(), 4);
    // A number of samples draws the same ones as the fraction that rounds to it.
    assert_eq!(divide(1000, 200.0, 42).1, validation);
}

#[test]
fn the_seed_determines_the_split() {
    assert_eq!(divide(100, 0.3, 5), divide(100, 0.3, 5));
    assert_ne!(divide(100, 0.3, 5), divide(100, 0.3, 6));
}

#[test]
fn nothing_is_held_out_by_default() {
    assert_eq!(divide(3, 0.0, 0), (vec![0, 1, 2], vec![]));
    assert_eq!(divide(1, 0.5, 0), (vec![0], vec![]));
    assert_eq!(divide(0, 0.5, 0), (vec![], vec![]));
}

#[test]
fn at_least_one_training_sample_must_be_left() {
    let all = Config { validation: 5.0, ..Config::default() };
    let message = all.divide(&dataset(vec![0; 5]), 0).unwrap_err().to_string();
    assert!(message.contains("holds out 5 samples, but there are only 5"), "{message}");
}

#[test]
fn a_stratified_split_keeps_class_proportions() {
    // 60, 30 and 9 samples, and one class with a single sample, sorted by class.
    let labels: Vec<u32> = [60, 30, 9, 1].into_iter().zip(0..).flat_map(|(n, c)| vec![c; n]).collect();
    for (validation, counts) in [(0.1, [6, 3, 1, 0]), (20.0, [12, 6, 2, 0]), (0.99, [59, 29, 8, 0])] {
        let config = Config { validation, stratified: true, ..Config::default() };
        let Divided { train, validation: aside, .. } = config.divide(&dataset(labels.clone()), 7).unwrap();
        let mut found = [0; 4];
        for &index in &aside {
            found[labels[index] as usize] += 1;
        }
        assert_eq!(found, counts);
        assert_eq!(train.len() + aside.len(), labels.len());
        assert!(aside.iter().any(|&index| index > 4), "not just the first of each class");
    }
}

#[test]
fn every_sample_is_for_training_validation_or_test() {
    for (samples, validation, test) in
        [(1000, 0.2, 0.1), (10, 0.5, 0.4), (3, 0.001, 0.001), (3, 1.0, 1.0), (9, 0.3, 5.0), (2, 0.4, 0.4)]
    {
        let config = Config { validation, test, ..Config::default() };
        let divided = config.divide(&dataset(vec![0; samples]), 3).unwrap();
        let Divided { train, validation, test } = divided;
        assert!(!train.is_empty() && !test.is_empty() && (samples == 2 || !validation.is_empty()));
        assert!(train.is_sorted() && validation.is_sorted() && test.is_sorted());
        let mut all = [train, validation, test].concat();
        all.sort_unstable();
        assert_eq!(all, (0..samples).collect::<Vec<_>>());
    }
}

#[test]
fn fractions_are_of_all_samples_and_the_test_samples_stay() {
    let divide = |validation, test, seed| {
        Config { validation, test, ..Config::default() }.divide(&dataset(vec![0; 1000]), seed).unwrap()
    };
    let first = divide(0.25, 0.1, 1);
    assert_eq!([&first.train, &first.validation, &first.test].map(Vec::len), [650, 250, 100]);
    assert_eq!(first.test, divide(0.0, 0.1, 1).test);
    assert_eq!(first.test, divide(300.0, 100.0, 1).test);
    assert_ne!(first.test, divide(0.25, 0.1, 2).test);
    let late = first.test.iter().filter(|&&index| index >= 500).count();
    assert!((25..75).contains(&late), "{late} of 100 come from the second half");
}

#[test]
fn the_validation_samples_are_those_of_earlier_versions() {
    // What taper drew before `test` existed.
    let divided = divide(12, 0.25, 42);
    assert_eq!(divided.1, [4, 5, 7]);
}

#[test]
fn a_stratified_test_split_keeps_class_proportions() {
    let labels: Vec<u32> = [60, 30, 10].into_iter().zip(0..).flat_map(|(n, c)| vec![c; n]).collect();
    let config = Config { validation: 0.1, test: 0.2, stratified: true, ..Config::default() };
    let divided = config.divide(&dataset(labels.clone()), 7).unwrap();
    for (indices, counts) in
        [(divided.train, [42, 21, 7]), (divided.validation, [6, 3, 1]), (divided.test, [12, 6, 2])]
    {
        let mut found = [0; 3];
        for index in indices {
            found[labels[index] as usize] += 1;
        }
        assert_eq!(found, counts);
    }
}

#[test]
fn validation_and_test_together_leave_training_samples() {
    for (validation, test, key) in
        [(5.0, 5.0, "split.validation"), (1.0, 10.0, "split.test"), (0.0, 12.0, "split.test")]
    {
        let config = Config { validation, test, ..Config::default() };
        let message = config.divide(&dataset(vec![0; 10]), 0).unwrap_err().to_string();
        assert!(message.starts_with(key) && message.contains("only"), "{message}");
    }
}

#[test]
fn every_sample_is_in_one_fold_and_folds_have_the_same_size() {
    for (samples, parts, stratified) in [(10, 5, false), (11, 3, false), (60, 7, true), (5, 5, false)] {
        let data = dataset((0..samples).map(|i| i % 3 / 2).collect());
        let mut all = Vec::new();
        for number in 1..=parts {
            let fold = Fold::new(number, parts);
            let config = Config { fold, stratified, ..Config::default() };
            let Divided { train, validation, .. } = config.divide(&data, 4).unwrap();
            assert!(train.is_sorted() && validation.is_sorted());
            assert_eq!(train.len(), config.remaining(samples as usize).unwrap());
            assert!(validation.len().abs_diff(samples as usize / parts as usize) <= 1);
            let Targets::Classes { labels, .. } = &data.targets else { panic!() };
            let rare = validation.iter().filter(|&&index| labels[index] == 1).count();
            assert!(!stratified || (2..=3).contains(&rare), "{rare} of 20 samples of class 1 in 7 folds");
            let mut both = [train, validation.clone()].concat();
            both.sort_unstable();
            assert_eq!(both, (0..samples as usize).collect::<Vec<_>>());
            all.extend(validation);
        }
        assert_ne!(all, (0..samples as usize).collect::<Vec<_>>(), "in random order");
        all.sort_unstable();
        assert_eq!(all, (0..samples as usize).collect::<Vec<_>>());
    }
    let config = Config { fold: Fold::new(1, 5), ..Config::default() };
    let message = config.divide(&dataset(vec![0; 4]), 0).unwrap_err().to_string();
    assert!(message.contains("5 parts, but there are only 4 training samples"), "{message}");
}

#[test]
fn folds_are_written_as_fractions() {
    let read = |text: &str| text.parse::<Fold>().map(|fold| fold.to_string());
    assert_eq!(read("2/5").as_deref(), Ok("2/5"));
    for wrong in ["", "2", "0/5", "6/5", "1/1", "1/1001", "a/5", "2/5/1", "-1/5"] {
        assert!(read(wrong).unwrap_err().contains("such as 2/5"), "{wrong}");
    }
}
