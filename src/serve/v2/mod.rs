//! The Open Inference Protocol, version 2 (<https://github.com/kserve/open-inference-protocol>), with the binary tensor
//! extension of NVIDIA's Triton Inference Server.
//!
//! What follows Triton and what does not is in `tests/it/serve/v2.jsonl`, case by case, with the reasons.

mod answer;
mod binary;
mod datatype;
mod element;
mod input;
mod metadata;
mod reply;
mod request;
mod route;
mod tensor;

pub use answer::answer;
