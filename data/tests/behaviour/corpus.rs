//! A corpus of several sources: read as they come, judged, compared, shared between machines.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::atomic::AtomicBool;

use slovo_data::document::MAX_DOCUMENT_BYTES;
use slovo_data::prepare::{Options, Share, plan, prepare_share, prepare_with};
use slovo_data::recipe::{DataRecipe, from_ron_str};
use slovo_data::{Prepared, Report};

/// Sentences that no rule objects to; `seed` makes them another text.
fn prose(seed: usize, sentences: usize) -> String {
    const WORDS: [&str; 24] = [
        "river", "stone", "morning", "the", "quiet", "of", "window", "and", "letter", "that",
        "garden", "with", "mountain", "to", "winter", "have", "station", "be", "lantern",
        "harbour", "orchard", "winding", "bridge", "evening",
    ];
    let mut state = seed as u64 + 1;
    let mut next = |n: usize| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % n
    };
    let sentence = |_| {
        let words: Vec<&str> = (0..12).map(|_| WORDS[next(WORDS.len())]).collect();
        format!("The {}.", words.join(" "))
    };
    let sentences: Vec<String> = (0..sentences).map(sentence).collect();
    sentences.join(" ")
}

fn warc(pages: &[(&str, String)]) -> Vec<u8> {
    let mut file = Vec::new();
    for (url, body) in pages {
        let html = format!(
            "<html><head><title>Page</title></head><body><nav><a href=\"/\">Home</a></nav><main><h1>Page</h1>\
             <p>{body}</p></main></body></html>"
        );
        let http =
            format!("HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n\r\n{html}");
        let head = format!(
            "WARC/1.0\r\nWARC-Type: response\r\nWARC-Target-URI: {url}\r\nWARC-Date: 2026-01-01T00:00:00Z\r\n\
             Content-Type: application/http; msgtype=response\r\nContent-Length: {}\r\n\r\n",
            http.len()
        );
        file.extend(head.bytes().chain(http.bytes()).chain(*b"\r\n\r\n"));
    }
    file
}

/// A folder of four sources, and a recipe over them in which `#` is the folder.
fn corpus(folder: &Path) -> DataRecipe {
    let json = |text: &str| serde_json::json!({ "text": text }).to_string();
    let pages = [
        ("https://a.example/1", prose(1, 30)),
        ("https://a.example/2", prose(2, 30)),
        // The same as the first, on another host.
        ("https://b.example/1", prose(1, 30)),
        (
            "https://b.example/short",
            "Too short a page to be prose.".to_owned(),
        ),
    ];
    fs::write(folder.join("crawl.warc"), warc(&pages)).unwrap();
    let lines: Vec<String> = (10..30).map(|seed| json(&prose(seed, 20))).collect();
    fs::write(folder.join("lines.jsonl"), lines.join("\n")).unwrap();
    let nearly = prose(10, 20).replacen("The", "A", 1);
    fs::write(
        folder.join("more.jsonl"),
        format!("{}\n{}\n", json(&nearly), json(&prose(40, 20))),
    )
    .unwrap();
    fs::write(
        folder.join("table.csv"),
        format!(
            "id,body,heading\n1,\"{}\",One\n2,\"{}\",Two\n",
            prose(50, 20),
            prose(51, 20)
        ),
    )
    .unwrap();
    let ron = r##"(
        name: "corpus",
        sources: [
            Files(name: Some("crawl"), paths: ["#/crawl.warc"], rules: Some([GopherQuality(())])),
            Files(name: Some("lines"), paths: ["#/lines.jsonl"]),
            Files(name: Some("more"), paths: ["#/more.jsonl"]),
            Files(name: Some("table"), paths: ["#/table.csv"], field: "body", columns: (title: Some("heading"))),
        ],
        duplicates: (exact: true, near: Some(())),
        tokenizer: Byte,
        split: Hash(validation: 0.2),
    )"##;
    from_ron_str(&ron.replace('#', &folder.display().to_string())).unwrap()
}

