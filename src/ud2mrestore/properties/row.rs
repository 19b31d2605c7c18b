// SPDX-License-Identifier: MPL-2.0
//! How a table of properties becomes settings: the types that a property can have, and the macro.

use std::ops::{RangeFull, RangeInclusive};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use gst::glib;
use gst::prelude::*;

use crate::restore::InputFile;

/// Changes while the element is stopped; read when it starts.
pub const READY: glib::ParamFlags =
    glib::ParamFlags::READWRITE.union(gst::PARAM_FLAG_MUTABLE_READY);
/// Changes at any time.
pub const PLAYING: glib::ParamFlags =
    glib::ParamFlags::READWRITE.union(gst::PARAM_FLAG_MUTABLE_PLAYING);
/// Changes at any time, and follows a controller.
pub const CONTROLLED: glib::ParamFlags = PLAYING.union(gst::PARAM_FLAG_CONTROLLABLE);

/// What a row says of its property.
pub struct Row<T: PropertyValue> {
    pub name: &'static str,
    pub nick: &'static str,
    pub blurb: &'static str,
    pub default: T,
    pub range: T::Range,
    pub access: glib::ParamFlags,
}

/// A type that a property can have.
pub trait PropertyValue: Sized {
    /// `RangeFull` where the type itself is the limit.
    type Range;

    fn spec(row: Row<Self>) -> glib::ParamSpec;
    fn to_property(&self) -> glib::Value;
    fn from_property(value: &glib::Value) -> Self;
}

/// The value of a property whose type GObject has checked.
pub fn checked<'a, T: glib::value::FromValue<'a>>(value: &'a glib::Value) -> T {
    // GObject converts a value to the property's type, or refuses it, before this is called.
    value
        .get()
        .unwrap_or_else(|_| unreachable!("a value of another type"))
}

/// Makes a type that GObject knows one that a property can have. `$builder` begins the
/// specification of a row.
macro_rules! property_type {
    ($type:ty, $range:ty, |$row:ident| $builder:expr) => {
        impl PropertyValue for $type {
            type Range = $range;

            fn spec($row: Row<Self>) -> glib::ParamSpec {
                use gst::prelude::*;
                $builder
                    .nick($row.nick)
                    .blurb($row.blurb)
                    .flags($row.access)
                    .build()
            }

            fn to_property(&self) -> glib::Value {
                gst::prelude::ToValue::to_value(self)
            }

            fn from_property(value: &glib::Value) -> Self {
                $crate::ud2mrestore::properties::row::checked(value)
            }
        }
    };
}

macro_rules! numbers {
    ($($number:ty: $spec:ident;)*) => {$(
        property_type!($number, RangeInclusive<Self>, |row| {
            glib::$spec::builder(row.name)
                .minimum(*row.range.start())
                .maximum(*row.range.end())
                .default_value(row.default)
        });
    )*};
}

numbers! {
    i32: ParamSpecInt;
    u32: ParamSpecUInt;
    u64: ParamSpecUInt64;
    f64: ParamSpecDouble;
}

property_type!(bool, RangeFull, |row| {
    glib::ParamSpecBoolean::builder(row.name).default_value(row.default)
});

fn text_spec<T: PropertyValue>(row: &Row<T>, default: Option<&str>) -> glib::ParamSpec {
    glib::ParamSpecString::builder(row.name)
        .nick(row.nick)
        .blurb(row.blurb)
        .default_value(default)
        .flags(row.access)
        .build()
}

/// A name or a path, of any bytes.
impl PropertyValue for Arc<Path> {
    type Range = RangeFull;

    fn spec(row: Row<Self>) -> glib::ParamSpec {
        text_spec(&row, row.default.to_str())
    }

    fn to_property(&self) -> glib::Value {
        self.to_path_buf().to_value()
    }

    fn from_property(value: &glib::Value) -> Self {
        checked::<Option<PathBuf>>(value).unwrap_or_default().into()
    }
}

/// A file; empty where none is set. Its path is any bytes.
impl PropertyValue for InputFile {
    type Range = RangeFull;

    fn spec(row: Row<Self>) -> glib::ParamSpec {
        text_spec(&row, None)
    }

    fn to_property(&self) -> glib::Value {
        (!self.is_empty())
            .then(|| self.path().to_owned())
            .to_value()
    }

    fn from_property(value: &glib::Value) -> Self {
        checked::<Option<PathBuf>>(value).unwrap_or_default().into()
    }
}

/// Makes the settings of a table: a structure for each part, and `Settings` of them all with
/// `specs`, `set` and `get`. A row is
/// `field: type = default, "name", range, access, "nick", "blurb";`.
macro_rules! properties {
    ($(
        $(#[$doc:meta])*
        $part:ident: $Part:ident {$(
            $field:ident: $kind:ty = $default:expr,
            $name:literal, $range:expr, $access:expr, $nick:literal, $blurb:literal;
        )*}
    )*) => {
        $(
            $(#[$doc])*
            #[derive(Clone, Debug, PartialEq)]
            pub struct $Part {
                $(#[doc = $blurb] pub $field: $kind,)*
            }

            impl Default for $Part {
                fn default() -> Self {
                    Self { $($field: $default,)* }
                }
            }
        )*

        /// The values of all properties that can be set.
        #[derive(Clone, Debug, Default, PartialEq)]
        pub struct Settings {
            $(pub $part: $Part,)*
        }

        impl Settings {
            /// The properties as GObject knows them.
            pub fn specs() -> Vec<glib::ParamSpec> {
                vec![$($(
                    <$kind as PropertyValue>::spec(Row {
                        name: $name,
                        nick: $nick,
                        blurb: $blurb,
                        default: $default,
                        range: $range,
                        access: $access,
                    }),
                )*)*]
            }

            /// Sets the property `name` to a value of its type.
            pub fn set(&mut self, name: &str, value: &glib::Value) {
                match name {
                    $($($name => self.$part.$field = PropertyValue::from_property(value),)*)*
                    _ => unimplemented!("property {name}"),
                }
            }

            /// The value of the property `name`.
            pub fn get(&self, name: &str) -> glib::Value {
                match name {
                    $($($name => self.$part.$field.to_property(),)*)*
                    _ => unimplemented!("property {name}"),
                }
            }
        }
    };
}

pub(super) use {properties, property_type};
