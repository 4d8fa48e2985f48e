//! What a record means.

use crate::conversation::{Conversation, Message, Role};
use serde_json::{Map, Value};

/// A field, and what is wrong with it.
type Fault = (String, String);

/// The conversation of a record. `joined` says how an instruction and its input become one message.
///
/// # Errors
///
/// The field that is missing or wrong, and what would be right.
pub fn conversation(
    record: &Value,
    joined: impl Fn(&str, &str) -> String,
) -> Result<Conversation, Fault> {
    let Value::Object(fields) = record else {
        let found = format!("{} found, but an object is needed", kind(record));
        return Err(("the record".into(), found));
    };
    let mut found = beginning(fields, joined)?;
    if let Some(system) = text(fields, "system")?.filter(|text| !text.is_empty()) {
        found.messages.insert(0, Message::new(Role::System, system));
    }
    match (fields.get("chosen"), fields.get("rejected")) {
        (Some(chosen), Some(rejected)) => {
            let answers = ["chosen", "rejected"];
            let [chosen, rejected] = [chosen, rejected];
            let mut said = Vec::with_capacity(2);
            for (name, value) in answers.into_iter().zip([chosen, rejected]) {
                said.push(answer(name, value, &mut found)?);
            }
            found.rejected = said.pop();
            let chosen = said.pop().unwrap_or_default();
            found.messages.push(Message::new(Role::Assistant, chosen));
        }
        (None, None) => {}
        (Some(_), None) => return Err(missing("rejected", "`chosen` stands there without it")),
        (None, Some(_)) => return Err(missing("chosen", "`rejected` stands there without it")),
    }
    check(&found)?;
    Ok(found)
}

/// All but the last answer of a preference.
fn beginning(
    fields: &Map<String, Value>,
    joined: impl Fn(&str, &str) -> String,
) -> Result<Conversation, Fault> {
    let chooses = fields.contains_key("chosen");
    for (name, from, said) in [
        ("messages", "role", "content"),
        ("conversations", "from", "value"),
        ("conversation", "from", "value"),
    ] {
        if let Some(list) = fields.get(name) {
            return turns(name, list, [from, said]).map(of_messages);
        }
    }
    if let Some(instruction) = text(fields, "instruction")? {
        let input = text(fields, "input")?.unwrap_or_default();
        let mut messages = history(fields)?;
        let question = match input.is_empty() {
            true => instruction,
            false => joined(&instruction, &input),
        };
        messages.push(Message::new(Role::User, question));
        if !chooses {
            let output = text(fields, "output")?.or(text(fields, "response")?);
            let Some(output) = output else {
                return Err(missing("output", "the answer to `instruction`"));
            };
            messages.push(Message::new(Role::Assistant, output));
        }
        return Ok(Conversation {
            messages,
            input,
            rejected: None,
        });
    }
    if let Some(prompt) = fields.get("prompt") {
        let mut messages = match prompt {
            Value::Array(_) => turns("prompt", prompt, ["role", "content"])?,
            _ => {
                let prompt = text(fields, "prompt")?.unwrap_or_default();
                vec![Message::new(Role::User, prompt)]
            }
        };
        if !chooses {
            let completion = text(fields, "completion")?.or(text(fields, "response")?);
            let Some(completion) = completion else {
                return Err(missing("completion", "the answer to `prompt`"));
            };
            messages.push(Message::new(Role::Assistant, completion));
        }
        return Ok(of_messages(messages));
    }
    if chooses {
        // The whole conversation stands in both.
        return Ok(Conversation::default());
    }
    Err((
        "the record".into(),
        "neither `instruction`, `messages`, `conversations` nor `prompt` found; one of them would do"
            .into(),
    ))
}

fn of_messages(messages: Vec<Message>) -> Conversation {
    Conversation {
        messages,
        ..Conversation::default()
    }
}

/// `[[question, answer], …]` before the question of an Alpaca record.
fn history(fields: &Map<String, Value>) -> Result<Vec<Message>, Fault> {
    let Some(Value::Array(turns)) = fields.get("history") else {
        return Ok(Vec::new());
    };
    let mut messages = Vec::with_capacity(2 * turns.len());
    for (number, turn) in turns.iter().enumerate() {
        let two = turn.as_array().map(Vec::as_slice);
        let Some([Value::String(question), Value::String(answer)]) = two else {
            let what = "a question and its answer would do: two texts in a list";
            return Err((format!("history[{number}]"), what.into()));
        };
        messages.push(Message::new(Role::User, question));
        messages.push(Message::new(Role::Assistant, answer));
    }
    Ok(messages)
}

/// A list of messages.
fn turns(name: &str, list: &Value, [from, said]: [&str; 2]) -> Result<Vec<Message>, Fault> {
    let Value::Array(list) = list else {
        let what = format!("{} found, but a list of messages is needed", kind(list));
        return Err((name.into(), what));
    };
    let turn = |(number, turn): (usize, &Value)| {
        let place = |field: &str| format!("{name}[{number}].{field}");
        // Both spellings occur under both names.
        let of = |names: [&str; 2]| {
            let found = names.iter().find_map(|name| turn.get(name));
            found.and_then(Value::as_str)
        };
        let Some(who) = of([from, "role"]).or(of(["from", "role"])) else {
            let what = "a text is needed: who speaks".to_string();
            return Err((place(from), what));
        };
        let Some(role) = Role::of(who) else {
            let known = "`system`, `user` (`human`) and `assistant` (`gpt`) are known";
            return Err((place(from), format!("{who:?} found, but {known}")));
        };
        let Some(content) = of([said, "content"]).or(of(["value", "content"])) else {
            return Err((place(said), "a text is needed: what is said".into()));
        };
        Ok(Message::new(role, content))
    };
    list.iter().enumerate().map(turn).collect()
}