fn prepared(recipe: &DataRecipe, options: &Options) -> Prepared {
    prepare_with(recipe, options, &mut |_| {}, &AtomicBool::new(false)).unwrap()
}

fn options(folder: &Path, out: &str) -> Options {
    Options {
        out: Some(folder.join(out)),
        ..Options::default()
    }
}

/// What must be the same, however a corpus was made.
fn made(report: &Report) -> impl PartialEq + std::fmt::Debug + use<> {
    (
        report.fingerprint.clone(),
        report.text_fingerprint.clone(),
        report.judged.clone(),
        report.sources.clone(),
        report.duplicate_sizes.clone(),
        (report.evaluations.clone(), report.links.clone()),
    )
}

#[test]
fn sources_are_read_judged_and_compared() {
    let folder = tempfile::tempdir().unwrap();
    let recipe = corpus(folder.path());
    let report = prepared(&recipe, &options(folder.path(), "out")).report;
    let crawl = &report.judged["crawl"];
    assert_eq!(crawl.read.documents, 4);
    let quality = &crawl.steps[0];
    assert_eq!(
        (quality.documents_in, quality.documents_out),
        (4, 3),
        "{quality:?}"
    );
    let place = &quality.samples[0].place;
    assert!(
        place.ends_with("crawl.warc#3, https://b.example/short"),
        "{place}"
    );
    let twice = &crawl.steps[1];
    assert_eq!(twice.dropped, [("the same words".to_owned(), 1)].into());
    let sample = &twice.samples[0];
    assert!(sample.place.ends_with("crawl.warc#2, https://b.example/1"));
    let first = sample.other.as_deref().unwrap();
    assert!(
        first.ends_with("crawl.warc#0, https://a.example/1"),
        "{first}"
    );
    assert_eq!(crawl.kept.documents, 2);
    assert_eq!(crawl.kept.hosts, [("a.example".to_owned(), 2)].into());
    // Across sources: one word of another file's document differs.
    let more = report.judged["more"].steps.last().unwrap();
    assert_eq!(
        more.dropped,
        [("nearly the same words".to_owned(), 1)].into()
    );
    let other = more.samples[0].other.clone().unwrap();
    assert!(other.ends_with("lines.jsonl#0"), "{other}");
    assert_eq!(report.sources["table"].documents, 2);
    let page = fs::read_to_string(folder.path().join("out/report.html")).unwrap();
    assert!(page.contains("nearly the same words"));
    let sources = report.judged.values();
    let english: u64 = sources.filter_map(|it| it.kept.languages.get("en")).sum();
    for (section, row, count) in [
        ("Languages", "en".to_owned(), english),
        ("Hosts", "a.example".to_owned(), 2),
    ] {
        let (_, section) = page.split_once(&format!("<h3>{section}</h3>")).unwrap();
        let row = format!("<th scope=\"row\">{row}</th><td>{count}</td>");
        assert!(section.contains(&row), "{row}");
    }
    // Of each source by itself, the documents of all lengths are all documents.
    for source in report.judged.values() {
        let kept = &source.kept;
        assert_eq!(kept.lengths.iter().sum::<u64>(), kept.documents);
        assert_eq!(kept.languages.values().sum::<u64>(), kept.documents);
    }
    assert!(page.contains("Lengths, in bytes of text</h3>"));
    // What lay beside the result while it was made is gone.
    assert!(!folder.path().join("out.parts").exists());
}

#[test]
fn tokens_that_occur_are_counted_once_each() {
    let folder = tempfile::tempdir().unwrap();
    let prepared = prepared(&corpus(folder.path()), &options(folder.path(), "out"));
    let mut found = BTreeSet::new();
    for shards in [&prepared.train, &prepared.validation] {
        let mut tokens = vec![0; shards.len() as usize];
        shards.read(0, &mut tokens).unwrap();
        found.extend(tokens);
    }
    assert!(found.len() > 20);
    assert_eq!(prepared.report.vocabulary_used, found.len() as u64);
}

