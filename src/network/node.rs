//! One operation of a network, with its inputs.

use std::ops::Range;

use super::Operation;
use crate::shape::Shape;

/// A value of a network: its input, or the output of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Id(pub(super) usize);

impl Id {
    /// The network's input.
    pub const INPUT: Self = Self(0);

    /// 0 for the network's input, i + 1 for the output of node i.
    #[must_use]
    pub fn index(self) -> usize {
        self.0
    }
}

/// One operation of a network.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// The operation.
    pub operation: Operation,
    /// Its inputs: one value, or two for a sum; each is the network's input or belongs to an earlier node.
    pub inputs: Vec<Id>,
    /// Its parameters among those of the network.
    pub parameters: Range<usize>,
    /// The shape of the output for one sample.
    pub output: Shape,
    /// The row of its layer in the [`Plan`](super::Plan).
    pub row: usize,
}
