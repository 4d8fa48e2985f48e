//! The recipes beside this crate, and the corpus of the default one on this machine.

#![allow(clippy::unwrap_used)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use slovo_data::cargo_corpus::{HELD_OUT_PACKAGES, TRAINING_PACKAGES};
use slovo_data::recipe::{DataRecipe, Source, Split, from_ron_str, to_ron_string};
use slovo_data::source::Inputs;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("recipes")
}

fn cargo_recipe() -> DataRecipe {
    DataRecipe::load(&folder().join("cargo.ron"), &[]).unwrap()
}

/// `name@version` without its version.
fn name(spec: &str) -> &str {
    spec.split('@').next().unwrap_or(spec)
}

#[test]
fn every_recipe_loads_and_loads_back_equal() {
    let mut seen = 0;
    for entry in std::fs::read_dir(folder()).unwrap() {
        let path = entry.unwrap().path();
        let recipe = DataRecipe::load(&path, &[]).unwrap();
        assert_eq!(path.file_stem().unwrap(), recipe.name.as_str());
        let written = to_ron_string(&recipe).unwrap();
        assert_eq!(from_ron_str::<DataRecipe>(&written).unwrap(), recipe);
        seen += 1;
    }
    assert!(seen >= 2);
}

#[test]
fn the_default_recipe_holds_out_what_the_list_holds_out() {
    let recipe = cargo_recipe();
    let held_out = HELD_OUT_PACKAGES.map(name);
    assert_eq!(
        recipe.split,
        Split::Groups(held_out.map(str::to_owned).to_vec())
    );
    let Source::Cargo { packages, .. } = &recipe.sources[0] else {
        panic!("{recipe:?}")
    };
    assert_eq!(
        packages.len(),
        TRAINING_PACKAGES.len() + HELD_OUT_PACKAGES.len()
    );
    assert!(
        TRAINING_PACKAGES
            .iter()
            .all(|spec| !held_out.contains(&name(spec)))
    );
    assert!(to_ron_string(&recipe).unwrap().contains("regex-automata"));
}

/// Also proves that the machine that compiled this test has every package.
#[test]
fn the_default_corpus_is_real_text_of_the_stated_size() {
    let recipe = cargo_recipe();
    let inputs = Inputs::resolve(&recipe.sources).unwrap();
    let summary = &inputs.cargo()[0];
    assert_eq!(
        summary.packages.len(),
        TRAINING_PACKAGES.len() + HELD_OUT_PACKAGES.len()
    );
    assert!(
        (12_000_000..25_000_000).contains(&summary.bytes),
        "{summary}"
    );
    assert!(
        summary
            .packages
            .iter()
            .all(|package| package.licence.is_some())
    );
    assert!(
        summary
            .packages
            .iter()
            .all(|package| package.bytes <= 500_000)
    );

    let mut bytes: BTreeMap<String, u64> = BTreeMap::new();
    let mut texts = BTreeSet::new();
    let mut documents = inputs.documents(&recipe.clean);
    for document in documents.by_ref() {
        let document = document.unwrap();
        let package = document.package.unwrap();
        assert!(
            package.starts_with(&format!("{} ", document.group)),
            "{package}"
        );
        assert!(
            document.path.starts_with(&package.replace(' ', "-")),
            "{}",
            document.path
        );
        *bytes.entry(document.group).or_default() += document.text.len() as u64;
        assert!(texts.insert(document.text), "{} is a copy", document.path);
    }
    assert_eq!(documents.counts().bytes, summary.bytes);
    assert_eq!(documents.counts().documents, summary.files);
    let held_out: u64 = HELD_OUT_PACKAGES.iter().map(|spec| bytes[name(spec)]).sum();
    assert!((500_000..1_200_000).contains(&held_out), "{held_out}");

    let again = Inputs::resolve(&recipe.sources).unwrap();
    assert_eq!(again.cargo(), inputs.cargo());
    assert_eq!(again.files(), inputs.files());
}

/// A package that only `pretrain` compiles would be missing where only `prepare` was built.
#[test]
fn the_default_packages_are_what_building_prepare_brings() {
    let recipe = cargo_recipe();
    let corpus = Inputs::resolve(&recipe.sources).unwrap().cargo()[0].clone();
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    for target in [
        "x86_64-unknown-linux-gnu",
        "aarch64-apple-darwin",
        "x86_64-pc-windows-msvc",
    ] {
        let out = Command::new(&cargo)
            .args(["tree", "--locked", "--offline", "--prefix", "none"])
            .args(["--package", "slovo-data", "--edges", "normal,build"])
            .args(["--target", target])
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .output()
            .unwrap();
        if !out.status.success() {
            let said = String::from_utf8_lossy(&out.stderr);
            eprintln!("skipped for {target}: cargo tree does not know its packages: {said}");
            // The packages of the target that this test runs on are there: it was just compiled.
            assert!(!target.contains(std::env::consts::OS), "{said}");
            continue;
        }
        let tree = String::from_utf8(out.stdout).unwrap();
        let compiled: BTreeSet<&str> = tree
            .lines()
            .map(|line| line.trim_end_matches(" (*)"))
            .collect();
        let compiled: BTreeSet<&str> = compiled
            .iter()
            .map(|line| line.trim_end_matches(" (proc-macro)"))
            .collect();
        for package in &corpus.packages {
            let line = format!("{} v{}", package.name, package.version);
            assert!(
                compiled.contains(line.as_str()),
                "{line} is not compiled for {target}"
            );
        }
    }
}
