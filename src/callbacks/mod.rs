//! Callbacks, one file each, registered by one line in `members.rs`.
//!
//! A callback is notified of everything in order, can request a checkpoint or stop the run, and saves its
//! state in checkpoints, so that a resumed run behaves like an uninterrupted one. User code adds its own:
//!
//! ```
//! use taper::callbacks::{Callback, Control, Position};
//! use taper::events::Epoch;
//!
//! /// Stops once the training loss is small enough.
//! struct Enough(f64);
//!
//! impl Callback for Enough {
//!     fn name(&self) -> &'static str {
//!         "enough"
//!     }
//!
//!     fn after_epoch(&mut self, epoch: &Epoch, _: &Position, control: &mut Control) -> taper::Result<()> {
//!         if epoch.metrics.get("train.loss").is_some_and(|loss| loss < self.0) {
//!             control.stop("the loss is small enough");
//!         }
//!         Ok(())
//!     }
//! }
//! ```

mod best;
mod callback;
mod checkpoints;
mod control;
pub mod early_stopping;
mod growing;
mod improvement;
mod log;
mod lost;
pub(crate) mod members;
pub mod reduce_on_plateau;

pub use callback::Callback;
pub(crate) use checkpoints::is_provisional;
pub use control::Control;
pub(crate) use control::Save;
pub use growing::Growing;
pub(crate) use lost::repair;
pub(crate) use members::{Callbacks, Options, check_files};

// Types used in the signatures of callbacks.
pub use crate::checkpoint::Store;
pub use crate::network::Parameters;
pub use crate::position::{Course, Position};
