//! The internals of the library, for taper's own tests, benches and fuzz targets. They are unstable: any
//! version may change them.
//!
//! Modules have the same names as within the crate. For a module that is partly public, the module here
//! contains all of it.
//!
//! ```
//! use taper::internals::digest::sha256;
//!
//! assert!(sha256(b"abc").starts_with("ba7816bf8f01cfea"));
//! ```
#![expect(missing_docs, reason = "each module is documented where it is defined")]

pub mod callbacks {
    pub use crate::callbacks::members::*;
    pub use crate::callbacks::*;
}

pub mod checkpoint {
    pub use crate::checkpoint::*;
}

pub mod data {
    pub use crate::data::batches::*;
    pub use crate::data::*;

    pub mod fetch {
        pub use crate::data::fetch::*;
    }

    pub mod formats {
        pub use crate::data::formats::*;
    }
}

pub mod digest {
    pub use crate::digest::*;
}

pub mod durable {
    pub use crate::durable::*;
}

pub mod engine {
    pub use crate::engine::*;
}

pub mod files {
    pub use crate::files::*;
}

pub mod gate {
    pub use crate::gate::*;
}

pub mod inference {
    pub use crate::inference::*;
}

pub mod model {
    pub use crate::model::*;
}

pub mod moved {
    pub use crate::moved::*;
}

pub mod optimizer {
    pub use crate::optimizer::adjustment::*;
    pub use crate::optimizer::live::*;
    pub use crate::optimizer::*;
}

pub mod position {
    pub use crate::position::*;
}

pub mod presets {
    pub use crate::presets::*;
}

pub mod run {
    pub use crate::run::build::*;
    pub use crate::run::parts::*;
    pub use crate::run::*;
}

#[cfg(feature = "serve")]
pub mod serve {
    pub use crate::serve::internals::*;
}

pub mod train {
    pub use crate::train::*;
}
