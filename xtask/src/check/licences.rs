//! Every package that ends up in a program, or helps to build one, may be passed on.
//!
//! Looks at the default features, at `wgpu` and at `hub`, on this machine's platform, tests left out.
//! Asks `cargo tree`, which knows what is really compiled: `cargo metadata` also reports (and fetches)
//! every package that `Cargo.lock` allows for, here nearly twice as many.

use super::Verdict;
use super::spdx::is_satisfied;
use crate::cargo::cargo;
use std::collections::BTreeMap;
use std::process::Stdio;

/// Permissive licences (`bzip2-1.0.6` asks what the BSD ones ask; `CDLA-Permissive-2.0` is for data,
/// here a list of certificate authorities, and asks that its text be passed on), and MPL-2.0, whose
/// duties end at its own files.
const ACCEPTED: [&str; 12] = [
    "0BSD",
    "Apache-2.0",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CDLA-Permissive-2.0",
    "ISC",
    "MIT",
    "MPL-2.0",
    "Unicode-3.0",
    "Zlib",
    "bzip2-1.0.6",
];

pub fn check() -> Verdict {
    let packages = match tree() {
        Ok(tree) => parse(&tree),
        Err(message) => return Verdict::Failed(message),
    };
    if packages.is_empty() {
        return Verdict::Failed("`cargo tree` names no package".into());
    }
    let offenders = offenders(&packages);
    if offenders.is_empty() {
        eprintln!("{} packages, each with an accepted licence", packages.len());
        return Verdict::Passed;
    }
    Verdict::Failed(format!(
        "{}\naccepted are: {}",
        offenders.join("\n"),
        ACCEPTED.join(", ")
    ))
}

/// A line for each package: `name version …|licence|…`; a `Cargo.lock` out of date is an error.
fn tree() -> Result<String, String> {
    let output = cargo()
        .args([
            "tree",
            "--locked",
            "--workspace",
            "--features",
            "slovo-train/wgpu,slovo-train/hub",
        ])
        .args([
            "--edges",
            "normal,build",
            "--prefix",
            "none",
            "--format",
            "{p}|{l}|",
        ])
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| format!("cannot run cargo: {error}"))?;
    if !output.status.success() {
        return Err("`cargo tree --locked` failed; is Cargo.lock up to date?".into());
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Each package, as `name version`, with its licence expression.
fn parse(tree: &str) -> BTreeMap<String, String> {
    let mut packages = BTreeMap::new();
    for line in tree.lines() {
        // Packages of the workspace stand apart from each other with an empty line.
        if let [package, licence, ..] = line.split('|').collect::<Vec<_>>()[..] {
            let name_and_version: Vec<&str> = package.split_whitespace().take(2).collect();
            packages.insert(name_and_version.join(" "), licence.trim().to_owned());
        }
    }
    packages
}

/// A line for each package whose licence is not accepted.
fn offenders(packages: &BTreeMap<String, String>) -> Vec<String> {
    let mut lines = Vec::new();
    for (package, licence) in packages {
        if licence.is_empty() {
            lines.push(format!("{package} states no licence expression"));
            continue;
        }
        match is_satisfied(licence, &ACCEPTED) {
            Ok(true) => {}
            Ok(false) => lines.push(format!("{package} needs {licence}")),
            Err(error) => lines.push(format!("{package} states {licence:?}: {error}")),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_are_read_once_with_their_licence() {
        let packages = parse(
            "ours v0.1.0 (/somewhere)|MIT OR Apache-2.0|\na v1.0.0|MIT|\n\
             b v2.0.0 (proc-macro)|Zlib|\n\na v1.0.0|MIT| (*)\n",
        );
        let found: Vec<_> = packages
            .iter()
            .map(|(p, l)| (p.as_str(), l.as_str()))
            .collect();
        let expected = [
            ("a v1.0.0", "MIT"),
            ("b v2.0.0", "Zlib"),
            ("ours v0.1.0", "MIT OR Apache-2.0"),
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn offenders_are_named_with_what_they_state() {
        let tree = "a v1|GPL-3.0-only|\nb v1||\nc v1|MIT AND GPL-3.0-only|\nd v1|MIT AND|\n\
                    e v1|GPL-3.0-only OR MIT|\n";
        let expected = [
            "a v1 needs GPL-3.0-only",
            "b v1 states no licence expression",
            "c v1 needs MIT AND GPL-3.0-only",
            "d v1 states \"MIT AND\": a licence is missing at the end",
        ];
        assert_eq!(offenders(&parse(tree)), expected);
    }
}
