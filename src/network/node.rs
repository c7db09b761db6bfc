//! One operation of a network, and where it takes its inputs from.

use std::ops::Range;

use super::Operation;
use crate::shape::Shape;

/// A value of a network: its input, or what a node gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Id(pub(super) usize);

impl Id {
    /// The network's input.
    pub const INPUT: Self = Self(0);

    /// 0 for the network's input, i + 1 for what node i gives.
    #[must_use]
    pub fn index(self) -> usize {
        self.0
    }
}

/// One operation of a network.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// What is computed.
    pub operation: Operation,
    /// From which values: one, or two for a sum. All of them are the input or belong to earlier nodes.
    pub inputs: Vec<Id>,
    /// With which of the network's parameters.
    pub parameters: Range<usize>,
    /// The shape of the result for one sample.
    pub output: Shape,
    /// The layer that it belongs to, among the rows of the [`Plan`](super::Plan).
    pub row: usize,
}
