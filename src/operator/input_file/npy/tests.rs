// SPDX-License-Identifier: MPL-2.0
//! Headers and values of every kind, and headers of no kind.

use super::*;

fn file(version: u8, header: &str, data: &[u8]) -> Vec<u8> {
    let width = if version == 1 { 2 } else { 4 };
    let length = (header.len() as u32).to_le_bytes();
    [
        MAGIC,
        &[version, 0],
        &length[..width],
        header.as_bytes(),
        data,
    ]
    .concat()
}

fn header(kind: &str, shape: &str) -> String {
    format!("{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}, }}   \n")
}

#[test]
fn every_version_byte_order_and_type_is_read() {
    for version in [1, 2, 3] {
        for (kind, bytes) in [
            ("<f8", (-3.0f64).to_le_bytes().to_vec()),
            (">f8", (-3.0f64).to_be_bytes().to_vec()),
            ("<f4", (-3.0f32).to_le_bytes().to_vec()),
            (">f4", (-3.0f32).to_be_bytes().to_vec()),
            ("|i1", vec![0xfd]),
            ("<i2", (-3i16).to_le_bytes().to_vec()),
            (">i4", (-3i32).to_be_bytes().to_vec()),
            ("=i8", (-3i64).to_le_bytes().to_vec()),
        ] {
            let file = file(version, &header(kind, "(1, 2)"), &bytes.repeat(2));
            let array = Array::open(&file).expect("an array");
            assert_eq!(array.shape, [1, 2]);
            assert_eq!(array.values(2).expect("numbers"), [-3.0; 2], "{kind}");
            assert!(array.values(3).is_err());
        }
    }
    let unsigned = file(1, &header(">u2", "(1,)"), &[1, 2]);
    let array = Array::open(&unsigned).expect("an array");
    assert_eq!(array.values(1).expect("numbers"), [258.0]);
}

#[test]
fn headers_as_other_programs_write_them_are_read() {
    for (text, shape) in [
        (
            "{'shape':(3L,5L),'fortran_order':True,'descr':'<f4'}",
            vec![3, 5],
        ),
        (
            "{\"descr\": \"<f4\", \"fortran_order\": True, \"shape\": ()}",
            vec![],
        ),
        (
            "{'descr': '<f4', 'fortran_order': True, 'shape': (7,), }",
            vec![7],
        ),
    ] {
        let file = file(1, text, &[]);
        let array = Array::open(&file).expect("an array");
        assert_eq!((array.shape, array.first_fastest), (shape, true), "{text}");
    }
}

#[test]
fn headers_of_another_form_are_refused_at_once() {
    let nested = format!("{}{}", "[".repeat(2000), "]".repeat(2000));
    let good = header("<f4", "(1, 1)");
    let twice = good.replace("'shape'", "'descr'");
    let records = good.replace("'<f4'", "[('a', '<f4')]");
    let (negative, huge) = (
        header("<f4", "(-1, 1)"),
        header("<f4", "(99999999999999999999,)"),
    );
    let trailing = format!("{} x", good.trim());
    for text in [
        "", "{}", "{", "{'descr'", "None", &nested, &twice, &records, &negative, &huge, &trailing,
    ] {
        let reason = Array::open(&file(1, text, &[0; 4]))
            .expect_err(text)
            .to_owned();
        assert!(reason.contains("dictionary"), "{reason}");
    }
    for (bytes, word) in [
        (&b"not an array"[..], "no NumPy array"),
        (MAGIC, "ends within"),
        (b"\x93NUMPY\x04\x00", "version 4"),
        (b"\x93NUMPY\x01\x00\x40\x00{}", "ends within"),
        (b"\x93NUMPY\x02\x00\xf0\xff\xff\xff{}", "4294967280 bytes"),
    ] {
        let reason = Array::open(bytes).expect_err(word);
        assert!(reason.contains(word), "{reason}");
    }
    let other = file(1, &header("<c8", "(1, 1)"), &[0; 8]);
    let reason = Array::open(&other)
        .expect("a header")
        .values(1)
        .expect_err("complex");
    assert!(reason.contains("<c8"), "{reason}");
}
