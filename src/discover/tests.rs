//! Discovery on real folders.
use super::*;
use std::fs;
use tempfile::TempDir;

/// A folder with these files, whose top has a `.git`.
fn tree(files: &[(&str, &[u8])]) -> TempDir {
    let top = tempfile::tempdir().unwrap();
    fs::create_dir(top.path().join(".git")).unwrap();
    for (path, bytes) in files {
        let path = top.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
    top
}

fn found(paths: &[PathBuf], config: &Config) -> Project {
    let place = place(paths, None).unwrap();
    project(&place, config, None, &Progress::default())
}

fn names(project: &Project) -> Vec<&str> {
    project
        .sources
        .iter()
        .map(|(_, source)| source.path.as_str())
        .collect()
}

fn config(text: &str) -> Config {
    parse(text, "poolgate.toml", Form::Own, &[])
        .unwrap()
        .unwrap()
}

fn said(project: &Project) -> Vec<String> {
    let line = |notice: &Notice| format!("{} {}", notice.path, notice.message);
    project.notices.iter().map(line).collect()
}

#[test]
fn the_projects_own_code_is_found_and_the_rest_counted() {
    let minified = "a(b);".repeat(2000);
    let top = tree(&[
        ("src/b.ts", b"b()"),
        ("src/a.py", b"a()"),
        ("src/tests/test_a.py", b"t()"),
        ("src/a.test.ts", b"t()"),
        ("src/api_pb2.py", b"x"),
        ("src/gen.ts", b"// @generated\nx()"),
        ("src/lib.min.js", b"x"),
        ("dist/out.js", minified.as_bytes()),
        ("dist/own.js", b"own()"),
        ("node_modules/pg/index.js", b"x"),
        ("vendor/x/y.py", b"x"),
        ("shop/vendor/vendor.service.ts", b"v()"),
        ("env/pyvenv.cfg", b""),
        ("env/lib/x.py", b"x"),
        (".hidden/x.py", b"x"),
        ("ignored/x.py", b"x"),
        (".gitignore", b"ignored/\n"),
        ("README.md", b"x"),
        ("package.json", b"{}"),
        ("src/tsconfig.json", b"{\"a\": 1}"),
    ]);
    let project = found(&[top.path().into()], &Config::default());
    let expected = [
        "dist/own.js",
        "shop/vendor/vendor.service.ts",
        "src/a.py",
        "src/b.ts",
    ];
    assert_eq!(names(&project), expected);
    let counts = project.counts;
    assert_eq!((counts.files, counts.skipped_tests), (4, 2));
    assert_eq!((counts.skipped_generated, counts.skipped_minified), (2, 2));
    assert_eq!(counts.skipped_vendored, 3);
    let manifests: Vec<&str> = project
        .manifests
        .iter()
        .map(|it| it.path.as_str())
        .collect();
    assert_eq!(manifests, ["package.json", "src/tsconfig.json"]);
    assert!(project.notices.is_empty(), "{:?}", project.notices);
}

#[test]
fn what_is_named_outright_is_taken() {
    let top = tree(&[
        (".gitignore", b"/out\n*.gen.py\n"),
        ("out/a.py", b"a()"),
        ("out/sub/b.gen.py", b"b()"),
        ("out/.c/c.py", b"c()"),
        ("out/node_modules/d.js", b"d()"),
        ("tests/project/tests/x.py", b"x()"),
        ("tests/project/y.py", b"y()"),
        ("z.min.js", b"z()"),
        ("notes.txt", b"n"),
        ("package.json", b"{}"),
    ]);
    let at = |path: &str| top.path().join(path);
    let project = found(&[at("out")], &Config::default());
    assert_eq!(names(&project), ["out/a.py", "out/sub/b.gen.py"]);
    let project = found(&[at("tests/project")], &Config::default());
    assert_eq!(names(&project), ["tests/project/y.py"]);
    assert_eq!(project.manifests.len(), 1);
    let project = found(
        &[
            at("z.min.js"),
            at("notes.txt"),
            at("tests/project/tests/x.py"),
        ],
        &Config::default(),
    );
    assert_eq!(names(&project), ["tests/project/tests/x.py", "z.min.js"]);
    assert!(said(&project)[0].starts_with("notes.txt is neither Python"));
    // A path in two of the named ones is one file, and being named outright wins.
    let project = found(
        &[at("."), at("tests/project/tests/x.py")],
        &Config::default(),
    );
    assert_eq!(names(&project), ["tests/project/tests/x.py"]);
    assert_eq!(project.counts.skipped_tests, 1);
}

#[test]
fn the_configuration_rules() {
    let top = tree(&[
        ("svc/legacy/a.py", b"a()"),
        ("svc/b.py", b"b()"),
        ("svc/tests/c.py", b"c()"),
        ("legacy/d.py", b"d()"),
    ]);
    let mut config = config("[check]\nexclude = [\"legacy/\"]\ninclude-tests = true");
    let project = found(&[top.path().into()], &config);
    assert_eq!(names(&project), ["svc/b.py", "svc/tests/c.py"]);
    config.folder = Folder::Below("svc/".into());
    let project = found(&[top.path().into()], &config);
    assert_eq!(
        names(&project),
        ["legacy/d.py", "svc/b.py", "svc/tests/c.py"]
    );
}

#[test]
fn the_configuration_is_found_above() {
    let top = tree(&[
        ("svc/src/a.py", b""),
        ("svc/pyproject.toml", b"[tool.ruff]\n"),
        ("poolgate.toml", b"[check]\nexclude = [\"svc/src/b.py\"]"),
        (
            "other/pyproject.toml",
            b"[tool.poolgate.check]\ninclude-tests = true",
        ),
        ("other/poolgate-like.toml", b"[chek]"),
    ]);
    let at = |path: &str| top.path().join(path);
    let from = |path: &str, given: Option<&Path>| {
        super::config(&place(&[at(path)], None).unwrap(), given, &[])
    };
    let config = from("svc/src", None).unwrap();
    assert!(config.path.ends_with("poolgate.toml") && config.excludes("svc/src/b.py"));
    assert_eq!(config.folder, Folder::Root);
    let config = from("other", None).unwrap();
    assert!(config.check.include_tests);
    assert_eq!(config.folder, Folder::Below("other/".into()));
    let error = from("other", Some(&at("other/poolgate-like.toml")))
        .unwrap_err()
        .to_string();
    assert!(
        error.ends_with("poolgate-like.toml:1: unknown key `chek`; did you mean `check`?"),
        "{error}"
    );
    let error = from("other", Some(&at("svc/pyproject.toml")))
        .unwrap_err()
        .to_string();
    assert!(error.contains("has no [tool.poolgate] table"), "{error}");
    let error = from("other", Some(&at("none.toml")))
        .unwrap_err()
        .to_string();
    assert!(error.contains("none.toml: no such file"), "{error}");
}

#[test]
fn texts_are_decoded() {
    let top = tree(&[
        ("bom.py", b"\xef\xbb\xbfx = 1\r\n"),
        ("utf16.ts", b"\xff\xfef\0(\0)\0"),
        ("latin.py", b"x = '\xe9'"),
        ("video.ts", b"G@\0\0\0"),
    ]);
    let project = found(&[top.path().into()], &Config::default());
    let texts: Vec<(&str, u32)> = project
        .sources
        .iter()
        .map(|(_, it)| (it.text.as_str(), it.bom))
        .collect();
    assert_eq!(texts, [("x = 1\r\n", 3), ("x = 'é'", 0), ("f()", 0)]);
    let said = said(&project);
    assert!(said[0].starts_with("latin.py is not UTF-8"), "{said:?}");
    assert!(said[1].starts_with("video.ts is not text"), "{said:?}");
}

#[test]
fn the_root_is_the_work_tree_else_where_one_stands() {
    let top = tree(&[("a/b/c.py", b"")]);
    let top_path = top.path().canonicalize().unwrap();
    assert_eq!(
        place(&[top.path().join("a/b")], None).unwrap().root,
        top_path
    );
    fs::remove_dir(top.path().join(".git")).unwrap();
    let place_of = |paths: &[&str]| {
        let paths: Vec<PathBuf> = paths.iter().map(|path| top.path().join(path)).collect();
        place(&paths, None).unwrap()
    };
    assert_eq!(place_of(&["a/b/c.py"]).root, top_path.join("a/b"));
    assert_eq!(place_of(&["a/b/c.py", "a"]).root, top_path.join("a"));
    let error = place(&[top.path().join("none")], None).unwrap_err();
    assert!(matches!(error, Error::Missing { .. }));
}

#[test]
fn a_root_that_is_a_package_has_its_name() {
    let top = tempfile::tempdir().unwrap();
    let inner = top.path().join("shop/core");
    fs::create_dir_all(&inner).unwrap();
    for folder in ["shop", "shop/core"] {
        fs::write(top.path().join(folder).join("__init__.py"), "").unwrap();
    }
    let project = found(&[inner], &Config::default());
    assert_eq!(names(&project), ["__init__.py"]);
    assert_eq!(project.sources.below_root("shop/core/db"), Some("db"));
    assert_eq!(project.sources.below_root("core/db"), None);
}

#[test]
fn standard_input_takes_the_place_of_the_file() {
    let top = tree(&[("a.py", b"disk()"), ("b.py", b"b()")]);
    let place = place(&[top.path().into()], None).unwrap();
    let input = Input {
        name: top.path().canonicalize().unwrap().join("a.py"),
        bytes: b"edited()".into(),
    };
    let project = project(
        &place,
        &Config::default(),
        Some(input),
        &Progress::default(),
    );
    assert_eq!(names(&project), ["a.py", "b.py"]);
    assert_eq!(
        project
            .sources
            .get(project.sources.find("a.py").unwrap())
            .text,
        "edited()"
    );
}

#[test]
fn files_that_cannot_be_had_are_named() {
    let top = tree(&[("ok.py", b"")]);
    let big = fs::File::create(top.path().join("big.ts")).unwrap();
    big.set_len(MAX_BYTES + 1).unwrap();
    let project = found(&[top.path().into()], &Config::default());
    assert_eq!(names(&project), ["ok.py"]);
    assert!(said(&project)[0].starts_with("big.ts is larger than 10 MB"));
    let gone = read(&top.path().join("gone.py"), "gone.py").unwrap_err();
    assert!(gone.message.starts_with("vanished while poolgate ran"));
    let denied = unreadable(&io::ErrorKind::PermissionDenied.into());
    assert!(denied.starts_with("may not be read"));
}

#[cfg(unix)]
#[test]
fn links_are_not_followed_but_named() {
    use std::os::unix::fs::symlink;
    let top = tree(&[("src/a.py", b"a()"), ("lib/b.py", b"b()")]);
    let at = |path: &str| top.path().join(path);
    symlink(at("src"), at("src/again")).unwrap();
    symlink(at("nowhere.py"), at("src/broken.py")).unwrap();
    symlink("ring2.py", at("src/ring1.py")).unwrap();
    symlink("ring1.py", at("src/ring2.py")).unwrap();
    symlink(at("lib"), at("src/shared")).unwrap();
    symlink(at("src/a.py"), at("src/same.py")).unwrap();
    let project = found(&[at("src")], &Config::default());
    assert_eq!(names(&project), ["src/a.py"]);
    let said = said(&project);
    let starts = [
        "src/again is a symbolic link to a folder above itself",
        "src/broken.py is a symbolic link to nothing",
        "src/ring1.py is a symbolic link in a loop",
        "src/ring2.py is a symbolic link in a loop",
        "src/shared is a symbolic link to lib, outside",
    ];
    assert_eq!(said.len(), starts.len(), "{said:?}");
    for (said, start) in said.iter().zip(starts) {
        assert!(said.starts_with(start), "{said}");
    }
    let project = found(&[at("src"), at("lib")], &Config::default());
    assert_eq!(names(&project), ["lib/b.py", "src/a.py"]);
    assert_eq!(project.notices.len(), 4);
    // A link named outright is followed, and reported where it leads: code scanning knows no links.
    let project = found(&[at("src/same.py"), at("src/shared")], &Config::default());
    assert_eq!(names(&project), ["lib/b.py", "src/a.py"]);
}

#[cfg(unix)]
#[test]
fn unreadable_files_and_folders_are_named() {
    use std::os::unix::fs::PermissionsExt;
    let top = tree(&[("a.py", b"a()"), ("closed.py", b"x"), ("shut/b.py", b"x")]);
    let close =
        |path: &str| fs::set_permissions(top.path().join(path), fs::Permissions::from_mode(0o0));
    close("closed.py").unwrap();
    close("shut").unwrap();
    let may_read_all = fs::File::open(top.path().join("closed.py")).is_ok();
    let project = found(&[top.path().into()], &Config::default());
    fs::set_permissions(top.path().join("shut"), fs::Permissions::from_mode(0o755)).unwrap();
    // The superuser reads everything.
    if !may_read_all {
        assert_eq!(names(&project), ["a.py"]);
        let said = said(&project);
        assert!(said[0].starts_with("closed.py may not be read"), "{said:?}");
        assert!(said[1].starts_with("shut may not be read"), "{said:?}");
    }
}