#[test]
fn where_documents_come_from_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let prepared = prepared(&corpus(folder.path()), &options(folder.path(), "out"));
    let all = [&prepared.train, &prepared.validation].map(|shards| shards.documents());
    let found: Vec<_> = all.into_iter().flatten().map(Result::unwrap).collect();
    let origin = |source: &str| {
        let of = found
            .iter()
            .find(|it| it.provenance.source == source)
            .unwrap();
        of.provenance.origin.clone()
    };
    let page = origin("crawl");
    assert!(page.url.unwrap().starts_with("https://a.example/"));
    assert_eq!(page.date.as_deref(), Some("2026-01-01T00:00:00Z"));
    assert!(page.offset.is_some());
    assert_eq!(page.language.as_deref(), Some("en"));
    assert!(["One", "Two"].contains(&origin("table").title.unwrap().as_str()));
    // A place in a split leads back to its document.
    let first = &found[0];
    let again = prepared
        .train
        .documents_of(first.start..first.start + 1)
        .unwrap();
    assert_eq!(again.as_slice(), std::slice::from_ref(first));
}

#[test]
fn many_machines_make_what_one_makes() {
    let folder = tempfile::tempdir().unwrap();
    let mut recipe = corpus(folder.path());
    // What is read beside the sources, and has faults of its own.
    let (exam, links) = (
        folder.path().join("exam.jsonl"),
        folder.path().join("links.tsv"),
    );
    let question = serde_json::json!({ "text": prose(15, 20) });
    fs::write(
        &exam,
        format!("{question}\n{{\"text\": \"short\"}}\nno JSON\n"),
    )
    .unwrap();
    fs::write(
        &links,
        "https://a.example/1\t5\nhttps://a.example/2\t1\nno link\n",
    )
    .unwrap();
    let beside = r##"(name: "beside", sources: [Files(name: Some("crawl"), paths: ["#/crawl.warc"], bad_lines: Skip,
            outlinks: Some((paths: ["#/links.tsv"])))],
        contamination: Some((texts: [Files(name: Some("exam"), paths: ["#/exam.jsonl"], bad_lines: Skip)])),
        tokenizer: Byte, split: Position(validation: 0.2))"##;
    let beside = beside.replace('#', &folder.path().display().to_string());
    let beside: DataRecipe = from_ron_str(&beside).unwrap();
    recipe.sources[0] = beside.sources[0].clone();
    recipe.contamination = beside.contamination;
    let one = prepared(&recipe, &options(folder.path(), "one")).report;
    let told = &one.evaluations["exam"];
    let counts = (
        told.read.documents,
        told.read.bad_lines_skipped,
        told.too_short,
        told.found,
    );
    assert_eq!(counts, (2, 1, 1, 1));
    let told = &one.links["crawl"];
    assert_eq!((told.lines, told.below, told.bad, told.kept), (3, 1, 1, 1));
    assert_eq!(told.repeated(), 0);
    let page = fs::read_to_string(folder.path().join("one/report.html")).unwrap();
    for place in ["exam.jsonl:3: ", "links.tsv:3: "] {
        assert!(
            one.to_string().contains(place) && page.contains(place),
            "{one}"
        );
    }
    let mut folders = Vec::new();
    for number in 1..=3 {
        let share = Share { number, of: 3 };
        let out = options(folder.path(), &format!("machine-{number}"));
        let made = prepare_share(&recipe, share, &out, &mut |_| {}, &AtomicBool::new(false));
        folders.push(made.unwrap());
    }
    // Where the shares are joined, the files need not be.
    for name in [
        "crawl.warc",
        "lines.jsonl",
        "more.jsonl",
        "table.csv",
        "exam.jsonl",
        "links.tsv",
    ] {
        fs::remove_file(folder.path().join(name)).unwrap();
    }
    folders.reverse();
    let merged = Options {
        merge: folders.clone(),
        memory: 1 << 22,
        ..options(folder.path(), "merged")
    };
    assert_eq!(made(&prepared(&recipe, &merged).report), made(&one));

    let missing = Options {
        merge: folders[1..].to_vec(),
        ..options(folder.path(), "missing")
    };
    let fault = prepare_with(&recipe, &missing, &mut |_| {}, &AtomicBool::new(false));
    let fault = fault.unwrap_err();
    assert!(
        fault.is_usage() && fault.to_string().contains("part 2 is missing"),
        "{fault}"
    );
}

