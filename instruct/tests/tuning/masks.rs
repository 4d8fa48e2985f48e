//! The loss counts what the assistant says, and the token that ends it: token by token.

use slovo_data::Tokenizer;
use slovo_instruct::examples::Encoding;
use slovo_instruct::recipe::TooLong;
use slovo_instruct::template::{ChatConfig, Template, TemplateRecipe};
use slovo_instruct::{Message, Role};

fn conversation() -> Vec<Message> {
    vec![
        Message::new(Role::System, "Say <|endoftext|> never."),
        Message::new(Role::User, "one"),
        Message::new(Role::Assistant, "\n erst "),
        Message::new(Role::User, "two"),
        Message::new(Role::Assistant, "zweites"),
    ]
}

fn encoding<'a>(
    template: &'a Template,
    tokenizer: &'a Tokenizer,
    max_tokens: usize,
    too_long: TooLong,
) -> Encoding<'a> {
    Encoding {
        template,
        tokenizer,
        max_tokens,
        too_long,
        everything: false,
    }
}

#[test]
fn only_the_assistants_words_count() {
    let tokenizer = Tokenizer::bytes().unwrap();
    let end = tokenizer.end_of_text().unwrap();
    for recipe in [TemplateRecipe::Alpaca, TemplateRecipe::Plain] {
        let template = Template::new(&recipe, &ChatConfig::default(), &tokenizer).unwrap();
        let encoding = encoding(&template, &tokenizer, 1000, TooLong::Stop);
        let (example, cut) = encoding.example(&conversation()).unwrap().unwrap();
        assert!(!cut);
        let said = |said: bool| -> Vec<u32> {
            let both = example.ids.iter().zip(&example.said);
            both.filter(|(_, it)| **it == said)
                .map(|(id, _)| *id)
                .collect()
        };
        let of = |text: &str| tokenizer.encode(text).unwrap();
        let expected = [of("\n erst "), vec![end], of("zweites"), vec![end]].concat();
        assert_eq!(said(true), expected, "{recipe:?}");
        // What the user wrote like a special token is text.
        assert!(!said(false).contains(&end), "{recipe:?}");
        // What the model is asked with is what stands before its answer in training.
        let asked = template
            .prompt_ids(&conversation()[..4], &tokenizer)
            .unwrap();
        assert_eq!(example.ids[..asked.len()], asked, "{recipe:?}");
        assert!(example.said[asked.len()..].iter().take(8).all(|said| *said));
        let everything = Encoding {
            everything: true,
            ..encoding
        };
        let (example, _) = everything.example(&conversation()).unwrap().unwrap();
        assert!(example.said.iter().all(|said| *said));
    }
}

#[test]
fn long_conversations_lose_whole_turns() {
    let tokenizer = Tokenizer::bytes().unwrap();
    let template =
        Template::new(&TemplateRecipe::Plain, &ChatConfig::default(), &tokenizer).unwrap();
    let of = |max, policy| {
        let encoding = encoding(&template, &tokenizer, max, policy);
        encoding.example(&conversation())
    };
    let whole = of(1000, TooLong::Stop).unwrap().unwrap().0;
    let short = whole.ids.len() - 1;
    let (cut, was_cut) = of(short, TooLong::CutTurns).unwrap().unwrap();
    assert!(was_cut && cut.ids.len() < short);
    assert_eq!(cut.ids[..cut.ids.len() - 1], whole.ids[..cut.ids.len() - 1]);
    assert_eq!(cut.targets(), "\n erst ".len() + 1);
    assert!(of(short, TooLong::Drop).unwrap().is_none());
    assert!(of(10, TooLong::CutTurns).unwrap().is_none());
    let error = of(short, TooLong::Stop).unwrap_err().to_string();
    assert!(
        error.contains("max_tokens") && error.contains("CutTurns"),
        "{error}"
    );
}
