//! Syntax trees to IR.
//!
//! In: a [`Source`]. Out: its [`Module`]; always, whatever the text: syntax nobody knows becomes
//! [`Value::Opaque`](crate::ir::Value::Opaque) over its parts, and a notice. It deliberately does not know
//! libraries or other files.
mod frame;
mod javascript;
mod python;

use crate::ir::Module;
use crate::source::{FileId, Source};

/// Lowers one file.
pub fn lower(file: FileId, source: &Source) -> Module {
    if source.language.is_python() {
        python::lower(file, source)
    } else {
        javascript::lower(file, source)
    }
}