#[test]
fn where_shares_are_joined_neither_lists_nor_evaluations_need_be() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let mut recipe = corpus(folder.path());
    let judged = r##"(name: "judged", sources: [
            Files(name: Some("crawl"), paths: ["#/crawl.warc"], rules: Some([Urls((blocked_domain_files: ["#/blocked.txt"]))])),
        ],
        contamination: Some((texts: [Files(paths: ["#/exam.txt"])])),
        tokenizer: Byte, split: Position(validation: 0.2))"##;
    let judged = judged.replace('#', &folder.path().display().to_string());
    let judged: DataRecipe = from_ron_str(&judged).unwrap();
    recipe.sources[0] = judged.sources[0].clone();
    recipe.contamination = judged.contamination;
    fs::write(path("blocked.txt"), "b.example\n").unwrap();
    fs::write(path("exam.txt"), prose(15, 20)).unwrap();
    let one = prepared(&recipe, &options(folder.path(), "one")).report;
    let dropped = |source: &str, step: usize| one.judged[source].steps[step].dropped.clone();
    assert_eq!(dropped("crawl", 0), [("domain".to_owned(), 2)].into());
    assert_eq!(dropped("lines", 0).values().sum::<u64>(), 1);

    let (share, out) = (Share::ALL, options(folder.path(), "share"));
    let parts = prepare_share(&recipe, share, &out, &mut |_| {}, &AtomicBool::new(false));
    for name in ["blocked.txt", "exam.txt", "crawl.warc", "lines.jsonl"] {
        fs::remove_file(path(name)).unwrap();
    }
    let merged = Options {
        merge: vec![parts.unwrap()],
        ..options(folder.path(), "merged")
    };
    // It is there afterwards, under the key that was announced.
    let announced = plan(&recipe, &merged).unwrap();
    let report = prepared(&recipe, &merged).report;
    assert_eq!((made(&report), &report.key), (made(&one), &announced.key));
    assert!(!announced.ready && plan(&recipe, &merged).unwrap().ready);
}

#[test]
fn an_interrupted_run_goes_on_where_it_stopped() {
    let folder = tempfile::tempdir().unwrap();
    let recipe = corpus(folder.path());
    let whole = prepared(&recipe, &options(folder.path(), "whole")).report;
    // Two of four parts are made, and then nothing more.
    let share = Share { number: 1, of: 2 };
    let out = options(folder.path(), "out");
    let parts = prepare_share(&recipe, share, &out, &mut |_| {}, &AtomicBool::new(false)).unwrap();
    let part = parts.join("part-00000.jsonl.gz");
    let before = fs::metadata(&part).unwrap().modified().unwrap();
    let kept = Options {
        keep_parts: true,
        ..out.clone()
    };
    assert_eq!(made(&prepared(&recipe, &kept).report), made(&whole));
    assert_eq!(fs::metadata(&part).unwrap().modified().unwrap(), before);
    // A file that has changed since is read anew.
    fs::remove_dir_all(folder.path().join("out")).unwrap();
    fs::write(
        folder.path().join("crawl.warc"),
        warc(&[("https://c.example/", prose(3, 30))]),
    )
    .unwrap();
    let report = prepared(&recipe, &out).report;
    assert_eq!(
        report.judged["crawl"].kept.hosts,
        [("c.example".to_owned(), 1)].into()
    );
}

