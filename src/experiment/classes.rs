//! Checks that the classes found in the data are suitable for a classifier.

use super::Experiment;
use crate::data;
use crate::error::{Error, Result};
use crate::wording;

/// The maximum number of class names listed in a message.
const MOST_NAMED: usize = 10;
/// If more classes than this have numbers as names, they are probably regression targets.
const MOST_NUMBERED: usize = 20;

impl Experiment {
    /// Rejects data of a single class, and regression targets mistaken for classes.
    ///
    /// # Errors
    /// [`Error::Data`] with the classes found and what to do.
    pub(crate) fn require_classes(&self, classes: &[String]) -> Result<()> {
        let refuse = |message: String| Err(Error::data(self.data.name(), message));
        if let ([only], data::Config::csv(_) | data::Config::npz(_) | data::Config::image_folder(_)) =
            (classes, &self.data)
        {
            let check = match &self.data {
                data::Config::csv(_) => "; check `target`, and that the file holds samples of every class",
                data::Config::npz(_) => "; check `y_train`",
                _ => "; check `path`, which holds a folder for each class",
            };
            return refuse(format!(
                "only one class, `{only}`, was found; a classifier needs two or more{check}"
            ));
        }
        let data::Config::csv(table) = &self.data else { return Ok(()) };
        let numbers = || classes.iter().map(|class| class.parse::<f64>());
        let many = classes.len() > MOST_NUMBERED || numbers().any(|n| n.is_ok_and(|n| n.fract() != 0.0));
        if table.classes.is_none()
            && many
            && self.classes() != Some(classes.len())
            && numbers().all(|n| n.is_ok())
        {
            let target = table.target.names().join("`, `");
            return refuse(format!(
                "the target `{target}` has {} different numbers; to predict numbers, set `task = \"regression\"` in \
                 `[data.csv]`, `units = 1` in the last `dense` layer, and a loss such as `[loss.mse]`; if they are \
                 classes, set `units = {}` in the last `dense` layer",
                classes.len(),
                classes.len()
            ));
        }
        Ok(())
    }
}

/// The names of the classes found, to add to a message about their number.
pub(super) fn found(classes: &[String]) -> String {
    if classes.is_empty() {
        return String::new();
    }
    format!("; the classes are {}", wording::names(classes, MOST_NAMED))
}
