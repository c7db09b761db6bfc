//! Every optimizer with learning rates that change at each step, compared with PyTorch under its own
//! schedulers (`tests/golden/make.py`).
//!
//! The learning rate of a step is passed to the optimizer; here it is that of the config times the factor of PyTorch's
//! scheduler for that step. taper's own schedules are compared in `learning_rates.rs`.

use candle_core::{DType, Result, Tensor};
use taper::optimizer;

use crate::golden::{Golden, precisions};

#[test]
fn optimizers_agree_with_pytorch_under_every_schedule() -> Result<()> {
    let golden = Golden::read("schedules.safetensors");
    // Relative to the largest value of all parameters, which is about 1.
    for (dtype, tolerance) in precisions([5e-6, 1e-13]) {
        for (name, case) in golden.cases() {
            let config: optimizer::Config =
                serde_json::from_value(case["config"].clone()).expect("an optimizer");
            let schedule = case["schedule"].as_str().expect("a schedule");
            let factors = golden.tensor(&format!("factors/{schedule}")).to_vec1::<f64>()?;
            assert!(factors.iter().any(|factor| *factor != factors[0]), "{schedule} changes nothing");
            let parameters = [golden.var("start/0", dtype)?, golden.var("start/1", dtype)?];
            let mut live = config.member().build(&parameters)?;
            for (step, factor) in (1_u64..).zip(factors) {
                let gradient =
                    |i| golden.tensor(&format!("gradients/{i}")).get(step as usize - 1)?.to_dtype(dtype);
                let rate = config.member().learning_rate() * factor;
                live.step(&parameters, &[gradient(0)?, gradient(1)?], rate, step)?;
                if [1, 10, 100].contains(&step) {
                    let flat = parameters.iter().map(|parameter| parameter.flatten_all());
                    let flat = Tensor::cat(&flat.collect::<Result<Vec<_>>>()?, 0)?;
                    golden.check(&format!("{name}/{schedule}/{step}"), &flat, tolerance, 1.0)?;
                }
            }
        }
    }
    Ok(())
}

#[test]
fn every_optimizer_is_among_the_cases() {
    let golden = Golden::read("schedules.safetensors");
    for name in optimizer::Config::NAMES {
        assert!(
            golden.cases().any(|(_, case)| case["config"].get(name).is_some()),
            "add `{name}` to make.py"
        );
    }
    let tensor = golden.tensor("start/0");
    assert_eq!(tensor.dtype(), DType::F64, "expected values are in f64");
}
