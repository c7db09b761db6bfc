//! Properties of all operations.

use super::*;
use crate::data::Features;

/// An operation of each kind, by name.
pub(super) fn examples() -> Vec<Operation> {
    let of = |name: &&str| {
        let options = match *name {
            "shift" => r#"{ "pixels": 2 }"#,
            "rotate" | "shear" => r#"{ "degrees": 15 }"#,
            "scale" => r#"{ "factors": [0.8, 1.2] }"#,
            "cutout" => r#"{ "size": 5 }"#,
            "noise" => r#"{ "deviation": 8 }"#,
            "brightness" | "contrast" => r#"{ "factor": 0.5 }"#,
            _ => "{}",
        };
        serde_json::from_str(&format!("{{ \"{name}\": {options} }}")).expect("a valid operation")
    };
    Operation::NAMES.iter().map(of).collect()
}

fn config(operations: Vec<Operation>) -> Config {
    Config { operations, border: Border::Constant, fill: 0.0, until: 1.0 }
}

fn images(shape: &Shape, count: usize) -> Features {
    let values = count * shape.elements().unwrap_or(0);
    Features::Bytes((0..values).map(|i| (i * i * 31 % 251) as u8).collect())
}

/// Sample `index` of four, mixed with the next one if at all.
fn augmented(config: &Config, shape: &Shape, seed: u64, epoch: u64, index: usize) -> Vec<f32> {
    let mut values = vec![0.0; shape.elements().unwrap_or(0)];
    run(
        &mut Chain::new(config, shape, seed),
        &images(shape, 4),
        epoch,
        [index, (index + 1) % 4],
        &mut values,
    );
    values
}

/// Runs `chain` on the first of two samples of `features`.
fn run(
    chain: &mut Chain<'_>,
    features: &Features,
    epoch: u64,
    pair: [usize; 2],
    to: &mut [f32],
) -> Option<f64> {
    let [sample, partner] = pair.map(|index| Sample { features, row: index, index });
    chain.run(sample, partner, epoch, to)
}

#[test]
fn every_operation_depends_on_seed_epoch_and_sample_alone() {
    let shape = Shape::from([3, 11, 14]);
    for operation in examples() {
        let name = operation.name();
        let config = config(vec![operation]);
        let first = augmented(&config, &shape, 1, 5, 2);
        let mut chain = Chain::new(&config, &shape, 1);
        let mut again = vec![0.0; first.len()];
        for index in [3, 0, 2] {
            run(&mut chain, &images(&shape, 4), 5, [index, (index + 1) % 4], &mut again);
        }
        assert_eq!(first, again, "{name} after other samples");
        let other =
            |seed: u64, epoch| (0..8).any(|i| augmented(&config, &shape, seed + i, epoch, 2) != first);
        assert!(other(2, 5) && other(1, 6), "{name}");
        assert!(first.iter().all(|value| (0.0..=255.0).contains(value)), "{name}");
    }
}

#[test]
fn an_operation_at_the_end_leaves_the_numbers_of_the_others_as_they_were() {
    let shape = Shape::from([1, 9, 9]);
    let silent: Operation = serde_json::from_str(r#"{ "shift": { "pixels": 0 } }"#).expect("an operation");
    for operation in examples() {
        let alone = augmented(&config(vec![operation.clone()]), &shape, 1, 0, 0);
        let followed = augmented(&config(vec![operation, silent.clone()]), &shape, 1, 0, 0);
        assert_eq!(alone, followed);
    }
}

#[test]
fn operations_that_cannot_change_anything_leave_the_bits() {
    let shape = Shape::from([1, 8, 10]);
    let still = r#"[{ "shift": { "pixels": 0 } }, { "rotate": { "degrees": 0 } }, { "scale": { "factors": [1, 1] } },
        { "shear": {} }, { "elastic": { "alpha": 0 } }, { "flip": { "probability": 0 } }, { "crop": { "padding": 0 } },
        { "cutout": { "size": 3, "probability": 0 } }, { "noise": { "deviation": 0 } }, { "brightness": { "factor": 0 } },
        { "contrast": { "factor": 0 } }, { "mixup": { "probability": 0 } }, { "cutmix": { "probability": 0 } }]"#;
    let operations: Vec<Operation> = serde_json::from_str(still).expect("operations");
    for operation in operations.iter().cloned().map(|one| vec![one]).chain([operations.clone()]) {
        let found = augmented(&config(operation), &shape, 3, 1, 1);
        let Features::Bytes(bytes) = images(&shape, 4) else { panic!() };
        assert!(found.iter().zip(&bytes[80..160]).all(|(value, byte)| *value == f32::from(*byte)));
    }
}

