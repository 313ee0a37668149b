//! Every operation of a pickle where it does harm to a reader: sizes that lie, frames, marks, memo, calls that are put
//! aside, values that multiply.

use crate::case::{Case, State};
use crate::pickles::{dictionary, legacy, small, text, zipped};

/// What an object has to become: the tensor `fc.weight`, or a refusal with these words.
type Object = (&'static str, Vec<u8>, Option<&'static str>);

/// The one tensor of every file that is read here.
pub(crate) fn state() -> State {
    State::from([("fc.weight".to_owned(), vec![1.0, 2.0, 3.0, 4.0])])
}

/// `fc.weight` in a dictionary, without the pickle's beginning and end.
pub(crate) fn weights() -> Vec<u8> {
    let pickle = dictionary(&[("fc.weight".to_owned(), small())]);
    pickle[2..pickle.len() - 1].to_vec()
}

/// A pickle of protocol 2 with these parts.
fn pickle(parts: &[&[u8]]) -> Vec<u8> {
    [b"\x80\x02", parts.concat().as_slice(), b"."].concat()
}

/// The weights behind something that is left on no stack.
fn behind(parts: &[&[u8]]) -> Vec<u8> {
    pickle(&[&parts.concat(), &weights()])
}

fn by_name(module: &str, name: &str) -> Vec<u8> {
    pickle(&[&text(module), b"\x94", &text(name), b"\x94\x93", &text("true"), b"\x85R"])
}

/// A frame around these bytes that claims this length.
fn frame(length: u64, content: &[u8]) -> Vec<u8> {
    [b"\x95".as_slice(), &length.to_le_bytes(), content].concat()
}

/// A tuple that holds a tuple ten times, and so on down to a value: ten to the power of the levels.
fn laughs(value: &[u8], levels: usize) -> Vec<u8> {
    [b"(".repeat(levels), value.to_vec(), b"222222222t".repeat(levels)].concat()
}

/// Operations that would run code, build, or refer to elsewhere, and whose values are thrown away: nothing happens.
fn put_aside() -> Vec<Object> {
    let command = text("true");
    let attribute = [text("a"), b"K\x05s".to_vec()].concat();
    vec![
        ("reduce_pop", behind(&[b"cos\nsystem\n", &command, b"\x85R0"]), None),
        ("obj_pop", behind(&[b"(cos\nsystem\n", &command, b"o0"]), None),
        ("inst_pop", behind(&[b"(", &command, b"ios\nsystem\n0"]), None),
        ("newobj_pop", behind(&[b"cos\nsystem\n", &command, b"\x85\x810"]), None),
        ("newobj_ex_pop", behind(&[b"cos\nsystem\n)}\x920"]), None),
        ("obj_pop_mark", behind(&[b"((cos\nsystem\n", &command, b"o1"]), None),
        ("global_at_the_start", [b"\x8c\x02os\x8c\x06system\x930".as_slice(), &weights(), b"."].concat(), None),
        ("build_a_number", behind(&[b"K\x01}", &attribute, b"b0"]), None),
        ("build_a_text", behind(&[&command, b"}", &attribute, b"b0"]), None),
        ("build_a_class", behind(&[b"cos\nsystem\n}", &attribute, b"b0"]), None),
        ("build_the_weights", pickle(&[&weights(), b"}", &attribute, b"b"]), None),
        ("build_with_a_number", behind(&[b"cos\nsystem\n)\x81K\x01b0"]), None),
        ("ext1", behind(&[b"\x82\x01}b0"]), None),
        ("ext2", behind(&[b"\x83\x01\x00}b0"]), None),
        ("ext4", behind(&[b"\x84\x01\x00\x00\x00)R0"]), None),
        ("ext4_negative", behind(&[b"\x84\xff\xff\xff\xff0"]), None),
        ("persistent_line", behind(&[b"Pos.system\n0"]), None),
        ("persistent_empty_line", behind(&[b"P\n0"]), None),
        ("persistent_number", behind(&[b"K\x01Q0"]), None),
        ("persistent_tuple", behind(&[b"(", &text("storage"), b"tQ0"]), None),
        ("persistent_nested", behind(&[b"K\x01QQQQ0"]), None),
        ("buffers", behind(&[b"\x97\x980"]), None),
        ("sets", behind(&[b"\x8f(K\x01K\x02\x900(K\x01\x910"]), None),
        ("far_memo", behind(&[b"Nr\xff\xff\xff\xff0"]), None),
        ("far_memos", behind(&[b"N", &b"p4294967295\n".repeat(1000), b"0"]), None),
        ("marks_pop", behind(&[&b"(".repeat(10_000), &b"0".repeat(10_000)]), None),
        ("laughs_pop", behind(&[&laughs(b"N", 9), b"0"]), None),
        ("protocols", behind(&[&b"\x80\x05".repeat(1000)]), None),
        ("after_the_end", [pickle(&[&weights()]), b"\xff\xff garbage".to_vec()].concat(), None),
    ]
}

