use super::*;

fn read(bytes: &[u8]) -> Pickle<'_> {
    parse(bytes, 0, "pickle").unwrap()
}

fn fault(bytes: &[u8]) -> String {
    parse(bytes, 0, "pickle").unwrap_err().to_string()
}

#[test]
fn what_is_not_known_is_kept_with_its_parts() {
    // pickle.dumps of an object of a class of one's own, with a state, by protocol 2; then set items and appended ones.
    let bytes = b"\x80\x02cmine\nNet\n)\x81}X\x01\x00\x00\x00aK\x05sbX\x01\x00\x00\x00kK\x06sK\x07a.";
    let pickle = read(bytes);
    assert_eq!(pickle.made_by(pickle.root), Some(("mine", "Net")));
    let [_, _, state] = pickle.parts(pickle.root) else { panic!("{pickle:?}") };
    assert!(matches!(pickle.node(*state), Node::Mapping(_)));
    let content = pickle.content(pickle.root);
    assert_eq!((content.entries.len(), content.items.len()), (1, 1));
    assert_eq!(pickle.text(content.entries[0][0]), Some("k"));
    assert_eq!(pickle.integer(content.items[0]), Some(7));
}

#[test]
fn calls_of_every_kind_are_objects() {
    for (bytes, arguments) in [
        (b"cos\nsystem\nK\x01\x85R.".as_slice(), 1),
        (b"(K\x01K\x02ios\nsystem\n.", 2),
        (b"(cos\nsystem\nK\x01K\x02o.", 2),
        (b"\x8c\x02os\x8c\x06system\x93)\x81.", 0),
        (b"cos\nsystem\nK\x01\x85}\x92.", 1),
    ] {
        let pickle = read(bytes);
        assert_eq!(pickle.made_by(pickle.root), Some(("os", "system")), "{}", bytes.escape_ascii());
        assert_eq!(pickle.arguments(pickle.root).len(), arguments, "{}", bytes.escape_ascii());
    }
    // A call of what a call made.
    let pickle = read(b"cos\nsystem\n)R)R.");
    assert_eq!(pickle.made_by(pickle.root), None);
}

#[test]
fn a_list_may_contain_itself() {
    let pickle = read(b"]q\x00h\x00a.");
    assert_eq!(pickle.items(pickle.root), [pickle.root]);
}

#[test]
fn protocol_0_is_read() {
    // pickle.dumps({'a': [1, True, 2.5, None, 10**30]}, 0) of Python 2 and 3.
    let pickle = read(b"(dp0\nS'a'\np1\n(lp2\nI1\naI01\naF2.5\naNaL1000000000000000000000000000000L\nas.");
    let [[key, value]] = pickle.content(pickle.root).entries[..] else { panic!("{pickle:?}") };
    assert_eq!(pickle.text(key), Some("a"));
    let found: Vec<Node> = pickle.items(value).iter().map(|&id| pickle.node(id)).collect();
    assert_eq!(found, [Node::Integer(1), Node::Bool(true), Node::Float(2.5), Node::None, Node::Opaque]);
}

#[test]
fn what_breaks_the_protocol_is_refused() {
    assert_eq!(fault(b"\x80\x06N."), "pickle at byte 2: expected a pickle protocol up to 5, found 6");
    assert_eq!(fault(b"."), "pickle: expected a value on the stack, found none");
    assert_eq!(fault(b"h\x05."), "pickle: expected a value that was memorised, found the unknown index 5");
    assert_eq!(fault(b"t."), "pickle: expected a mark on the stack, found none");
    assert_eq!(
        fault(b"X\xff\xff\xff\xffab"),
        "pickle at byte 5: expected 4294967295 more bytes, found the end after 2"
    );
    assert_eq!(fault(b"\xff"), "pickle at byte 1: expected a pickle operation, found the byte 0xff");
    assert_eq!(fault(b"(o."), "pickle at byte 2: expected a class behind a mark, found none");
    assert_eq!(fault(b"N"), "pickle at byte 1: expected 1 more bytes, found the end after 0");
}