#[test]
fn kept_documents_are_exported_for_other_programs_and_read_again() {
    let folder = tempfile::tempdir().unwrap();
    let recipe = corpus(folder.path());
    let mut forms = vec![("kept.jsonl.gz", "")];
    if cfg!(feature = "parquet") {
        forms.push(("kept.parquet", ", columns: (url: Some(\"url\"))"));
    }
    for (name, columns) in forms {
        let file = folder.path().join(name);
        let exporting = Options {
            documents: Some(file.clone()),
            ..options(folder.path(), &format!("from {name}"))
        };
        let report = prepared(&recipe, &exporting).report;
        let again: DataRecipe = from_ron_str(&format!(
            "(name: \"again\", sources: [Files(name: Some(\"kept\"), paths: [\"{}\"]{columns})],
              duplicates: (exact: true), tokenizer: Byte, split: Hash(validation: 0.2))",
            file.display()
        ))
        .unwrap();
        let read = prepared(&again, &options(folder.path(), &format!("of {name}"))).report;
        assert_eq!(read.text_fingerprint, report.text_fingerprint, "{name}");
        let documents = |report: &Report| report.train.documents + report.validation.documents;
        assert_eq!(documents(&read), documents(&report), "{name}");
        // What was known of each is known again.
        let hosts = &report.judged["crawl"].kept.hosts;
        assert_eq!(&read.judged["kept"].kept.hosts, hosts, "{name}");
        // Prepared data that is there already was judged before.
        let fault = prepare_with(&recipe, &exporting, &mut |_| {}, &AtomicBool::new(false));
        let fault = fault.unwrap_err();
        assert!(
            fault.is_usage() && fault.to_string().contains("was prepared before"),
            "{fault}"
        );
    }
    let nameless = Options {
        documents: Some(folder.path().join("kept.txt")),
        ..options(folder.path(), "nameless")
    };
    let fault = prepare_with(&recipe, &nameless, &mut |_| {}, &AtomicBool::new(false));
    let fault = fault.unwrap_err();
    assert!(
        fault.is_usage() && fault.to_string().contains(".jsonl.gz"),
        "{fault}"
    );
    let left = fs::read_dir(folder.path()).unwrap();
    let left = left.map(|entry| entry.unwrap().path().display().to_string());
    assert_eq!(left.filter(|path| path.ends_with(".tmp")).count(), 0);
}

#[test]
fn every_source_is_told_of_and_repairs_are_counted() {
    let folder = tempfile::tempdir().unwrap();
    let good = "Un café, un été, une élève et une fenêtre: rien que du français.";
    let bad: String = good.bytes().map(char::from).collect();
    fs::write(folder.path().join("a.txt"), format!("{bad}\n")).unwrap();
    fs::write(
        folder.path().join("b.jsonl"),
        "{\"text\": \"one\", \"url\": \"https://example.org/1\"}\nno JSON\n{\"text\": \"two\"}\n",
    )
    .unwrap();
    let report = |rules: &str| {
        let ron = r##"(
            name: "two",
            sources: [
                Files(name: Some("a"), paths: ["#/a.txt"]),
                Files(name: Some("b"), paths: ["#/b.jsonl"], bad_lines: Skip),
            ],
            rules: [RULES],
            tokenizer: Byte,
            split: Position(validation: 0.4),
        )"##;
        let path = folder.path().display().to_string();
        let recipe: DataRecipe =
            from_ron_str(&ron.replace('#', &path).replace("RULES", rules)).unwrap();
        prepared(&recipe, &options(folder.path(), &format!("out {rules}"))).report
    };
    // Where nothing is judged, sources are told apart as well.
    let plain = report("");
    let b = &plain.judged["b"];
    assert_eq!((b.read.documents, b.read.bad_lines_skipped), (2, 1));
    assert_eq!((b.files, b.kept.documents), (1, 2));
    assert_eq!(b.kept.hosts, [("example.org".to_owned(), 1)].into());
    assert!(b.steps.is_empty());
    assert!(plain.to_string().contains("1 bad lines"), "{plain}");
    let sample = &b.read.samples[0];
    assert!(sample.place.ends_with("b.jsonl:2") && sample.text.contains("not JSON"));
    let page = fs::read_to_string(folder.path().join("out /report.html")).unwrap();
    for told in [&plain.to_string(), &page] {
        assert!(told.contains(&sample.place), "{told}");
    }
    let repaired = report("Characters(())");
    assert_eq!(repaired.judged["a"].steps[0].changed, 1);
    assert_eq!(repaired.judged["b"].steps[0].changed, 0);
    assert_eq!(repaired.judged["a"].kept.bytes, good.len() as u64 + 1);
}

