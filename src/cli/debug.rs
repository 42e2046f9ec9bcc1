//! What the analysis sees, for those who work on it.
use super::args::Debug;
use super::output;
use crate::config::Config;
use crate::discover::{self, Place};
use crate::error::Error;
use crate::progress::Progress;
use crate::{ir, lower};

pub(super) fn run(what: Debug) -> Result<(), Error> {
    let Debug::Ir { file } = what;
    let place: Place = discover::place(&[file], None)?;
    let project = discover::project(&place, &Config::default(), None, &Progress::default());
    for notice in &project.notices {
        output::say(&format!("{}: {}", notice.path, notice.message));
    }
    for (file, source) in project.sources.iter() {
        output::print(&ir::print::module(&lower::lower(file, source)))?;
    }
    Ok(())
}