/// The weights beside values that nest, multiply or hold themselves.
fn beside() -> Vec<Object> {
    let with = |value: &[u8]| pickle(&[&weights(), b"q\0", &text("x"), value, b"s"]);
    let nested = [b"]".repeat(100_000), b"a".repeat(99_999)].concat();
    let twice = b"j\xff\0\0\0j\xff\0\0\0\x86r\xff\0\0\x000".repeat(40);
    let by_memo = [b"]r\xff\0\0\x000", &twice[..], b"j\xff\0\0\0"].concat();
    vec![
        ("itself", with(b"h\0"), None),
        ("itself_in_a_list", with(b"]q\x01(h\0h\x01h\0e"), None),
        ("itself_in_a_tuple", with(b"]q\x01h\x01\x85a"), None),
        ("itself_as_a_key", with(b"}q\x01(h\x01h\x01u"), None),
        ("itself_as_a_state", with(b"cmine\nNet\n)\x81q\x01h\x01b"), None),
        ("appended_to_itself", with(&[b"]q\x01".to_vec(), b"h\x01a".repeat(10_000)].concat()), None),
        ("laughs_by_dup", with(&laughs(b"N", 9)), None),
        ("laughs_by_memo", with(&by_memo), None),
        ("deep_lists", with(&nested), None),
        ("deep_tuples", with(&[b")".to_vec(), b"\x85".repeat(100_000)].concat()), None),
        ("deep_dictionaries", with(&[b"}K\x01".repeat(30_000), b"}".to_vec(), b"s".repeat(30_000)].concat()), None),
    ]
}

fn frames() -> Vec<Object> {
    let body = [weights(), b".".to_vec()].concat();
    let length = body.len() as u64;
    let framed = |frames: &[Vec<u8>]| [b"\x80\x04".to_vec(), frames.concat()].concat();
    let (first, second) = body.split_at(1);
    // The name `fc.weight` begins behind the dictionary's own byte: a boundary four bytes later is within its length.
    let (straddling, rest) = body.split_at(4);
    vec![
        ("frame", framed(&[frame(length, &body)]), None),
        ("frames", framed(&[frame(1, first), frame(length - 1, second)]), None),
        ("frame_and_none", framed(&[frame(1, first), second.to_vec()]), None),
        ("empty_frames", framed(&[frame(0, b"").repeat(1000), body.clone()]), None),
        ("frame_beyond_the_file", framed(&[frame(length + 10_000, &body)]), Some("within the pickle")),
        ("frame_of_half_of_all_numbers", framed(&[frame(1 << 63, &body)]), Some("within the pickle")),
        ("frame_of_all_numbers", framed(&[frame(u64::MAX, &body)]), Some("within the pickle")),
        ("frame_in_a_frame", framed(&[frame(length + 9, &frame(length, &body))]), Some("the end of the frame")),
        (
            "frame_within_an_operation",
            framed(&[frame(4, straddling), frame(length - 4, rest)]),
            Some("4 more bytes, found the end after 2"),
        ),
        (
            "frame_ends_within_an_operation",
            framed(&[frame(4, straddling), rest.to_vec()]),
            Some("4 more bytes, found the end after 2"),
        ),
    ]
}

