//! The same structures in files of 64 MB, where what grows faster than the file shows.

use crate::case::{Case, Expected};
use crate::entry::{archive, stored};
use crate::opcodes::weights;
use crate::pickles::{legacy, text, zipped};
use crate::safetensors::{entry, safetensors};
use crate::zips::checkpoint;

/// Bytes of each file, nearly.
const SIZE: usize = 64 << 20;
/// Bytes of each header, nearly: longer ones are not read.
const HEADER: usize = 15 << 20;

/// A pickle of one operation again and again.
fn repeated(before: &[u8], operation: &[u8], after: &[u8]) -> Vec<u8> {
    let count = SIZE / operation.len();
    let mut pickle = Vec::with_capacity(SIZE + 100);
    pickle.extend(b"\x80\x02");
    pickle.extend(before);
    (0..count).for_each(|_| pickle.extend(operation));
    pickle.extend(after);
    pickle.extend(b".");
    pickle
}

fn pickled(
    name: &str,
    before: &'static [u8],
    operation: &'static [u8],
    after: &'static [u8],
    words: &'static str,
) -> Case {
    Case::made(name, Expected::Refused(words), move || zipped(&repeated(before, operation, after)))
}

fn pickles() -> Vec<Case> {
    const MEMORY: &str = "bytes of memory, found more";
    vec![
        pickled("marks.pth", b"", b"(", b"", MEMORY),
        pickled("lists.pth", b"", b"]", b"", MEMORY),
        pickled("dictionaries.pth", b"", b"}", b"", MEMORY),
        pickled("tuples.pth", b")", b"\x85", b"", MEMORY),
        pickled("values.pth", b"", b"N", b"", MEMORY),
        pickled("appended.pth", b"]", b"Na", b"", MEMORY),
        pickled("batches.pth", b"]", b"(NNNNNNNNNNNNNNNNe", b"", "expected tensors, found none"),
        pickled("items.pth", b"}", b"K\x01Ns", b"", MEMORY),
        pickled("memo.pth", b"N", b"\x94", b"", MEMORY),
        pickled("pops.pth", b"N", b"N0", b"", MEMORY),
        pickled("doubles.pth", b"N", b"2", b"", MEMORY),
        pickled("calls.pth", b"cmine\nNet\n", b")R", b"", MEMORY),
        pickled("states.pth", b"cmine\nNet\n)R", b"Nb", b"", MEMORY),
        pickled("classes.pth", b"", b"ca\nb\n", b"", MEMORY),
        pickled("lines.pth", b"", b"I1\n", b"", MEMORY),
        pickled("protocols.pth", b"", b"\x80\x02", b"N", "a single value"),
        pickled("far_places.pth", b"N", b"j\0\0\xff\xff", b"", "the unknown index"),
        pickled("line.pth", b"V", b"a", b"", "a line"),
        Case::made("legacy.pth", Expected::Refused(MEMORY), || legacy(&repeated(b"", b"]", b""))),
        Case::made("text.pth", Expected::Refused("a single value"), || {
            let mut pickle = b"\x80\x02X".to_vec();
            pickle.extend((SIZE as u32).to_le_bytes());
            pickle.resize(pickle.len() + SIZE, b'a');
            pickle.push(b'.');
            zipped(&pickle)
        }),
        Case::made("key_again.pth", Expected::Refused("expected tensors, found none"), || {
            let mut key = b"X".to_vec();
            key.extend((1_u32 << 20).to_le_bytes());
            key.resize(key.len() + (1 << 20), b'k');
            let before = [b"}".as_slice(), &key, b"q\0Ns"].concat();
            zipped(&[b"\x80\x02".as_slice(), &before, &b"h\0Ns".repeat(1 << 16), b"."].concat())
        }),
    ]
}

