//! `--fold`: which parts of the training samples are held out.

use std::path::Path;
use std::str::FromStr;

use taper::data::split::Fold;

use super::Train;

/// One part, or each in turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FoldChoice {
    One(Fold),
    /// All of so many.
    All(u32),
}

impl FromStr for FoldChoice {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.strip_prefix("all/") {
            // The last part exists if all do.
            Some(parts) => {
                format!("{parts}/{parts}").parse::<Fold>().map(|fold| Self::All(fold.parts() as u32))
            }
            None => text.parse().map(Self::One),
        }
        .map_err(|message| format!("{message}, or all/5"))
    }
}

impl Train {
    /// Holds out this part, in place of the validation samples of the config.
    pub(super) fn hold_out(&mut self, fold: Fold) {
        let others = ["split.validation=null", "split.file=null"].map(str::to_owned);
        let mut assignments = [&others[..], &[format!("split.fold={fold}")]].concat();
        self.config.overrides.add_all("--fold", &mut assignments);
    }

    /// The options for the run of one part, in its folder within `runs`.
    pub fn of_fold(&self, fold: Fold, runs: &Path) -> Self {
        let mut own = Self { run_dir: Some(runs.join(fold.folder())), ..self.clone() };
        own.hold_out(fold);
        own
    }
}