#[test]
fn a_stop_leaves_complete_parts_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let recipe = corpus(folder.path());
    let stopped = prepare_with(
        &recipe,
        &options(folder.path(), "out"),
        &mut |_| {},
        &AtomicBool::new(true),
    );
    assert!(stopped.unwrap_err().is_stopped());
    assert!(!folder.path().join("out").exists());
    prepared(&recipe, &options(folder.path(), "out"));
}

#[test]
fn what_a_model_is_tested_on_is_taken_out() {
    let folder = tempfile::tempdir().unwrap();
    let mut recipe = corpus(folder.path());
    // One sentence of a document is a question of the evaluation.
    let sentence = prose(12, 20)
        .split_inclusive(". ")
        .nth(9)
        .unwrap()
        .to_owned();
    fs::write(folder.path().join("evaluation.txt"), sentence).unwrap();
    // What becomes of it: how many documents are left, are changed, are told of.
    for (action, left, changed, told) in [
        ("Remove", 19, 0, 0),
        ("Cut()", 21, 1, 0),
        ("Report", 20, 0, 1),
    ] {
        let ron = format!(
            "Some((texts: [Files(paths: [\"{}/evaluation.txt\"])], rules: (action: {action})))",
            folder.path().display()
        );
        recipe.contamination = from_ron_str(&ron).unwrap();
        let report = prepared(&recipe, &options(folder.path(), action)).report;
        let step = &report.judged["lines"].steps[0];
        assert_eq!(step.name, "contamination");
        let dropped = step.dropped.values().sum::<u64>();
        assert_eq!(
            (dropped, step.changed, step.told),
            (u64::from(left == 19), changed, told),
            "{action}"
        );
        assert_eq!(
            step.samples.len() as u64,
            dropped + told + changed,
            "{action}"
        );
        // From where it stands on, and whose text it is.
        let sample = &step.samples[0];
        assert!(sample.text.starts_with("The "), "{}", sample.text);
        let other = sample.other.as_deref().unwrap_or_default();
        assert!(other.ends_with("evaluation.txt#0"), "{other}");
        assert_eq!(report.evaluations["0: files"].found, 1, "{action}");
        assert_eq!(step.documents_out, left, "{action}");
        assert_eq!(report.sources["lines"].documents, left, "{action}");
    }
}

#[test]
fn of_a_crawl_only_the_pages_are_kept_that_links_lead_to() {
    let folder = tempfile::tempdir().unwrap();
    let pages = [
        ("https://a.example/shared", prose(1, 30)),
        ("https://a.example/seldom", prose(2, 30)),
        ("https://a.example/never", prose(3, 30)),
        ("https://b.example/shared", prose(4, 30)),
    ];
    fs::write(folder.path().join("crawl.warc"), warc(&pages)).unwrap();
    fs::write(
        folder.path().join("links.tsv"),
        "https://a.example/shared\t17\nhttps://a.example/seldom\t2\nhttps://b.example/shared\t3\n",
    )
    .unwrap();
    let ron = r##"(
        name: "links",
        sources: [Files(
            name: Some("crawl"),
            paths: ["#/crawl.warc"],
            outlinks: Some((paths: ["#/links.tsv"])),
        )],
        tokenizer: Byte,
        split: Position(validation: 0.4),
    )"##;
    let path = folder.path().display().to_string();
    let recipe: DataRecipe = from_ron_str(&ron.replace('#', &path)).unwrap();
    let report = prepared(&recipe, &options(folder.path(), "out")).report;
    let crawl = &report.judged["crawl"];
    assert_eq!(crawl.read.left_out["not in the list of links"], 2);
    let sample = &crawl.read.samples[0];
    assert_eq!(sample.reason, "not in the list of links");
    assert!(
        sample
            .place
            .ends_with("crawl.warc#1, https://a.example/seldom"),
        "{sample:?}"
    );
    let hosts = ["a.example", "b.example"].map(|host| (host.to_owned(), 1));
    assert_eq!(crawl.kept.hosts, hosts.into());
}

