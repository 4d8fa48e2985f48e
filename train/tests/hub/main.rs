//! `import hf:…` against a hub in this process: what is downloaded, kept, taken up and refused.
//!
//! `cargo xtask check features` runs it: nothing else builds the client of the hub.

#![allow(clippy::unwrap_used)]

mod refusals;
mod server;
mod stand;

use safetensors::SafeTensors;
use stand::{Stand, done, errors, files, refused};
use std::collections::HashMap;
use std::fs;
#[cfg(unix)]
use std::process::Command;

#[test]
fn a_model_is_downloaded_once_and_found_without_a_network() {
    let stand = Stand::new();
    let output = stand.import("hf:tiny/model", "first", &[]);
    let said = done(&output);
    let commit = stand.hub.put("tiny/model", "main", files(1));
    assert!(
        said.contains(&format!("hf:tiny/model, commit {commit}")),
        "{said}"
    );
    assert!(
        errors(&output).contains("downloading model.safetensors"),
        "{}",
        errors(&output)
    );
    assert_eq!(stand.weights("first"), files(1)["model.safetensors"]);
    let origin = fs::read_to_string(stand.path("first/slovo.ron")).unwrap();
    assert!(
        origin.contains(&commit) && origin.contains("hf:tiny/model"),
        "{origin}"
    );
    let log = stand.hub.log().join("\n");
    assert!(!log.contains("README") && !log.contains("pytorch"), "{log}");

    // The second time the hub is only asked for the commit.
    done(&stand.import("hf:tiny/model", "second", &[]));
    assert_eq!(stand.hub.log(), ["/api/models/tiny/model/revision/main"]);
    done(&stand.import("hf:tiny/model", "third", &["--offline"]));
    let mut command = stand.command("hf:tiny/model", "fourth", &[]);
    done(&command.env("HF_HUB_OFFLINE", "1").output().unwrap());
    assert!(stand.hub.log().is_empty());
    for out in ["second", "third", "fourth"] {
        assert_eq!(stand.weights(out), stand.weights("first"));
    }
    // Every program for the hub finds it there.
    let snapshot = stand
        .path("cache/hub/models--tiny--model/snapshots")
        .join(&commit);
    assert!(snapshot.join("model.safetensors").is_file());
    let branch = stand.path("cache/hub/models--tiny--model/refs/main");
    assert_eq!(fs::read_to_string(branch).unwrap(), commit);
}

#[test]
fn a_revision_is_a_branch_a_tag_or_a_commit() {
    let stand = Stand::new();
    let other = stand.hub.put("tiny/model", "refs/pr/1", files(2));
    done(&stand.import("hf:tiny/model", "main", &[]));
    done(&stand.import("hf:tiny/model@refs/pr/1", "branch", &[]));
    assert_eq!(stand.weights("branch"), files(2)["model.safetensors"]);
    assert_ne!(stand.weights("branch"), stand.weights("main"));
    stand.hub.log();
    let name = format!("hf:tiny/model@{other}");
    done(&stand.import(&name, "commit", &["--offline"]));
    assert_eq!(stand.weights("commit"), stand.weights("branch"));
    let output = stand.import("hf:tiny/model@v9", "none", &[]);
    refused(&output, 2, &["hf:tiny/model@v9", "no revision \"v9\""]);
    let output = stand.import("hf:tiny/model@v9", "none", &["--offline"]);
    refused(
        &output,
        2,
        &["revision \"v9\" is not in the cache", "--offline"],
    );
    assert!(!stand.path("none").exists());
}

#[test]
fn shards_are_found_in_their_index() {
    let stand = Stand::new();
    let mut all = files(1);
    let whole = all.remove("model.safetensors").unwrap();
    let shard = "model-00001-of-00001.safetensors";
    let held = SafeTensors::deserialize(&whole).unwrap();
    let map: HashMap<_, _> = held.names().into_iter().map(|name| (name, shard)).collect();
    let index = serde_json::json!({"metadata": {}, "weight_map": map});
    all.insert(
        "model.safetensors.index.json".into(),
        index.to_string().into(),
    );
    stand.hub.put("tiny/lost", "main", all.clone());
    let output = stand.import("hf:tiny/lost", "out", &[]);
    refused(
        &output,
        2,
        &["names model-00001-of-00001.safetensors, which is not there"],
    );
    all.insert(shard.into(), whole.clone());
    stand.hub.put("tiny/shards", "main", all);
    done(&stand.import("hf:tiny/shards", "out", &[]));
    assert_eq!(stand.weights("out"), whole);
}

