//! Every package that ends up in a program, or helps to build one, may be passed on.
//!
//! Looks at the default features and at `wgpu`, on this machine's platform: what other platforms
//! would need is not downloaded for this.

use super::Verdict;
use super::spdx::is_satisfied;
use crate::cargo::cargo;
use serde_json::Value;
use std::collections::{BTreeSet, HashMap};
use std::process::Stdio;

/// Permissive licences, and MPL-2.0, whose duties end at its own files.
const ACCEPTED: [&str; 14] = [
    "0BSD",
    "Apache-2.0",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    "CDLA-Permissive-2.0",
    "ISC",
    "MIT",
    "MPL-2.0",
    "Unicode-3.0",
    "Unicode-DFS-2016",
    "Unlicense",
    "Zlib",
];

pub fn check() -> Verdict {
    match metadata() {
        Err(message) => Verdict::Failed(message),
        Ok(metadata) => {
            let (seen, offenders) = offenders(&metadata);
            if seen == 0 {
                return Verdict::Failed("cargo's metadata names no dependency".into());
            }
            if offenders.is_empty() {
                eprintln!("{seen} packages, each with an accepted licence");
                return Verdict::Passed;
            }
            let accepted = ACCEPTED.join(", ");
            Verdict::Failed(format!(
                "{}\naccepted are: {accepted}",
                offenders.join("\n")
            ))
        }
    }
}

/// What cargo knows about the dependencies; a `Cargo.lock` that is out of date is an error.
fn metadata() -> Result<Value, String> {
    let host = host()?;
    let output = cargo()
        .args([
            "metadata",
            "--format-version",
            "1",
            "--locked",
            "--filter-platform",
            &host,
        ])
        .args(["--features", "slovo-train/wgpu"])
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| format!("cannot run cargo: {error}"))?;
    if !output.status.success() {
        return Err("`cargo metadata --locked` failed; is Cargo.lock up to date?".into());
    }
    serde_json::from_slice(&output.stdout)
        .map_err(|error| format!("cannot read cargo's metadata: {error}"))
}

/// The platform that cargo compiles for unless told otherwise.
fn host() -> Result<String, String> {
    let output = cargo()
        .args(["--version", "--verbose"])
        .output()
        .map_err(|error| format!("cannot run cargo: {error}"))?;
    let text = String::from_utf8_lossy(&output.stdout);
    let host = text.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(str::to_owned)
        .ok_or_else(|| "`cargo --version --verbose` names no host".into())
}

/// How many packages are reached, and a line for each whose licence is not accepted.
fn offenders(metadata: &Value) -> (usize, Vec<String>) {
    let reached = reached(metadata);
    let mut lines = Vec::new();
    for package in array(&metadata["packages"]) {
        let id = package["id"].as_str().unwrap_or_default();
        if !reached.contains(id) {
            continue;
        }
        let fault = match package["license"].as_str() {
            None => match package["license_file"].as_str() {
                Some(file) => format!("states no licence but its own text, {file}"),
                None => "states no licence".to_owned(),
            },
            Some(expression) => match is_satisfied(expression, &ACCEPTED) {
                Ok(true) => continue,
                Ok(false) => format!("needs {expression}"),
                Err(error) => format!("states {expression:?}: {error}"),
            },
        };
        let text = |field: &str| package[field].as_str().unwrap_or("?").to_owned();
        lines.push(format!("{} {} {fault}", text("name"), text("version")));
    }
    (reached.len(), lines)
}

/// The packages that the workspace's members need to run or to build, tests left out.
fn reached(metadata: &Value) -> BTreeSet<&str> {
    let nodes: HashMap<&str, &Value> = array(&metadata["resolve"]["nodes"])
        .iter()
        .filter_map(|node| Some((node["id"].as_str()?, node)))
        .collect();
    let mut waiting: Vec<&str> = array(&metadata["workspace_members"])
        .iter()
        .filter_map(Value::as_str)
        .collect();
    let mut reached = BTreeSet::new();
    while let Some(id) = waiting.pop() {
        if !reached.insert(id) {
            continue;
        }
        let Some(node) = nodes.get(id) else { continue };
        for dependency in array(&node["deps"]) {
            let kinds = array(&dependency["dep_kinds"]);
            if kinds.iter().any(|kind| kind["kind"] != "dev") {
                waiting.extend(dependency["pkg"].as_str());
            }
        }
    }
    reached
}

fn array(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn package(id: &str, licence: Option<&str>) -> Value {
        json!({"id": id, "name": id, "version": "1.0.0", "license": licence})
    }

    fn dependency(id: &str, kind: Option<&str>) -> Value {
        json!({"pkg": id, "dep_kinds": [{"kind": kind}]})
    }

    #[test]
    fn offenders_are_named_wherever_they_hide() {
        let metadata = json!({
            "workspace_members": ["ours"],
            "packages": [
                package("ours", Some("MIT OR Apache-2.0")),
                package("normal", Some("GPL-3.0-only")),
                package("build", Some("MIT AND Proprietary")),
                package("deep", None),
                package("test", Some("GPL-3.0-only")),
            ],
            "resolve": {"nodes": [
                {"id": "ours", "deps": [
                    dependency("normal", None),
                    dependency("build", Some("build")),
                    dependency("test", Some("dev")),
                ]},
                {"id": "build", "deps": [dependency("deep", None)]},
            ]}
        });
        let (seen, offenders) = offenders(&metadata);
        assert_eq!(seen, 4);
        assert_eq!(
            offenders,
            [
                "normal 1.0.0 needs GPL-3.0-only",
                "build 1.0.0 needs MIT AND Proprietary",
                "deep 1.0.0 states no licence",
            ]
        );
    }
}