fn containers() -> Vec<Case> {
    let zeros = |size: usize| vec![0_u8; size];
    vec![
        Case::made("checkpoint.pth", Expected::Read(None), move || {
            let more = [text("large"), crate::pickles::tensor(16 << 20, 0, &[16 << 20], &[1])].concat();
            let object = [b"\x80\x02".to_vec(), weights(), more, b"s.".to_vec()].concat();
            archive(&[stored("a/data.pkl", &object), stored("a/data/0", &zeros(SIZE))])
        }),
        Case::made("tensor.safetensors", Expected::Read(None), move || {
            let header = format!("{{{}}}", entry("fc.weight", &format!("[{}]", SIZE / 4), &format!("[0,{SIZE}]")));
            safetensors(header.as_bytes(), &zeros(SIZE))
        }),
        Case::made("header_of_blanks.safetensors", Expected::Refused("found no tensor"), || {
            safetensors(&[b"{}".to_vec(), vec![b' '; HEADER]].concat(), b"")
        }),
        Case::made("header_of_zeros.safetensors", Expected::Refused("found no tensor"), || {
            safetensors(&[b"{}".to_vec(), vec![0; HEADER]].concat(), b"")
        }),
        Case::made("long_header.safetensors", Expected::Refused("a header of at most 16777216 bytes"), || {
            safetensors(&[b"{}".to_vec(), vec![b' '; SIZE]].concat(), b"")
        }),
        Case::made("header_of_lengths.safetensors", Expected::Refused("at most"), || {
            let shape = format!("[{}0]", "0,".repeat(HEADER / 2));
            safetensors(format!("{{{}}}", entry("a", &shape, "[0,0]")).as_bytes(), b"")
        }),
        Case::made("header_of_metadata.safetensors", Expected::Refused("at most 100000"), || {
            use std::fmt::Write as _;
            let mut header = String::from("{\"__metadata__\":{\"x\":\"\"");
            (0..HEADER / 15).for_each(|place| write!(header, ",\"{place:08x}\":\"\"").unwrap());
            safetensors(format!("{header}}}}}").as_bytes(), b"")
        }),
        Case::made("header_of_lists.safetensors", Expected::Refused("a JSON header"), || {
            safetensors(format!("{{\"a\":{}", "[".repeat(HEADER)).as_bytes(), b"")
        }),
        Case::made("header_of_one_text.safetensors", Expected::Refused("found no tensor"), || {
            let text = "x".repeat(HEADER);
            safetensors(format!("{{\"__metadata__\":{{\"x\":\"{text}\"}}}}").as_bytes(), b"")
        }),
        Case::made("sample_ids.safetensors", Expected::Read(None), || {
            let ids = format!("[{}0]", "0,".repeat(HEADER / 2));
            let header = format!("{{\"__metadata__\":{{\"sample_ids\":\"{ids}\"}},{}}}", entry("a", "[2,2]", "[0,16]"));
            safetensors(header.as_bytes(), &[0; 16])
        }),
        Case::made("entries.pth", Expected::Read(None), || {
            let many: Vec<_> = (0..60_000).map(|place| stored(&format!("{place}{}", "n".repeat(200)), b"")).collect();
            archive(&[checkpoint(), many].concat())
        }),
        Case::made("burn.bpk", Expected::Refused("burnpack"), || {
            let mut bytes = b"NRUB\x01\0".to_vec();
            bytes.extend((SIZE as u32).to_le_bytes());
            bytes.extend(b"\xa1\x67tensors\xbb\0\0\0\0\x01\0\0\0");
            bytes.resize(SIZE, 0x60);
            bytes
        }),
        Case::made("zeros.pth", Expected::Refused("bytes that begin with 00"), move || zeros(SIZE)),
        Case::made("ones.pth", Expected::Refused("bytes that begin with ff"), || vec![0xff; SIZE]),
    ]
}

/// All of them.
#[must_use]
pub fn cases() -> Vec<Case> {
    [pickles(), containers()].into_iter().flatten().collect()
}