/// Every operation with a length, which claims more than there is.
fn lengths() -> Vec<Object> {
    const MORE: Option<&str> = Some("more bytes");
    let with = |operation: u8, length: &[u8]| pickle(&[&[operation], length]);
    let half = (1_u64 << 63).to_le_bytes();
    vec![
        ("long_string", with(b'T', b"\xff\xff\xff\x7f"), MORE),
        ("negative_string", with(b'T', b"\xff\xff\xff\xff"), MORE),
        ("long_text", with(b'X', b"\xff\xff\xff\xff"), MORE),
        ("long_bytes", with(b'B', b"\xff\xff\xff\xff"), MORE),
        ("long_text_8", with(0x8d, &half), MORE),
        ("long_bytes_8", with(0x8e, &half), MORE),
        ("long_bytearray_8", with(0x96, &half), MORE),
        ("all_text_8", with(0x8d, &[0xff; 8]), MORE),
        ("all_bytes_8", with(0x8e, &[0xff; 8]), MORE),
        ("all_bytearray_8", with(0x96, &[0xff; 8]), MORE),
        ("long_long", with(0x8b, b"\xff\xff\xff\x7f"), MORE),
        ("negative_long", with(0x8b, b"\xff\xff\xff\xff"), MORE),
        ("long_memo", pickle(&[b"j\xff\xff\xff\xff"]), Some("the unknown index 4294967295")),
        ("long_memo_line", pickle(&[b"g99999999999999999999\n"]), Some("an index of 32 bits")),
        ("negative_memo_line", pickle(&[b"Np-1\n"]), Some("an index of 32 bits")),
        ("digits", pickle(&[b"I", &b"9".repeat(1_000_000), b"\n"]), Some("found a single value")),
        ("no_digits", pickle(&[b"L", &b"x".repeat(1_000_000), b"\n"]), Some("a decimal number")),
    ]
}

/// What Python would not read either.
fn misused() -> Vec<Object> {
    const PAIRS: Option<&str> = Some("a value for every key");
    const HOLDER: Option<&str> = Some("a dictionary or an object");
    const LIST: Option<&str> = Some("a list, a set or an object");
    vec![
        ("odd_dict", b"\x80\x02(K\x01d.".to_vec(), PAIRS),
        ("odd_dict_of_three", pickle(&[b"(K\x01K\x02K\x03d"]), PAIRS),
        ("odd_setitems", pickle(&[&weights(), b"(K\x01u"]), PAIRS),
        ("setitem_on_a_number", pickle(&[b"K\x01", &text("fc.weight"), &small(), b"s"]), HOLDER),
        ("setitems_on_a_number", pickle(&[b"K\x01(", &text("fc.weight"), &small(), b"u"]), HOLDER),
        ("setitems_on_a_list", pickle(&[b"](", &text("fc.weight"), &small(), b"u"]), HOLDER),
        ("setitems_on_a_tuple", pickle(&[b")(", &text("fc.weight"), &small(), b"u"]), HOLDER),
        ("setitems_on_a_text", pickle(&[&text("x"), b"(", &text("fc.weight"), &small(), b"u"]), HOLDER),
        ("setitems_on_a_class", pickle(&[b"cos\nsystem\n(", &text("a"), &small(), b"u"]), HOLDER),
        ("append_to_a_number", pickle(&[b"K\x01", &small(), b"a"]), LIST),
        ("appends_to_a_dictionary", pickle(&[&weights(), b"(K\x01e"]), LIST),
        ("appends_to_a_text", pickle(&[&text("x"), b"(K\x01e"]), LIST),
        ("additems_to_a_tuple", pickle(&[b")(K\x01\x90"]), LIST),
        ("setitem_across_a_mark", pickle(&[&weights(), b"K\x01(K\x02s"]), Some("a value on the stack")),
        ("object_of_nothing", pickle(&[b"(o"]), Some("a class behind a mark")),
        ("global_of_numbers", pickle(&[b"K\x01K\x02\x93"]), Some("the name of a class")),
        ("global_of_one", pickle(&[&text("os"), b"\x93"]), Some("a value on the stack")),
        ("global_at_the_start_called", b"\x8c\x02os\x8c\x06system\x93\x8c\x04true\x85R.".to_vec(), Some("`os.system`")),
        ("reduce_of_nothing", pickle(&[b"R"]), Some("a value on the stack")),
        ("pop_of_nothing", pickle(&[b"0"]), Some("a value on the stack")),
        ("memoize_nothing", pickle(&[b"\x94"]), Some("a value on the stack")),
        ("no_end", [b"\x80\x02".to_vec(), weights()].concat(), None),
        ("unknown", pickle(&[b"\xff"]), Some("a pickle operation")),
    ]
}

