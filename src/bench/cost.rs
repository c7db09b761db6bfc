//! The minimum work of a training step, and the minimum time for it on this machine.

use serde::Serialize;

use crate::network::{Node, Operation, ParameterSpec, Plan, Row};
use crate::threads;
use taper_kernels::fused::channels_last::products;
use taper_kernels::roofline;
use taper_kernels::simd::lanes::Isa;
use taper_kernels::simd::team::Team;

/// Parameters and optimizer state of this size in bytes or more are assumed to be in memory, not in the caches.
const CACHED: f64 = (64 << 20) as f64;
/// The minimum number of bytes that a thread reads to measure the bandwidth of its cache.
const SMALLEST_SET: usize = 256 << 10;
/// The number of bytes that all threads together read to measure the memory bandwidth: far more than caches hold.
const MEMORY_SET: usize = 256 << 20;

/// The minimum work of one training step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cost {
    /// Floating-point operations; a multiply-add counts as two. The layers count three times their forward pass
    /// (forward, gradients of inputs, gradients of weights); the first trained layer two times, because its inputs need
    /// no gradient, and frozen layers after it as well; layers before it once. The optimizer counts 2 per trained parameter
    /// without state, 7 with one state value per parameter, 13 with two (as in Adam).
    pub flops: f64,
    /// How many of them the fused engine saves in convolutions of 3x3 by Winograd's algorithm, without its transforms.
    pub saved: f64,
    /// Bytes read and written: parameters are read once for the forward pass; trained parameters and optimizer state are
    /// read and written once for the update: `4 x (parameters + trained parameters x 2 (1 + state_count))`.
    pub bytes: f64,
    /// The size of parameters and optimizer state in bytes.
    pub size: f64,
}

impl Cost {
    /// The cost of a step with `samples`; the optimizer keeps `state_count` state values per parameter.
    #[must_use]
    pub fn of_step(plan: &Plan, state_count: usize, samples: usize) -> Self {
        let is_trained = |row: &Row| plan.specs[row.specs.clone()].iter().any(ParameterSpec::is_trained);
        let is_frozen =
            |row: &Row| plan.specs[row.specs.clone()].iter().any(|spec| spec.frozen) && !is_trained(row);
        let first = plan.rows.iter().position(is_trained).unwrap_or(plan.rows.len());
        let passes = |i| Passes { inputs: i > first, weights: i >= first && !is_frozen(&plan.rows[i]) };
        let sample: f64 =
            plan.rows.iter().enumerate().map(|(i, row)| passes(i).count() * row.flops as f64).sum();
        let saved: f64 = plan.nodes.iter().map(|node| saved(node, passes(node.row))).sum();
        let update = match state_count {
            0 => 2.0,
            1 => 7.0,
            _ => 13.0,
        };
        let parameters = plan.parameters() as f64;
        let trained = plan.specs.iter().filter(|spec| spec.is_trained()).filter_map(ParameterSpec::count);
        let trained = trained.fold(0, u64::saturating_add) as f64;
        let values = 1.0 + state_count as f64;
        let word = size_of::<f32>() as f64;
        Self {
            flops: sample * samples as f64 + update * trained,
            saved: saved * samples as f64,
            bytes: word * (parameters + trained * 2.0 * values),
            size: parameters * word * values,
        }
    }
}

/// The parts of the backward pass that a layer takes part in.
#[derive(Clone, Copy)]
struct Passes {
    /// The gradient of its inputs.
    inputs: bool,
    /// The gradient of its weights.
    weights: bool,
}

impl Passes {
    /// With the forward pass.
    fn count(self) -> f64 {
        1.0 + f64::from(u8::from(self.inputs)) + f64::from(u8::from(self.weights))
    }
}

/// The operations that a convolution saves for one sample by Winograd's algorithm.
fn saved(node: &Node, passes: Passes) -> f64 {
    let Operation::Convolution { window, filters, channels } = &node.operation else { return 0.0 };
    let [forward, input, weights] = products(window, *filters, *channels).map(|products| products as f64);
    let direct = (window.positions() * window.kernel[0] * window.kernel[1]) as f64;
    let inputs = if passes.inputs { direct - input } else { 0.0 };
    let weights = if passes.weights { direct - weights } else { 0.0 };
    2.0 * (filters * channels) as f64 * (direct - forward + inputs + weights)
}

/// The roofline limit of this machine for a training step (Williams, Waterman and Patterson, "Roofline", 2009).
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Roofline {
    /// The peak rate of f32 operations, in 10^9 per second.
    pub gflops: f64,
    /// The peak read bandwidth, in 10^9 bytes per second: of the caches if parameters and optimizer state together
    /// are smaller than 64 MiB, otherwise of memory.
    pub gbps: f64,
    /// The time per sample at these rates, in microseconds: for the operations or for the bytes, whichever is longer.
    pub floor_us_per_sample: f64,
    /// The floor as a fraction of the measured time; 1 is the best possible.
    pub share: f64,
}

impl Roofline {
    /// Measures the machine's peak rates with the threads used for training, and computes the floor of a step with
    /// `cost` and `samples` and its share of the measured `us_per_sample`.
    #[must_use]
    pub fn measure(cost: &Cost, samples: usize, us_per_sample: f64, isa: Isa) -> Self {
        let mut team = Team::new(threads::count());
        let flops = roofline::flops(isa, &mut team);
        let set = if cost.size < CACHED {
            (cost.size as usize / team.threads()).max(SMALLEST_SET)
        } else {
            MEMORY_SET / team.threads()
        };
        Self::new([flops, roofline::bytes(isa, &mut team, set)], cost, samples, us_per_sample)
    }

