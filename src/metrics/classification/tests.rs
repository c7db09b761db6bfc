#![expect(clippy::float_cmp, reason = "these values are exact")]

use super::super::predicted::predicted_classes;
use super::*;

#[test]
fn agrees_with_a_case_computed_by_hand() -> Result<()> {
    // Class 2 is never predicted, class 3 never occurs and is never predicted.
    let mut counts = ClassCounts::new(4);
    counts.count(&[0, 0, 0, 1, 1, 2], &[0, 0, 1, 1, 0, 1])?;
    let report = counts.report(&["zero".to_owned()]);
    assert_eq!(report.accuracy, 0.5);
    let row = |class: usize| {
        let scores = &report.per_class[class];
        (scores.class.as_str(), scores.precision, scores.recall, scores.f1, scores.support)
    };
    assert_eq!(row(0), ("zero", 2.0 / 3.0, 2.0 / 3.0, 2.0 / 3.0, 3));
    assert_eq!(row(1), ("1", 1.0 / 3.0, 0.5, 0.4, 2));
    assert_eq!(row(2), ("2", 0.0, 0.0, 0.0, 1));
    assert_eq!(row(3), ("3", 0.0, 0.0, 0.0, 0));
    assert!((report.recall - (2.0 / 3.0 + 0.5) / 3.0).abs() < 1e-15, "class 3 is not counted");
    Ok(())
}

#[test]
fn without_samples_everything_is_0() {
    let report = ClassCounts::new(2).report(&[]);
    assert_eq!((report.accuracy, report.precision, report.recall, report.f1), (0.0, 0.0, 0.0, 0.0));
}

#[test]
fn logits_predict_the_first_largest_class() -> Result<()> {
    let predicted: Vec<u32> = predicted_classes(&[0.0, 1.0, 1.0, 3.0, 2.0, -1.0], 2, 3)?.collect();
    assert_eq!(predicted, [1, 0]);
    Ok(())
}

#[test]
fn a_single_logit_predicts_class_1_above_0() -> Result<()> {
    assert_eq!(predicted_classes(&[0.1, 0.0, -2.0], 3, 2)?.collect::<Vec<_>>(), [1, 0, 0]);
    Ok(())
}

#[test]
fn a_nan_logit_is_counted_as_in_candle() -> Result<()> {
    let logits = [f32::NAN, 1.0, 2.0, 1.0, f32::NAN, 2.0, 2.0, 1.0, f32::NAN];
    let tensor = candle_core::Tensor::from_slice(&logits, (3, 3), &candle_core::Device::Cpu)?;
    let expected = tensor.argmax(1)?.to_vec1::<u32>()?;
    assert_eq!(predicted_classes(&logits, 3, 3)?.collect::<Vec<_>>(), expected);
    assert_eq!(predicted_classes(&[f32::NAN], 1, 2)?.collect::<Vec<_>>(), [0]);
    Ok(())
}

#[test]
fn mismatches_are_refused_and_nothing_is_counted() {
    let mut counts = ClassCounts::new(2);
    assert!(counts.count(&[0, 2], &[0, 0]).is_err());
    assert!(counts.count(&[0], &[2]).is_err());
    assert!(counts.count(&[0], &[]).is_err());
    assert!(predicted_classes(&[0.0; 3], 2, 2).is_err() && predicted_classes(&[], 1, 2).is_err());
    assert!(counts.merge(&ClassCounts::new(3)).is_err());
    assert_eq!(counts.samples(), 0);
}

#[test]
fn merging_and_restoring_count_every_sample_once() -> Result<()> {
    let (targets, predicted) = ([0, 1, 2, 1, 0], [0, 2, 2, 1, 1]);
    let mut whole = ClassCounts::new(3);
    whole.count(&targets, &predicted)?;
    let mut first = ClassCounts::new(3);
    first.count(&targets[..2], &predicted[..2])?;
    let saved = serde_json::to_string(&first).expect("plain numbers");
    let mut restored: ClassCounts = serde_json::from_str(&saved).expect("what was saved");
    let mut second = ClassCounts::new(3);
    second.count(&targets[2..], &predicted[2..])?;
    restored.merge(&second)?;
    assert_eq!(restored, whole);
    assert_eq!((whole.samples(), whole.correct()), (5, 3));
    Ok(())
}

