//! Where bytes go: standard output, files, standard error.
use crate::error::Error;
use std::io::{self, ErrorKind, IsTerminal, Write};
use std::path::Path;

/// Writes to standard output. A reader that has seen enough is no error.
pub(super) fn print(text: &str) -> Result<(), Error> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(cause) if cause.kind() != ErrorKind::BrokenPipe => Err(Error::Output { cause }),
        _ => Ok(()),
    }
}

/// Writes a file.
pub(super) fn write(path: &Path, text: &str) -> Result<(), Error> {
    std::fs::write(path, text).map_err(|cause| Error::Write {
        path: path.to_string_lossy().into_owned(),
        cause,
    })
}

/// One line on standard error.
pub(super) fn say(line: &str) {
    let _ = writeln!(io::stderr().lock(), "{line}");
}

/// The one line that says why the gate could not do its work.
pub(super) fn complain(message: &str) {
    let line: String = message
        .chars()
        .map(|letter| if letter.is_control() { ' ' } else { letter })
        .collect();
    say(&format!("error: {line}"));
}

/// Whether people watch standard error.
pub(super) fn is_watched() -> bool {
    io::stderr().is_terminal()
}

/// Whether standard output is a terminal.
pub(super) fn is_terminal() -> bool {
    io::stdout().is_terminal()
}
