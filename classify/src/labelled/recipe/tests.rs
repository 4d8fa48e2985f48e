#![allow(clippy::unwrap_used)]

use slovo_data::recipe::{apply_sets, from_ron_str, to_ron_string};

use super::*;

const RECIPE: &str = r#"(
    name: "tests",
    sources: [
        Table(paths: ["a.tsv"], header: false, label: 0, text: 1),
        Table(paths: ["$SLOVO_DATA/*.csv.gz"], delimiter: ';', text: "v2", group: "who"),
        Jsonl(paths: ["-"], group: "author"),
        Folders(path: "reviews/train"),
        Cargo(),
    ],
    labels: ["spam", "ham"],
    multi_label: ",",
    bad_rows: Skip,
)"#;

#[test]
fn a_recipe_written_out_loads_back_equal_and_complete() {
    let recipe: LabelledRecipe = from_ron_str(RECIPE).unwrap();
    recipe.validate().unwrap();
    let written = to_ron_string(&recipe).unwrap();
    assert_eq!(from_ron_str::<LabelledRecipe>(&written).unwrap(), recipe);
    assert!(
        written.contains("quotes: true") && written.contains("per_class:"),
        "{written}"
    );
    let sets = ["sources.0.text=2", "sources.0.label=body"].map(str::to_owned);
    let set = apply_sets(recipe, &sets).unwrap();
    let LabelledSource::Table { text, label, .. } = &set.sources[0] else {
        panic!("{set:?}")
    };
    assert_eq!(
        (text, label),
        (&Column::Number(2), &Column::Name("body".into()))
    );
}

#[test]
fn faults_name_the_field_and_what_would_do() {
    let unknown = RECIPE.replace("header:", "headers:");
    let fault = from_ron_str::<LabelledRecipe>(&unknown)
        .unwrap_err()
        .to_string();
    assert!(
        fault.contains("headers") && fault.contains("`header`"),
        "{fault}"
    );
    let wrong = RECIPE.replace("text: 1", "text: 1.5");
    let fault = from_ron_str::<LabelledRecipe>(&wrong)
        .unwrap_err()
        .to_string();
    assert!(fault.contains("its number from 0"), "{fault}");
    for (set, says) in [
        ("sources=[]", "sources is empty"),
        ("sources.0.paths=[]", "sources.0.paths is empty"),
        (
            "sources.0.text=body",
            "sources.0.text is body: without a header",
        ),
        ("sources.0.text=0", "sources.0.label is Number(0)"),
        ("sources.1.delimiter=é", "sources.1.delimiter is 'é'"),
        ("sources.1.paths=[\"-\"]", "sources is \"-\" 2 times"),
        ("sources.2.text=label", "sources.2.label is label"),
        ("sources.3.path=", "sources.3.path is \"\""),
        ("sources.4.packages=[]", "sources.4.packages is empty"),
        ("sources.4.per_class=0", "sources.4.per_class is 0"),
        ("labels=[\"a\", \"b\", \"a\"]", "labels is a: name each"),
        ("labels=[\"a\"]", "labels is [\"a\"]: name two"),
        ("multi_label=", "multi_label is empty"),
    ] {
        let recipe: LabelledRecipe = from_ron_str(RECIPE).unwrap();
        let recipe = apply_sets(recipe, &[set.to_owned()]).unwrap();
        let fault = recipe.validate().unwrap_err().to_string();
        assert!(fault.starts_with(says), "{set}: {fault}");
    }
}