/// More values than memory, by few bytes or by many.
fn floods() -> Vec<Object> {
    const MILLION: usize = 1_000_000;
    const MEMORY: Option<&str> = Some("bytes of memory, found more");
    let nest = |open: &[u8], close: &[u8]| pickle(&[&open.repeat(MILLION), &close.repeat(MILLION)]);
    let ways = pickle(&[&small(), b"q\0", &b"h\0h\0\x86q\0".repeat(30)]);
    let dup = pickle(&[&laughs(&small(), 9)]);
    vec![
        ("million_marks", nest(b"(", b""), MEMORY),
        ("million_tuples", nest(b"(", b"t"), MEMORY),
        ("million_lists", nest(b"(", b"l"), MEMORY),
        ("million_tuples_of_one", pickle(&[b")", &b"\x85".repeat(MILLION)]), MEMORY),
        ("million_lists_in_lists", nest(b"]", b""), MEMORY),
        ("million_dictionaries", nest(b"}", b""), MEMORY),
        ("million_sets", nest(b"(", b"\x91"), MEMORY),
        ("million_calls", pickle(&[b"cmine\nNet\n", &b")R".repeat(MILLION)]), MEMORY),
        ("million_states", pickle(&[b"cmine\nNet\n)R", &b"}b".repeat(MILLION)]), MEMORY),
        ("million_classes", pickle(&[&b"ca\nb\n".repeat(MILLION)]), MEMORY),
        ("million_persistent", pickle(&[&b"Pa\n".repeat(MILLION)]), MEMORY),
        ("million_memos", pickle(&[b"N", &b"\x94".repeat(MILLION)]), Some("found a single value")),
        (
            "million_far_memos",
            pickle(&[
                b"N",
                &(0..MILLION as u32)
                    .flat_map(|place| [b"r".to_vec(), (u32::MAX - 5000 * (place % 800_000)).to_le_bytes().to_vec()])
                    .flatten()
                    .collect::<Vec<u8>>(),
            ]),
            Some(""),
        ),
        ("laughs_with_a_tensor_by_memo", ways, Some("expected at most")),
        ("laughs_with_a_tensor_by_dup", dup, Some("expected at most")),
    ]
}