#[test]
fn paragraphs_that_stood_before_are_taken_out() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().display().to_string();
    let notice = "This page is the property of its owner, and whoever copies any part of it without asking first \
                  will be asked afterwards, in writing.";
    for name in ["a", "b", "c"] {
        let text = match name {
            "c" => notice.to_owned(),
            name => format!(
                "{}\n\n{notice}\n",
                prose(name.len() + usize::from(name == "b"), 10)
            ),
        };
        fs::write(folder.path().join(format!("{name}.txt")), text).unwrap();
    }
    let ron = format!(
        "(name: \"notices\", sources: [Files(paths: [\"{path}/*.txt\"])], duplicates: (paragraphs: Some(())),
          tokenizer: Byte, split: Position(validation: 0.1))"
    );
    let recipe: DataRecipe = from_ron_str(&ron).unwrap();
    let prepared = prepared(&recipe, &options(folder.path(), "out"));
    let mut text = Vec::new();
    slovo_data::prepare::write_text(&prepared.train, &prepared.tokenizer, &mut text).unwrap();
    prepared.write_validation_text(&mut text).unwrap();
    let text = String::from_utf8(text).unwrap();
    assert_eq!(text.matches("property of its owner").count(), 1);
    let judged = &prepared.report.judged["0: files"];
    assert_eq!(judged.kept.documents, 2);
    assert_eq!(
        judged.steps[0].dropped,
        [("all paragraphs stand elsewhere".to_owned(), 1)].into()
    );
    assert_eq!(judged.steps[0].samples[0].text, notice);
    assert_eq!(judged.steps[0].changed, 1);
}

/// A file longer than a document is held at once is read in pieces, and is one document in every count.
#[test]
fn a_text_in_pieces_counts_as_one_document() {
    let folder = tempfile::tempdir().unwrap();
    let lines = |seed: usize| {
        let line = prose(seed, 8) + "\n";
        line.repeat((MAX_DOCUMENT_BYTES + MAX_DOCUMENT_BYTES / 2) / line.len())
    };
    // Something to change in the first piece and in the last.
    let long = format!("Write to one@a.example.\n{}or two@a.example\n", lines(7));
    assert!(long.len() > MAX_DOCUMENT_BYTES);
    for name in ["a.txt", "b.txt"] {
        fs::write(folder.path().join(name), &long).unwrap();
    }
    fs::write(folder.path().join("c.txt"), prose(3, 20)).unwrap();
    let recipe: DataRecipe = from_ron_str(&format!(
        "(name: \"long\", sources: [Files(paths: [\"{0}/*.txt\"])], rules: [Personal(()), GopherQuality(())],
          duplicates: (exact: true, near: Some(())), tokenizer: Byte, split: Position(validation: 0.1))",
        folder.path().display()
    ))
    .unwrap();
    let prepared = prepared(&recipe, &options(folder.path(), "out"));
    let source = prepared.report.judged.values().next().unwrap();
    let bytes = fs::metadata(folder.path().join("c.txt")).unwrap().len() + 2 * long.len() as u64;
    assert_eq!((source.read.documents, source.read.bytes), (3, bytes));
    let clean = &source.clean;
    assert_eq!((clean.documents_in, clean.documents_kept), (3, 3));
    assert_eq!(clean.bytes_in, bytes);
    for (step, changed) in source.steps.iter().zip([2, 0, 0]) {
        let name = &step.name;
        assert_eq!((step.documents_in, step.documents_out), (3, 3), "{name}");
        assert_eq!((step.changed, step.dropped.len()), (changed, 0), "{name}");
    }
    assert_eq!(source.steps.len(), 3);
    assert_eq!(source.kept.documents, 3);
    assert_eq!(source.kept.bytes, source.steps[2].bytes_out);
    // As long as it is, and once, though a piece of it was held out.
    assert_eq!(source.kept.lengths[long.len().ilog2() as usize], 2);
    let shares = prepared.report.sources.values();
    assert_eq!(shares.map(|share| share.documents).sum::<u64>(), 3);
}