#[test]
fn long_histories_take_no_memory() {
    // A list of four million floats in batches of a thousand, as pickle writes it.
    let mut bytes = b"\x80\x02]q\x00".to_vec();
    for _ in 0..4_000 {
        bytes.push(b'(');
        (0..1_000).for_each(|_| bytes.extend(b"G\x3f\xf0\x00\x00\x00\x00\x00\x00"));
        bytes.push(b'e');
    }
    bytes.push(b'.');
    let pickle = read(&bytes);
    let content = pickle.content(pickle.root);
    assert_eq!(content.items.len() as u64 + content.left_out, 4_000_000);
    assert!(pickle.nodes.len() < 200_000);
    assert_eq!(pickle.node(content.items[5]), Node::Float(1.0));
}

#[test]
fn a_history_is_kept_where_something_else_refers_to_its_values() {
    // Every value is memorised, and the last is taken from the memo afterwards.
    let mut bytes = b"\x80\x02]".to_vec();
    for index in 0..200_000_u32 {
        bytes.extend(b"K\x07r");
        bytes.extend(index.to_le_bytes());
        bytes.push(b'a');
    }
    bytes.extend(b"j");
    bytes.extend(199_999_u32.to_le_bytes());
    bytes.extend(b"\x86.");
    let pickle = read(&bytes);
    let &[list, last] = pickle.items(pickle.root) else { panic!("a pair") };
    assert_eq!((pickle.items(list).len(), pickle.integer(last)), (200_000, Some(7)));
}

#[test]
fn long_histories_of_numpys_numbers_take_no_memory() {
    // numpy.core.multiarray.scalar(dtype('f8'), 8 bytes) as protocol 2 writes it, each part memorised.
    let mut bytes = b"\x80\x02}(X\x07\0\0\0historyq\0]q\x01".to_vec();
    let mut index = 5_u32;
    let mut put = |bytes: &mut Vec<u8>| {
        bytes.push(b'r');
        bytes.extend(index.to_le_bytes());
        index += 1;
    };
    let scalar = b"cnumpy.core.multiarray\nscalar\nq\x02cnumpy\ndtype\nX\x02\0\0\0f8\x85Rq\x03";
    bytes.extend(scalar);
    bytes.extend(b"00");
    for _ in 0..200 {
        bytes.push(b'(');
        for _ in 0..1_000 {
            bytes.extend(b"h\x02h\x03U\x08\0\0\0\0\0\0\xf0\x3f");
            put(&mut bytes);
            bytes.push(0x86);
            put(&mut bytes);
            bytes.push(b'R');
            put(&mut bytes);
        }
        bytes.push(b'e');
    }
    bytes.extend(b"X\x05\0\0\0epochK\x07u.");
    let pickle = read(&bytes);
    let [[_, history], [epoch, seven]] = pickle.content(pickle.root).entries[..] else { panic!("two entries") };
    let content = pickle.content(history);
    assert_eq!(content.items.len() as u64 + content.left_out, 200_000);
    assert_eq!(pickle.made_by(content.items[4_000]), Some(("numpy.core.multiarray", "scalar")));
    assert_eq!((pickle.text(epoch), pickle.integer(seven)), (Some("epoch"), Some(7)));
    assert!(pickle.nodes.len() < 20_000, "{}", pickle.nodes.len());
}

#[test]
fn what_is_taken_again_is_not_forgotten() {
    // Long batches into one list, the last value of which is memorised and put into a pair with the list.
    let mut bytes = b"\x80\x02]".to_vec();
    for batch in 0..200_u32 {
        bytes.push(b'(');
        for _ in 0..1_000 {
            bytes.extend(b"K\x01\x85");
        }
        if batch == 199 {
            bytes.extend(b"K\x09\x85q\x07");
        }
        bytes.push(b'e');
    }
    bytes.extend(b"h\x07\x86.");
    let pickle = read(&bytes);
    let &[list, last] = pickle.items(pickle.root) else { panic!("a pair") };
    let &[nine] = pickle.items(last) else { panic!("a tuple of one") };
    assert_eq!(pickle.integer(nine), Some(9));
    let content = pickle.content(list);
    assert_eq!(content.items.len() as u64 + content.left_out, 200_001);
    assert_eq!(content.items.last(), Some(&last));
}

#[test]
fn hostile_pickles_run_out_of_memory_that_they_may_take() {
    for operation in [b"]".as_slice(), b"}", b"N2", b"(", b"]Na", b"]\x94", b"cos\nsystem\n", b"N\x85"] {
        let count = (32 << 20) / operation.len();
        let error = fault(&operation.repeat(count));
        assert!(error.contains("bytes of memory, found more"), "{}: {error}", operation.escape_ascii());
    }
}