/// Where a request for a part of a large file began.
fn starts(log: &[String]) -> Vec<usize> {
    let parts = log.iter().filter(|line| line.starts_with("/cdn/"));
    let parts = parts.filter_map(|line| line.split_once(' ')?.1.split_once('-'));
    let parts = parts.filter(|(_, end)| end.is_empty());
    parts.map(|(start, _)| start.parse().unwrap()).collect()
}

#[test]
fn a_download_that_breaks_off_goes_on_where_it_ended() {
    let stand = Stand::new();
    // By itself, while the command runs.
    stand.hub.change(|state| state.cut = Some((5000, 1)));
    done(&stand.import("hf:tiny/model", "first", &[]));
    assert_eq!(starts(&stand.hub.log()), [0, 5000]);
    assert_eq!(stand.weights("first"), files(1)["model.safetensors"]);

    // In the next command, after this one gave up.
    let stand = Stand::new();
    stand.hub.change(|state| state.cut = Some((6000, 99)));
    let output = stand.import("hf:tiny/model", "out", &[]);
    refused(
        &output,
        1,
        &["model.safetensors of hf:tiny/model", "broke off", "goes on"],
    );
    assert!(!stand.path("out").exists());
    assert_eq!(fs::metadata(&stand.cached(".part")[0]).unwrap().len(), 6000);
    // Nothing that is not whole is found.
    let output = stand.import("hf:tiny/model", "out", &["--offline"]);
    refused(&output, 2, &["is not in the cache"]);
    stand.hub.change(|state| state.cut = None);
    stand.hub.log();
    done(&stand.import("hf:tiny/model", "out", &[]));
    assert_eq!(starts(&stand.hub.log()), [6000]);
    assert_eq!(stand.weights("out"), files(1)["model.safetensors"]);
    assert!(stand.cached(".part").is_empty());
}

#[test]
fn what_was_left_over_is_no_obstacle() {
    let whole = &files(1)["model.safetensors"];
    // Whole without its name; longer than the whole.
    for left in [whole.clone(), vec![7; whole.len() + 9]] {
        let stand = Stand::new();
        stand.hub.change(|state| state.cut = Some((6000, 99)));
        stand.import("hf:tiny/model", "out", &[]);
        fs::write(&stand.cached(".part")[0], left).unwrap();
        stand.hub.change(|state| state.cut = None);
        done(&stand.import("hf:tiny/model", "out", &[]));
        assert_eq!(&stand.weights("out"), whole);
    }
    // A server that begins again when it is asked to go on.
    let stand = Stand::new();
    stand
        .hub
        .change(|state| (state.cut, state.deaf) = (Some((6000, 1)), true));
    done(&stand.import("hf:tiny/model", "out", &[]));
    assert_eq!(&stand.weights("out"), whole);
}

#[test]
fn a_damaged_file_is_not_kept() {
    let stand = Stand::new();
    let length = files(1)["model.safetensors"].len();
    stand.hub.change(|state| state.longer = 10);
    let output = stand.import("hf:tiny/model", "out", &[]);
    let what = format!("{length} bytes instead of {}", length + 10);
    refused(&output, 1, &["arrived damaged", &what]);
    stand
        .hub
        .change(|state| (state.longer, state.misnamed) = (0, true));
    let output = stand.import("hf:tiny/model", "out", &[]);
    refused(&output, 1, &["arrived damaged", "SHA-256"]);
    assert!(!stand.path("out").exists());
    stand.hub.change(|state| state.misnamed = false);
    done(&stand.import("hf:tiny/model", "out", &[]));
}

#[cfg(unix)]
#[test]
fn a_stop_keeps_what_has_arrived() {
    let stand = Stand::new();
    stand.hub.change(|state| state.slow = true);
    let mut command = stand.command("hf:tiny/model", "out", &[]);
    let child = command
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let arrived = || {
        let part = stand.cached(".part").into_iter().next();
        part.is_some_and(|part| fs::metadata(part).is_ok_and(|part| part.len() == 1000))
    };
    while !arrived() {
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    let id = child.id().to_string();
    let killed = Command::new("kill").args(["-INT", &id]).status().unwrap();
    assert!(killed.success());
    let output = child.wait_with_output().unwrap();
    refused(&output, 3, &["stopped on request", "goes on"]);
    stand.hub.change(|state| state.slow = false);
    stand.hub.log();
    done(&stand.import("hf:tiny/model", "out", &[]));
    assert_eq!(starts(&stand.hub.log()), [1000]);
}