#[test]
fn the_matrix_of_an_old_checkpoint_becomes_counts() {
    let restored: ClassCounts = serde_json::from_str("[[2, 1, 0], [1, 1, 0], [0, 1, 0]]").expect("a matrix");
    let mut counts = ClassCounts::new(3);
    counts.count(&[0, 0, 0, 1, 1, 2], &[0, 0, 1, 1, 0, 1]).expect("they fit");
    assert_eq!(restored, counts);
    assert!(serde_json::from_str::<ClassCounts>("[[1, 2], [3]]").is_err());
    let uneven = r#"{"correct": [1], "predicted": [1, 0], "support": [1, 0]}"#;
    assert!(serde_json::from_str::<ClassCounts>(uneven).is_err());
}

#[test]
fn impossible_counts_are_refused() {
    let parse = |text: &str| serde_json::from_str::<ClassCounts>(text).expect("counts");
    let good = r#"{"correct": [1, 0], "predicted": [2, 1], "support": [1, 2]}"#;
    assert!(parse(good).is_of(2, 3) && !parse(good).is_of(2, 4) && !parse(good).is_of(3, 3));
    assert!(!parse(r#"{"correct": [2, 0], "predicted": [2, 1], "support": [1, 2]}"#).is_of(2, 3));
    assert!(!parse(r#"{"correct": [0, 0], "predicted": [2, 0], "support": [1, 2]}"#).is_of(2, 3));
    let most = u64::MAX;
    let text = format!(r#"{{"correct": [0, 0], "predicted": [{most}, {most}], "support": [1, 2]}}"#);
    assert!(!parse(&text).is_of(2, 3));
}

#[test]
fn the_size_of_a_checkpoint_is_linear_in_the_number_of_classes() {
    let size = |classes| serde_json::to_string(&ClassCounts::new(classes)).expect("plain numbers").len();
    assert!(size(20_000) < 11 * size(2_000) && size(20_000) < 200_000);
}

#[test]
fn matthews_is_1_if_all_is_right_and_0_for_a_constant() -> Result<()> {
    let matthews = |targets: &[u32], predicted: &[u32]| {
        let mut counts = ClassCounts::new(3);
        counts.count(targets, predicted)?;
        Ok::<f64, candle_core::Error>(counts.matthews())
    };
    assert_eq!(matthews(&[0, 1, 2, 1], &[0, 1, 2, 1])?, 1.0);
    assert_eq!(matthews(&[0, 1, 1, 0], &[1, 0, 0, 1])?, -1.0);
    for (targets, predicted) in [([0, 1, 2], [1, 1, 1]), ([1, 1, 1], [0, 1, 2]), ([2, 2, 2], [2, 2, 2])] {
        assert_eq!(matthews(&targets, &predicted)?, 0.0);
    }
    assert_eq!(matthews(&[], &[])?, 0.0);
    // scikit-learn: matthews_corrcoef([0, 0, 1, 1, 2, 2], [0, 1, 1, 1, 2, 0])
    assert!((matthews(&[0, 0, 1, 1, 2, 2], &[0, 1, 1, 1, 2, 0])? - 0.522_232_967_867_093_5).abs() < 1e-15);
    Ok(())
}

#[test]
fn matthews_of_huge_counts_does_not_overflow() {
    let half = u64::MAX / 2;
    let text = format!(
        r#"{{"correct": [{half}, {half}], "predicted": [{half}, {half}], "support": [{half}, {half}]}}"#
    );
    let counts: ClassCounts = serde_json::from_str(&text).expect("counts");
    assert!((counts.matthews() - 1.0).abs() < 1e-15);
}