#[test]
fn movements_are_interpolated_once() {
    // A quarter turn forth and back, in several steps: each alone would blur the image.
    let shape = Shape::from([1, 7, 7]);
    let config = config(Vec::new());
    let mut image = Image::new(&shape, &config);
    image.load(&images(&shape, 4), 1);
    let before = image.values().to_vec();
    for degrees in [30.0, 60.0, -45.0, -45.0] {
        rotate::rotate(&mut image, degrees);
    }
    for (value, before) in image.values().iter().zip(&before) {
        assert!((value - before).abs() < 1e-3, "{value} {before}");
    }
}

#[test]
fn alternating_reflections_show_both_forms_in_two_epochs() {
    let shape = Shape::from([1, 4, 6]);
    let flip: Operation = serde_json::from_str(r#"{ "flip": { "alternate": true } }"#).expect("an operation");
    let config = config(vec![flip]);
    let mut reflected = 0;
    for index in 0..4 {
        let epochs: Vec<Vec<f32>> = (0..4).map(|epoch| augmented(&config, &shape, 5, epoch, index)).collect();
        assert_eq!(epochs[0], epochs[2]);
        assert_eq!(epochs[1], epochs[3]);
        for (line, other) in epochs[0].chunks(6).zip(epochs[1].chunks(6)) {
            assert!(line.iter().rev().eq(other));
        }
        let Features::Bytes(bytes) = images(&shape, 4) else { panic!() };
        reflected += usize::from(epochs[0][0] != f32::from(bytes[index * 24]));
    }
    assert!((1..4).contains(&reflected), "{reflected} of 4");
}

#[test]
fn a_mixture_holds_the_drawn_share_of_both_samples() {
    let shape = Shape::from([1, 16, 16]);
    let black_and_white = Features::Bytes([vec![0; 256], vec![255; 256]].concat());
    for name in ["mixup", "cutmix"] {
        let operation = examples().into_iter().find(|operation| operation.name() == name).expect("a member");
        let config = config(vec![operation]);
        let mut values = vec![0.0; 256];
        let mut seen = Vec::new();
        for epoch in 0..20 {
            let share =
                run(&mut Chain::new(&config, &shape, 1), &black_and_white, epoch, [0, 1], &mut values);
            let share = share.expect("a mixture");
            let mean = values.iter().map(|value| f64::from(*value)).sum::<f64>() / 256.0;
            assert!((mean - 255.0 * (1.0 - share)).abs() < 1e-3, "{name}: {mean} {share}");
            seen.push(share);
        }
        assert!(
            seen.iter().any(|share| *share < 0.5) && seen.iter().any(|share| *share > 0.5),
            "{name}: {seen:?}"
        );
    }
}

#[test]
fn samples_that_are_no_images_take_noise_and_mixup_only() {
    for operation in examples() {
        let (name, config) = (operation.name(), config(vec![operation]));
        let mut found = Vec::new();
        config.validate_shape(&Shape::from([20]), &mut Problems::new(&mut found));
        assert_eq!(found.is_empty(), ["noise", "mixup"].contains(&name), "{name}");
    }
}
