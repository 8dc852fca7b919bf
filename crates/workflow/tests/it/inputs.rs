//! Values of inputs.

use expr::{Object, Value};
use workflow::{Input, InputSource, coerce_inputs};

use super::support::good;
use super::templates::Nothing;

const DISPATCH: &str = "
  workflow_dispatch:
    inputs:
      text: {default: t}
      flag: {type: boolean, default: true}
      count: {type: number}
      pick: {type: choice, options: [one, two], default: two}
      must: {required: true, default: m}
      bare:
";
const CALL: &str = "
  workflow_call:
    inputs:
      text: {type: string, default: '${{ fromJSON(2) }}'}
      flag: {type: boolean}
      count: {type: number, default: 3}
      must: {type: string, required: true, default: m}
";

fn declared(on: &str) -> Vec<Input> {
    let workflow = good(&format!("on:{on}\njobs:\n  a:\n    runs-on: x\n"));
    let event = workflow.on.events.into_iter().next().unwrap();
    event.call.map_or(event.inputs, |call| call.inputs)
}

fn coerced(on: &str, given: &[(&str, Value)], source: InputSource) -> String {
    let given: Object = given.iter().cloned().collect();
    match coerce_inputs(&declared(on), &given, source, &Nothing) {
        Ok(Value::Object(values)) => {
            let pairs: Vec<String> = values
                .iter()
                .map(|(key, value)| format!("{key}={}:{}", value.kind(), value.to_display_string()))
                .collect();
            pairs.join(" ")
        }
        Ok(_) => panic!("inputs are an object"),
        Err(errors) => errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"),
    }
}

#[test]
fn dispatch() {
    let dispatch = |given: &[(&str, Value)]| coerced(DISPATCH, given, InputSource::Dispatch);
    assert_eq!(
        dispatch(&[]),
        "text=String:t flag=Boolean:true count=Number:0 pick=String:two must=String:m bare=String:"
    );
    assert_eq!(
        dispatch(&[
            ("TEXT", "x".into()),
            ("flag", "false".into()),
            ("count", "0x10".into()),
            ("pick", "one".into()),
            ("must", "".into()),
            ("bare", 1.5.into()),
        ]),
        "text=String:x flag=Boolean:false count=Number:16 pick=String:one must=String:m bare=String:1.5"
    );
    assert_eq!(
        dispatch(&[("txt", "x".into()), ("flag", "yes".into()), ("count", "many".into()), ("pick", "three".into()),]),
        "there is no input `txt`; did you mean `text`?\n\
         the input `flag` is `true` or `false`, `yes` is not\n\
         the input `count` is a number, `many` is not\n\
         the input `pick` is one of one, two, not `three`"
    );
}

#[test]
fn call() {
    let call = |given: &[(&str, Value)]| coerced(CALL, given, InputSource::Call);
    assert_eq!(
        call(&[("must", "x".into()), ("flag", true.into())]),
        "text=String:2 flag=Boolean:true count=Number:3 must=String:x"
    );
    assert_eq!(call(&[]), "the input `must` is required", "a default does not replace a required input of a call");
    assert_eq!(
        call(&[("must", 1.0.into()), ("flag", "true".into()), ("count", "3".into())]),
        "the input `flag` is `true` or `false`, `true` is not\nthe input `count` is a number, `3` is not"
    );
}
