//! `unmanaged-session`: a session or driver connection that some path does not close.
use super::Rule;
use crate::finding::Finding;
use crate::flow::sites::Kind;
use crate::program::Program;

/// The rule.
pub(super) struct UnmanagedSession;

impl Rule for UnmanagedSession {
    fn page(&self) -> &'static str {
        include_str!("../../rules/unmanaged-session.md")
    }

    fn check(&self, program: &Program<'_>, findings: &mut Vec<Finding>) {
        for leak in program
            .leaks
            .iter()
            .filter(|leak| leak.acquisition.kind == Kind::Session)
        {
            findings.push(program.leak_finding(&self.info(), leak, "closed"));
        }
    }
}
