//! The form that says what a checkpoint is when its tensors do not.

use leptos::prelude::*;
use repgeo_core::model::{Choices, parse_choices};

use super::page::Page;
use crate::protocol::FileId;
use crate::state::{Action, choices_text};

/// The families that the form offers, the last as JSON.
const FAMILIES: [(&str, &str); 6] = [
    ("resnet-18", "ResNet-18"),
    ("resnet-34", "ResNet-34"),
    ("resnet-50", "ResNet-50"),
    ("cifar-resnet", "ResNet for CIFAR, depth 6n + 2"),
    ("mlp", "MLP"),
    ("cnn", "CNN"),
];

const MLP: &str = r#"{
  "family": "mlp",
  "inputs": 784,
  "layers": [
    { "name": "fc1", "width": 256, "bias": true },
    { "name": "fc2", "width": 10, "bias": true }
  ],
  "activation": "relu"
}"#;

const CNN: &str = r#"{
  "family": "cnn",
  "input": { "channels": 1, "height": 28, "width": 28 },
  "blocks": [
    { "name": "conv1", "channels": 32, "kernel": 3, "padding": 1, "bias": true,
      "batch_norm": null, "pool": { "max": 2 } }
  ],
  "head": "flatten",
  "linear": [{ "name": "fc", "width": 10, "bias": true }],
  "activation": "relu"
}"#;

pub(super) fn form(page: Page, id: FileId, reason: String) -> AnyView {
    let family = RwSignal::new("resnet-18".to_owned());
    let imagenet_stem = RwSignal::new(false);
    let depth = RwSignal::new(20_usize);
    let width = RwSignal::new(64_usize);
    let channels = RwSignal::new(3_usize);
    let classes = RwSignal::new(10_usize);
    let text = RwSignal::new(String::new());
    let problem = RwSignal::new(None::<String>);

    let resnet = move |block: &str, depths: &str| {
        let stem = if imagenet_stem.get_untracked() { "imagenet" } else { "cifar" };
        let [width, channels, classes] = [width, channels, classes].map(|signal| signal.get_untracked());
        format!(
            r#"{{"family":"resnet","block":"{block}","depths":{depths},"stem":"{stem}","width":{width},"input_channels":{channels},"classes":{classes}}}"#
        )
    };
    let architecture = move || match family.get_untracked().as_str() {
        "resnet-18" => resnet("basic", "[2,2,2,2]"),
        "resnet-34" => resnet("basic", "[3,4,6,3]"),
        "resnet-50" => resnet("bottleneck", "[3,4,6,3]"),
        "cifar-resnet" => {
            let numbers = [depth, width, channels, classes].map(|signal| signal.get_untracked());
            let [depth, width, channels, classes] = numbers;
            format!(
                r#"{{"family":"cifar-resnet","depth":{depth},"width":{width},"input_channels":{channels},"classes":{classes}}}"#
            )
        }
        _ => text.get_untracked(),
    };
    let apply = move |_| page.happened(Action::ArchitectureGiven { id, architecture: architecture() });
    let said =
        page.peek(|state| state.files.iter().find(|file| file.id == id).map(|file| choices_text(file.choices())));
    let say = move |event: leptos::ev::Event| {
        let text = event_target_value(&event);
        let choices = if text.trim().is_empty() { Ok(Choices::new()) } else { parse_choices(&text) };
        match choices {
            Ok(choices) => page.happened(Action::AssumptionsGiven { id, choices }),
            Err(part) => problem.set(Some(format!("Expected KEY=VALUE, several separated by commas, found `{part}`."))),
        }
    };
    let choose = move |event: leptos::ev::Event| {
        let chosen = event_target_value(&event);
        text.set(match chosen.as_str() {
            "mlp" => MLP.to_owned(),
            "cnn" => CNN.to_owned(),
            _ => String::new(),
        });
        width.set(if chosen == "cifar-resnet" { 16 } else { 64 });
        family.set(chosen);
        problem.set(None);
    };

    let options = FAMILIES.map(|(id, name)| view! { <option value=id>{name}</option> }).collect_view();
    let fields = move || {
        match family.get().as_str() {
        "mlp" | "cnn" => view! {
            <textarea
                rows="10"
                spellcheck="false"
                aria-label="Description of the architecture as JSON"
                prop:value=move || text.get()
                on:input=move |event| text.set(event_target_value(&event))
            ></textarea>
        }
        .into_any(),
        "cifar-resnet" => view! {
            <div class="fields">
                {number("Depth", depth)} {number("Width", width)} {number("Channels", channels)} {number("Classes", classes)}
            </div>
        }
        .into_any(),
        _ => view! {
            <div class="fields">
                {number("Width", width)} {number("Channels", channels)} {number("Classes", classes)}
                <label class="check">
                    <input type="checkbox" prop:checked=imagenet_stem on:change=move |event| imagenet_stem.set(event_target_checked(&event)) />
                    "ImageNet stem"
                </label>
            </div>
        }
        .into_any(),
    }
    };
    view! {
        <p class="message">{reason}</p>
        <div class="architecture" role="group" aria-label="What this network is">
            <label>
                <span class="unseen">"Architecture"</span>
                <select class="family" on:change=choose>
                    {options}
                </select>
            </label>
            {fields}
            {move || problem.get().map(|problem| view! { <p class="message" role="alert">{problem}</p> })}
            <button type="button" class="describe" on:click=apply>"Read it as this"</button>
            <label class="pair-of">
                <span>"Or say what is open"</span>
                <input class="choices" prop:value=said placeholder="gate=sigmoid" spellcheck="false" on:change=say />
            </label>
        </div>
    }
    .into_any()
}

fn number(name: &'static str, value: RwSignal<usize>) -> AnyView {
    view! {
        <label class="pair-of">
            <span>{name}</span>
            <input
                type="number"
                min="1"
                step="1"
                prop:value=move || value.get().to_string()
                on:input=move |event| {
                    if let Ok(typed) = event_target_value(&event).parse() {
                        value.set(typed);
                    }
                }
            />
        </label>
    }
    .into_any()
}