    fn new([flops, bytes]: [f64; 2], cost: &Cost, samples: usize, us_per_sample: f64) -> Self {
        let floor = ((cost.flops - cost.saved) / flops).max(cost.bytes / bytes) * 1e6 / samples as f64;
        Self {
            gflops: flops / 1e9,
            gbps: bytes / 1e9,
            floor_us_per_sample: floor,
            share: floor / us_per_sample,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Problems;
    use crate::model;

    fn plan(layers: &str, input: &[usize]) -> Plan {
        let config = model::Config { layers: serde_json::from_str(layers).unwrap() };
        let shape = crate::shape::Shape(input.to_vec());
        config.plan(&shape, &mut Problems::new(&mut Vec::new())).unwrap()
    }

    #[test]
    fn the_cost_of_a_small_network_matches_a_count_by_hand() {
        let plan = plan(r#"[{"dense": {"units": 3, "activation": "relu"}}, {"dense": {"units": 2}}]"#, &[5]);
        let forward = [3.0 * (2.0 * 5.0 + 1.0 + 1.0), 2.0 * (2.0 * 3.0 + 1.0)]; // 36, 14
        let parameters = 3.0 * 5.0 + 3.0 + 2.0 * 3.0 + 2.0; // 26
        let sample = 2.0 * forward[0] + 3.0 * forward[1]; // 114
        for (state_count, update, passes) in [(0, 2.0, 3.0), (1, 7.0, 5.0), (2, 13.0, 7.0)] {
            let cost = Cost::of_step(&plan, state_count, 4);
            assert_eq!(cost.flops, 4.0 * sample + update * parameters);
            assert_eq!(cost.bytes, 4.0 * parameters * passes);
            assert_eq!(cost.size, 4.0 * parameters * (1.0 + state_count as f64));
        }
    }

    #[test]
    fn layers_before_the_first_trained_one_have_no_backward_pass() {
        let pooled = plan(
            r#"[{"max_pool2d": {"pool_size": 2}}, {"flatten": {}}, {"dense": {"units": 2, "bias": false}}]"#,
            &[1, 4, 4],
        );
        let [pool, dense] = [0, 2].map(|row| pooled.rows[row].flops as f64);
        assert!(pool > 0.0);
        assert_eq!(Cost::of_step(&pooled, 0, 1).flops, pool + 2.0 * dense + 2.0 * 8.0);
        // Nothing is trained.
        let untrained = plan(r#"[{"flatten": {}}, {"activation": {"function": "relu"}}]"#, &[1, 2, 2]);
        assert_eq!(Cost::of_step(&untrained, 2, 1).flops, untrained.flops() as f64);
    }

    #[test]
    fn frozen_layers_cost_no_weight_gradients_and_no_updates() {
        let layers = r#"[{"dense": {"units": 3}}, {"dense": {"units": 2}}, {"dense": {"units": 4}}]"#;
        let cost = |frozen: &[usize]| {
            let mut plan = plan(layers, &[5]);
            plan.freeze(frozen);
            Cost::of_step(&plan, 1, 1)
        };
        let forward = [3.0 * 11.0, 2.0 * 7.0, 4.0 * 5.0];
        let (all, word) = (18.0 + 8.0 + 12.0, 4.0);
        let first = cost(&[0, 1]);
        assert_eq!(first.flops, forward[0] + 2.0 * forward[1] + 3.0 * forward[2] + 7.0 * 20.0);
        assert_eq!(first.bytes, word * (all + 4.0 * 20.0));
        let middle = cost(&[2, 3]);
        assert_eq!(middle.flops, 2.0 * forward[0] + 2.0 * forward[1] + 3.0 * forward[2] + 7.0 * 30.0);
    }

    #[test]
    fn convolutions_of_3x3_save_products() {
        let layers = |filters: usize| {
            format!(
                r#"[{{"conv2d": {{"filters": 16, "kernel_size": 3}}}}, {{"conv2d": {{"filters": {filters}, "kernel_size": 3}}}}]"#
            )
        };
        // The first layer has one channel, and with 8 filters nothing is saved.
        assert_eq!(Cost::of_step(&plan(&layers(8), &[1, 8, 8]), 0, 4).saved, 0.0);
        // 4x4 outputs of 6x6 pixels: four tiles forward, nine backward, of 16 products in place of 16 times 9 each.
        let saved = 2.0 * 16.0 * 32.0 * (3.0 * 144.0 - (4.0 + 4.0 + 9.0) * 16.0);
        assert_eq!(Cost::of_step(&plan(&layers(32), &[1, 8, 8]), 0, 4).saved, 4.0 * saved);
    }

    #[test]
    fn the_floor_is_the_longer_of_two_times() {
        let cost = Cost { flops: 5e6, saved: 1e6, bytes: 1e6, size: 1.0 };
        let found = Roofline::new([1e9, 1e9], &cost, 2, 4000.0);
        assert_eq!((found.floor_us_per_sample, found.share), (2000.0, 0.5));
        let found = Roofline::new([1e9, 1e8], &cost, 2, 10_000.0);
        assert_eq!((found.floor_us_per_sample, found.share), (5000.0, 0.5));
    }
}
