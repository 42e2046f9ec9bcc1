//! The command line as people meet it: flags, exit statuses, messages. Each `tests/cli/*.md` and `*.toml` is a session;
//! `NAME.in/` is the folder it runs in.
#[test]
fn sessions() {
    trycmd::TestCases::new()
        .case("tests/cli/*.md")
        .case("tests/cli/*.toml")
        .env("GITHUB_ACTIONS", "false")
        .env("NO_COLOR", "1")
        .env("COLUMNS", "100");
}
