//! Environment variables that stand in for flags. An empty variable counts as unset.

use std::str::FromStr as _;

use clap::CommandFactory as _;
use clap::error::ErrorKind;
use taper::device;

use super::{Cli, Command, Data, DataFolders, Machine};

impl Cli {
    /// Applies `TAPER_THREADS`, `TAPER_DEVICE` and `TAPER_OFFLINE` where their flags are missing.
    ///
    /// # Errors
    /// If a variable has an invalid value; names the variable.
    pub(super) fn with_environment(mut self) -> Result<Self, clap::Error> {
        let refuse = |name: &str, value: &str, expected: &str| {
            let message = format!("the environment variable {name} is {value:?}; {expected}");
            Self::command().error(ErrorKind::ValueValidation, message)
        };
        if let Some(machine) = self.machine() {
            if let (None, Some(value)) = (machine.threads, value("TAPER_THREADS")) {
                let threads = value.parse().ok().filter(|threads| (1..=1024).contains(threads));
                let expected = "expected an integer from 1 to 1024";
                machine.threads = Some(threads.ok_or_else(|| refuse("TAPER_THREADS", &value, expected))?);
            }
            if let (None, Some(value)) = (machine.device, value("TAPER_DEVICE")) {
                let device = device::Choice::from_str(&value);
                machine.device = Some(device.map_err(|expected| refuse("TAPER_DEVICE", &value, &expected))?);
            }
        }
        if let (Some(folders), Some(value)) = (self.folders(), value("TAPER_OFFLINE")) {
            let no = ["0", "false", "no", "off", "n", "f"].contains(&value.to_ascii_lowercase().as_str());
            folders.offline |= !no;
        }
        Ok(self)
    }

    fn machine(&mut self) -> Option<&mut Machine> {
        match &mut self.command {
            Command::Train(options) => Some(&mut options.machine),
            Command::Eval(options) => Some(&mut options.machine),
            Command::Predict(options) => Some(&mut options.machine),
            Command::Bench(options) => Some(&mut options.machine),
            Command::Check(_) | Command::Data(_) | Command::Config(_) => None,
            #[cfg(feature = "serve")]
            Command::Serve(_) => None,
            #[cfg(feature = "pages")]
            Command::Pages(_) => None,
        }
    }

    fn folders(&mut self) -> Option<&mut DataFolders> {
        match &mut self.command {
            Command::Check(options) => Some(&mut options.data),
            Command::Data(Data::List(folders) | Data::Verify(folders) | Data::Fetch { folders, .. }) => {
                Some(folders)
            }
            Command::Config(_) => None,
            #[cfg(feature = "serve")]
            Command::Serve(_) => None,
            #[cfg(feature = "pages")]
            Command::Pages(_) => None,
            Command::Train(options) => Some(&mut options.machine.data),
            Command::Eval(options) => Some(&mut options.machine.data),
            Command::Predict(options) => Some(&mut options.machine.data),
            Command::Bench(options) => Some(&mut options.machine.data),
        }
    }
}

/// The value of a variable that is set and not empty.
fn value(name: &str) -> Option<String> {
    let value = std::env::var_os(name)?.to_string_lossy().trim().to_owned();
    (!value.is_empty()).then_some(value)
}