/// One of two answers: a text, a message, or a conversation that ends with it.
fn answer(name: &str, value: &Value, found: &mut Conversation) -> Result<String, Fault> {
    match value {
        Value::String(text) => Ok(text.clone()),
        Value::Object(_) => {
            let message = turns(
                name,
                &Value::Array(vec![value.clone()]),
                ["role", "content"],
            )?;
            Ok(message
                .into_iter()
                .next()
                .map_or_else(String::new, |it| it.content))
        }
        Value::Array(_) => {
            let mut whole = turns(name, value, ["role", "content"])?;
            let last = whole.pop().filter(|last| last.role == Role::Assistant);
            let Some(last) = last else {
                return Err((
                    name.into(),
                    "it must end with the assistant's answer".into(),
                ));
            };
            if found.messages.is_empty() {
                found.messages = whole;
            }
            Ok(last.content)
        }
        other => {
            let what = format!("{} found, but an answer is needed", kind(other));
            Err((name.into(), what))
        }
    }
}

/// What any conversation has to be.
fn check(found: &Conversation) -> Result<(), Fault> {
    let mut before: Option<Role> = None;
    for (number, message) in found.messages.iter().enumerate() {
        let place = || format!("message {}", number + 1);
        if message.role == Role::System && number > 0 {
            return Err((place(), "a system message can only be the first one".into()));
        }
        if before == Some(message.role) {
            let what = format!("two messages of the {} follow one another", message.role);
            return Err((place(), what));
        }
        if message.content.trim().is_empty() && message.role != Role::System {
            return Err((place(), "there is nothing in it".into()));
        }
        before = Some(message.role);
    }
    match found.messages.last() {
        Some(last) if last.role == Role::Assistant => {}
        Some(_) => {
            let what = "the conversation must end with the assistant's answer";
            return Err(("the last message".into(), what.into()));
        }
        None => return Err(("messages".into(), "there are none".into())),
    }
    let answered = found
        .messages
        .iter()
        .any(|message| message.role == Role::User);
    match answered {
        true => Ok(()),
        false => Err(("messages".into(), "the user says nothing".into())),
    }
}

/// The text of a field; `None` where it is absent or null.
fn text(fields: &Map<String, Value>, name: &str) -> Result<Option<String>, Fault> {
    match fields.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(other) => {
            let what = format!("{} found, but a text is needed", kind(other));
            Err((name.into(), what))
        }
    }
}

fn missing(name: &str, what: &str) -> Fault {
    (name.into(), format!("is missing: {what}"))
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(record: Value) -> Result<Conversation, Fault> {
        conversation(&record, |instruction, input| {
            format!("{instruction}|{input}")
        })
    }

    fn said(found: &Conversation) -> Vec<(Role, &str)> {
        let messages = found.messages.iter();
        messages.map(|it| (it.role, it.content.as_str())).collect()
    }

    #[test]
    fn every_form_gives_its_conversation() {
        use Role::{Assistant, System, User};
        let two = [(User, "q"), (Assistant, "a")];
        for record in [
            json!({"instruction": "q", "input": "", "output": "a"}),
            json!({"instruction": "q", "output": "a"}),
            json!({"messages": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}]}),
            json!({"conversations": [{"from": "human", "value": "q"}, {"from": "gpt", "value": "a"}]}),
            json!({"prompt": "q", "completion": "a"}),
        ] {
            assert_eq!(said(&read(record).unwrap()), two);
        }
        let found = read(json!({"instruction": "q", "input": "i", "output": "a", "system": "s"}));
        let found = found.unwrap();
        assert_eq!(
            said(&found),
            [(System, "s"), (User, "q|i"), (Assistant, "a")]
        );
        assert_eq!(found.input, "i");
        let history = json!({"instruction": "q", "output": "a", "history": [["p", "o"]]});
        let turns = [(User, "p"), (Assistant, "o"), (User, "q"), (Assistant, "a")];
        assert_eq!(said(&read(history).unwrap()), turns);
    }

    #[test]
    fn preferences_have_two_answers() {
        let whole = |answer: &str| json!([{"role": "user", "content": "q"}, {"role": "assistant", "content": answer}]);
        for record in [
            json!({"prompt": "q", "chosen": "a", "rejected": "b"}),
            json!({"conversations": [{"from": "human", "value": "q"}],
                "chosen": {"from": "gpt", "value": "a"}, "rejected": {"from": "gpt", "value": "b"}}),
            json!({"chosen": whole("a"), "rejected": whole("b")}),
        ] {
            let found = read(record).unwrap();
            assert_eq!(said(&found), [(Role::User, "q"), (Role::Assistant, "a")]);
            assert_eq!(found.rejected.as_deref(), Some("b"));
        }
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (record, field) in [
            (json!(3), "the record"),
            (json!({"text": "x"}), "the record"),
            (json!({"instruction": "q"}), "output"),
            (json!({"instruction": 3, "output": "a"}), "instruction"),
            (json!({"messages": "x"}), "messages"),
            (json!({"messages": []}), "messages"),
            (
                json!({"messages": [{"role": "user", "content": "q"}]}),
                "the last message",
            ),
            (
                json!({"messages": [{"role": "robot", "content": "q"}]}),
                "messages[0].role",
            ),
            (
                json!({"messages": [{"role": "user"}]}),
                "messages[0].content",
            ),
            (json!({"instruction": "q", "output": " "}), "message 2"),
            (json!({"prompt": "q", "chosen": "a"}), "rejected"),
            (json!({"prompt": "q"}), "completion"),
        ] {
            assert_eq!(read(record.clone()).unwrap_err().0, field, "{record}");
        }
    }
}
