//! What becomes of files of a selection.

use super::*;

const NETWORK: &[u8] = include_bytes!("../../../../static/networks/mlp-seed0.safetensors");
const IMAGES: &[u8] = include_bytes!("../../../../static/probes/fashion-mnist-test-2000-images-idx3-ubyte.gz");

fn file(name: &str, bytes: &[u8]) -> NamedBytes {
    NamedBytes { name: name.to_owned(), bytes: bytes.to_vec() }
}

#[test]
fn only_what_may_be_part_of_a_probe_set_is_held_until_the_last_file() {
    let (mut holdings, mut opening) = (Holdings::default(), Opening::new(Purpose::Any, Preparation::default()));
    assert_eq!(holdings.take(&mut opening, 1, file("images", IMAGES), Reading::default()), None);
    let loaded = holdings.take(&mut opening, 2, file("a.safetensors", NETWORK), Reading::default());
    assert!(matches!(loaded, Some(Event::Loaded { id: 2, .. })), "{loaded:?}");
    let held: Vec<FileId> = opening.rest.iter().map(|(id, ..)| *id).collect();
    assert_eq!(held, [1]);

    let events = holdings.finish(opening);
    assert!(matches!(&events[..], [Event::ProbeLoaded { ids, .. }] if *ids == [1]), "{events:?}");
    assert!(holdings.inputs.contains_key(&2));
}

#[test]
fn what_is_no_network_is_refused_at_once_when_networks_were_chosen() {
    let (mut holdings, mut opening) = (Holdings::default(), Opening::new(Purpose::Input, Preparation::default()));
    let refused = holdings.take(&mut opening, 1, file("images", IMAGES), Reading::default());
    assert!(matches!(refused, Some(Event::Refused { id: 1, .. })), "{refused:?}");
    assert_eq!(holdings.finish(opening), []);
}

/// A safetensors file of tensors of zeros.
fn tensors(name: &str, tensors: &[(&str, &[usize])]) -> NamedBytes {
    let (mut entries, mut end) = (Vec::new(), 0);
    for (tensor, shape) in tensors {
        let start = end;
        end += 4 * shape.iter().product::<usize>();
        entries
            .push(format!("\"{tensor}\":{{\"dtype\":\"F32\",\"shape\":{shape:?},\"data_offsets\":[{start},{end}]}}"));
    }
    let header = format!("{{{}}}", entries.join(","));
    let bytes = [&(header.len() as u64).to_le_bytes(), header.as_bytes(), &vec![0; end]].concat();
    NamedBytes { name: name.to_owned(), bytes }
}

#[test]
fn a_part_of_no_known_architecture_is_asked_for_as_a_file_is() {
    let convolutions = |module: &str| [format!("{module}.0.weight"), format!("{module}.2.weight")];
    let names = [convolutions("online"), convolutions("target")].concat();
    let copies: Vec<(&str, &[usize])> = names.iter().map(|name| (name.as_str(), &[4, 3, 6, 6][..])).collect();
    let (mut holdings, mut opening) = (Holdings::default(), Opening::new(Purpose::Any, Preparation::default()));
    let taken = holdings.take(&mut opening, 1, tensors("agent.safetensors", &copies), Reading::default());
    let Some(Event::ArchitectureUnknown { id: 1, reason }) = taken else { panic!("{taken:?}") };
    assert!(reason.contains("this is online. of the file, which also holds target."), "{reason}");
}

#[test]
fn shards_of_a_selection_are_one_network_and_a_shard_alone_says_so() {
    let first = tensors("model-00001-of-00002.safetensors", &[("fc1.weight", &[3, 4])]);
    let second = tensors("model-00002-of-00002.safetensors", &[("fc2.weight", &[2, 3])]);
    let map = format!("{{\"weight_map\":{{\"fc1.weight\":\"{}\",\"fc2.weight\":\"{}\"}}}}", first.name, second.name);
    let index = file("model.safetensors.index.json", map.as_bytes());
    let opened = |files: &[&NamedBytes]| {
        let (mut holdings, mut opening) = (Holdings::default(), Opening::new(Purpose::Any, Preparation::default()));
        for (id, file) in (1..).zip(files) {
            assert_eq!(holdings.take(&mut opening, id, (*file).clone(), Reading::default()), None);
        }
        holdings.finish(opening)
    };
    let joined = |ids: &[FileId]| Event::Joined { ids: ids.to_vec(), name: "model.safetensors".to_owned() };
    let events = opened(&[&second, &index, &first]);
    assert_eq!(events[0], joined(&[2, 1, 3]));
    assert!(matches!(&events[1..], [Event::Loaded { id: 2, .. }]), "{events:?}");
    let events = opened(&[&second, &first]);
    assert_eq!(events[0], joined(&[1, 2]));
    assert!(matches!(&events[1..], [Event::Loaded { id: 1, .. }]), "{events:?}");
    let reason = |files: &[&NamedBytes]| match opened(files).pop() {
        Some(Event::Refused { id: 1, reason }) => reason,
        other => panic!("{other:?}"),
    };
    assert!(reason(&[&first]).contains("shard 1 of 2"), "{}", reason(&[&first]));
    assert!(reason(&[&index, &first]).contains(&second.name), "{}", reason(&[&index, &first]));
    let events = opened(&[&first, &first, &second]);
    assert_eq!(events.len(), 3, "{events:?}");
    assert!(events.iter().all(|event| matches!(event, Event::Refused { .. })), "{events:?}");
}

#[test]
fn a_file_of_another_program_is_called_what_it_is() {
    for purpose in [Purpose::Any, Purpose::Input] {
        let (mut holdings, mut opening) = (Holdings::default(), Opening::new(purpose, Preparation::default()));
        let onnx = file("net.onnx", b"\x08\x08\x12\x07pytorch\x3a\x02\x12\x00");
        let taken = holdings.take(&mut opening, 1, onnx, Reading::default());
        let events = taken.into_iter().chain(holdings.finish(opening)).collect::<Vec<_>>();
        let [Event::Refused { id: 1, reason }] = &events[..] else { panic!("{events:?}") };
        assert!(reason.contains("an ONNX model: export"), "{reason}");
    }
}
