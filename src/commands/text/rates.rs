//! The planned learning rates as a chart.

use taper::experiment::LearningRates;

use crate::number::with_separators;

/// The height of the chart in lines.
const HEIGHT: usize = 6;
/// Parts of a line, from the bottom.
const EIGHTHS: [char; 9] = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// A learning rate with three digits, as in 1e-3.
fn short(rate: f64) -> String {
    let text = format!("{rate:.2e}");
    let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    format!("{}e{exponent}", digits.trim_end_matches('0').trim_end_matches('.'))
}

/// One line for a constant learning rate, otherwise a chart with a column for each point.
pub fn chart(planned: &LearningRates) -> String {
    let LearningRates { schedule, steps_per_epoch, steps, rates } = planned;
    let most = rates.iter().map(|(_, rate)| *rate).fold(0.0, f64::max);
    let length = format!("{} steps, {} an epoch", with_separators(*steps), with_separators(*steps_per_epoch));
    if rates.iter().all(|(_, rate)| *rate == most) {
        return format!("rate    {}, constant, for {length}", short(most));
    }
    let heights: Vec<usize> =
        rates.iter().map(|(_, rate)| (rate / most * (8 * HEIGHT) as f64).round() as usize).collect();
    let labels = [short(most), "0".to_owned()];
    let width = labels[0].len().max(labels[1].len());
    let mut lines = vec![format!("rate    {schedule}, {length}")];
    for line in (0..HEIGHT).rev() {
        let label = if line == HEIGHT - 1 {
            &labels[0]
        } else if line == 0 {
            &labels[1]
        } else {
            ""
        };
        let cells: String =
            heights.iter().map(|height| EIGHTHS[height.saturating_sub(8 * line).min(8)]).collect();
        lines.push(format!("{label:>width$} │{}", cells.trim_end()));
    }
    let last = format!("step {}", with_separators(*steps));
    let axis = rates.len().saturating_sub(last.len());
    lines.push(format!("{:>width$} └{:<axis$}{last}", "", "1"));
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn planned(rates: &[f64]) -> LearningRates {
        let rates: Vec<(u64, f64)> = (0..).zip(rates.iter().copied()).collect();
        LearningRates { schedule: "cosine", steps_per_epoch: 4, steps: rates.len() as u64, rates }
    }

    #[test]
    fn rates_that_change_are_drawn_from_0_to_the_highest() {
        let falling: Vec<f64> = (0..12).rev().map(|i| 3e-4 * f64::from(i) / 11.0).collect();
        let chart = chart(&planned(&falling));
        let lines: Vec<&str> = chart.lines().collect();
        assert_eq!(lines[0], "rate    cosine, 12 steps, 4 an epoch");
        assert!(lines[1].starts_with("3e-4 │█") && lines[1].ends_with('▄'), "{chart}");
        assert!(lines[6].starts_with("   0 │██████████▄"), "{chart}");
        assert_eq!(lines[7], "     └1    step 12");
        assert_eq!(lines.len(), 8);
    }

    #[test]
    fn a_constant_rate_takes_one_line() {
        assert_eq!(chart(&planned(&[1.25e-3; 3])), "rate    1.25e-3, constant, for 3 steps, 4 an epoch");
        assert_eq!(chart(&planned(&[0.5])).lines().count(), 1);
    }
}
