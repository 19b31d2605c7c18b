// SPDX-License-Identifier: MPL-2.0
//! Structures that applications read: one row a field. A row sets the field and documents it in
//! `docs/messages.md`.

/// What a row says of its field.
pub struct Field {
    pub name: &'static str,
    pub type_: fn() -> gst::glib::Type,
    /// Empty where there is none.
    pub unit: &'static str,
    pub meaning: &'static str,
}

/// Makes a function that sets every field of a structure, and the list of the fields. A row is
/// `"name": type, "unit", "meaning" = value;`.
macro_rules! fields {
    (
        $list:ident, $(#[$doc:meta])* $set:ident($($of:ident: $type:ty),*);
        $($name:literal: $kind:ty, $unit:literal, $meaning:literal = $value:expr;)*
    ) => {
        pub const $list: &[$crate::ud2mrestore::messages::fields::Field] = &[$(
            $crate::ud2mrestore::messages::fields::Field {
                name: $name,
                type_: <$kind as gst::glib::types::StaticType>::static_type,
                unit: $unit,
                meaning: $meaning,
            },
        )*];

        $(#[$doc])*
        fn $set(fields: &mut gst::StructureRef, $($of: $type),*) {
            $(
                let value: $kind = $value;
                fields.set($name, value);
            )*
        }
    };
}

pub(super) use fields;
