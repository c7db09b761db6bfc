//! Tests of the library from outside, in one binary, which links once instead of once for each file.
//!
//! What belongs where:
//! - `golden`: layers, losses, optimizers, a whole network and metrics against values that PyTorch and
//!   scikit-learn computed (`tests/golden/make.py`).

#[cfg(test)]
mod golden;