/// Names that are known from attacks.
fn names() -> Vec<Object> {
    let called = |module: &'static str, name: &'static str, words: &'static str| (words, by_name(module, name), words);
    [
        called("pip", "main", "`pip.main`"),
        called("pip._internal", "main", "`pip._internal.main`"),
        called("pty", "spawn", "`pty.spawn`"),
        called("timeit", "timeit", "`timeit.timeit`"),
        called("cProfile", "runctx", "`cProfile.runctx`"),
        called("profile", "run", "`profile.run`"),
        called("pkgutil", "resolve_name", "`pkgutil.resolve_name`"),
        called("numpy.testing._private.utils", "runstring", "`numpy.testing._private.utils.runstring`"),
        called("asyncio.unix_events", "_UnixSubprocessTransport._start", "`asyncio.unix_events."),
        called("doctest", "debug_script", "`doctest.debug_script`"),
        called("code", "InteractiveInterpreter", "`code.InteractiveInterpreter`"),
        called("bdb", "Bdb.run", "`bdb.Bdb.run`"),
        called("trace", "Trace.run", "`trace.Trace.run`"),
        called("idlelib.pyshell", "ModifiedInterpreter.runcommand", "`idlelib.pyshell."),
        called("lib2to3.pgen2.grammar", "Grammar.loads", "`lib2to3.pgen2.grammar."),
        called("ensurepip", "_run_pip", "`ensurepip._run_pip`"),
        called("operator", "methodcaller", "`operator.methodcaller`"),
        called("torch.utils.bottleneck.__main__", "run_prof", "`torch.utils.bottleneck."),
        called("torch.utils.collect_env", "run", "`torch.utils.collect_env.run`"),
        called("torch.jit.unsupported_tensor_ops", "execWrapper", "`torch.jit.unsupported_tensor_ops."),
        called("torch._dynamo.guards", "GuardBuilder.get", "`torch._dynamo.guards."),
    ]
    .into_iter()
    .map(|(name, bytes, words)| (name, bytes, Some(words)))
    .collect()
}

/// Tensors whose sizes, strides and offsets reach beyond their storage, or beyond all numbers.
fn tensors() -> Vec<Object> {
    const MOST: i64 = i64::MAX;
    const BEYOND: Option<&str> = Some("to be enough");
    let of = |elements: i64, offset: i64, sizes: &[i64], strides: &[i64]| {
        dictionary(&[("fc.weight".to_owned(), crate::pickles::tensor(elements, offset, sizes, strides))])
    };
    vec![
        ("claimed_more", of(MOST, 0, &[4], &[1]), None),
        ("claimed_less", of(-1, 0, &[4], &[1]), None),
        ("offset_by_one", of(4, 1, &[4], &[1]), BEYOND),
        ("offset_most", of(4, MOST, &[1], &[1]), BEYOND),
        ("stride_most", of(4, 0, &[2], &[MOST]), BEYOND),
        ("strides_most", of(4, 0, &[2, 2, 2], &[MOST, MOST, MOST]), BEYOND),
        ("sizes_to_zero", of(4, 0, &[1 << 32, 1 << 32], &[1, 1]), BEYOND),
        ("sizes_most", of(4, 0, &[MOST, MOST], &[0, 0]), Some("which the file holds")),
        ("more_strides", of(4, 0, &[4], &[1, 1]), Some("strides")),
        ("stride_zero", of(4, 0, &[1, 4], &[MOST, 1]), None),
        ("negative_sizes", of(4, 0, &[-2, -2], &[1, 1]), Some("")),
    ]
}

/// All of them in both containers.
#[must_use]
pub fn cases() -> Vec<Case> {
    let mut objects = [put_aside(), beside(), frames(), lengths(), misused()].concat();
    objects.extend([floods(), names(), tensors()].concat());
    let mut cases = Vec::new();
    for (name, object, because) in objects {
        for (container, bytes) in [("zip", zipped(&object)), ("legacy", legacy(&object))] {
            let name = format!("{name}.{container}.pth");
            cases.push(match because {
                // Behind it a legacy file goes on with another pickle.
                None if name.starts_with("no_end") => Case::refused(name, bytes, ""),
                None if name.starts_with("after_the_end.legacy") => Case::refused(name, bytes, ""),
                None => Case::read(name, bytes, state()),
                Some(words) => Case::refused(name, bytes, words),
            });
        }
    }
    cases
}
