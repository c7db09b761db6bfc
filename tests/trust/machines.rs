//! The weights are the same on every machine: with every instruction set, and as they were when they were last written down.

use serde_json::json;
use taper_kernels::simd::lanes::Isa;

use crate::subject;
use crate::tier::{Tier, report, times};
use crate::workspace::Workspace;

/// Built-in configs with data that needs no download, and a digest of their weights after 200 steps. A change that alters one is
/// a change of the arithmetic: its commit says why.
const WEIGHTS: [(&str, &str, u64); 9] = [
    ("binary_mlp", "", 0x3b53_d9b9_bd72_0b1e),
    ("digits_cnn", "", 0x7ab5_3ae6_f7e6_0b13),
    ("digits_residual", "", 0x1920_6524_33d0_b704),
    ("linear_regression", "", 0x0de3_fcc3_9e15_9198),
    ("mnist_cnn", "data=digits", 0x07c6_9390_c691_efa7),
    ("mnist_cnn_plain", "data=digits", 0x65c9_3b15_5472_5c85),
    ("mnist_mlp_128", "data=digits", 0x263e_b9fe_2b20_6723),
    ("mnist_mlp_64", "data=digits", 0x397a_e8eb_67bc_c5e1),
    ("synthetic_mlp", "", 0xedcf_facd_30a6_6365),
];

/// A digest of the weights of a config after some steps.
fn weights(config: &str, data: &str, steps: usize, isa: Isa) -> u64 {
    let workspace = Workspace::new();
    let steps = format!("train.max_steps={steps}");
    let mut arguments = vec!["train", config, "--run-dir", "run", "--isa", isa.name(), "--set", &steps];
    if !data.is_empty() {
        arguments.extend(["--set", data]);
    }
    let outcome = workspace.run(&arguments);
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    digest(&subject::weights(&workspace.path("run")))
}

/// FNV-1a of the tensors in a safetensors file, without its head, which holds the config.
fn digest(file: &[u8]) -> u64 {
    let (length, rest) = file.split_first_chunk().expect("the length of the head");
    let tensors = &rest[usize::try_from(u64::from_le_bytes(*length)).expect("a length")..];
    tensors.iter().fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

#[test]
fn every_instruction_set_trains_the_same_weights() {
    let steps = times([3, 200, 200]);
    for (config, data, written) in WEIGHTS {
        let all: Vec<_> = Isa::all().map(|isa| weights(config, data, steps, isa)).collect();
        assert!(all.windows(2).all(|pair| pair[0] == pair[1]), "{config}: {all:x?}");
        // Plain code is slow, and this is the first test to fail on a machine that computes otherwise.
        if Tier::now() > Tier::Fast {
            assert_eq!(all[0], written, "{config}: {:#018x} for the digest that was written down", all[0]);
        }
    }
    let sets: Vec<_> = Isa::all().map(Isa::name).collect();
    report(
        "weights on every machine",
        &json!({ "configs": WEIGHTS.len(), "steps": steps, "instruction_sets": sets, "different": 0 }),
    );
}
