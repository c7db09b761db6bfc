//! What happens around training steps: one file per callback, and one line in `members.rs`.
//!
//! A callback hears of everything in the order in which it happens, may ask for a checkpoint or stop
//! the run, and keeps its own state in checkpoints, so that a resumed run behaves as if it had never
//! stopped. User code adds its own:
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
mod growing;
mod log;
mod lost;
pub(crate) mod members;

pub use callback::Callback;
pub(crate) use checkpoints::is_provisional;
pub use control::Control;
pub(crate) use control::Save;
pub use growing::Growing;
pub(crate) use lost::repair;
pub(crate) use members::{Callbacks, check_files};

// What the methods of a callback get.
pub use crate::checkpoint::Store;
pub use crate::network::Parameters;
pub use crate::position::{Course, Position};
