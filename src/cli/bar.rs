//! The line on standard error that shows how far the work is.
use super::output;
use crate::progress::Progress;
use std::io::{self, Write};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

/// Short work needs no bar.
const PATIENCE: Duration = Duration::from_secs(1);
const BEAT: Duration = Duration::from_millis(100);

/// Does the work and, when a terminal watches and it takes long, shows how far it is.
pub(super) fn during<T: Send>(progress: &Progress, is_shown: bool, work: impl FnOnce() -> T) -> T {
    if !is_shown || !output::is_watched() {
        return work();
    }
    std::thread::scope(|scope| {
        let (done, is_done) = mpsc::channel::<()>();
        scope.spawn(move || {
            let mut wait = PATIENCE;
            while is_done.recv_timeout(wait) == Err(RecvTimeoutError::Timeout) {
                wait = BEAT;
                draw(&format!("\r\x1b[2K{}", progress.line()));
            }
            if wait == BEAT {
                draw("\r\x1b[2K");
            }
        });
        let result = work();
        drop(done);
        result
    })
}

fn draw(text: &str) {
    let mut out = io::stderr().lock();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}
