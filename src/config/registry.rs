//! The macro that generates a section's config type from a list of its members.

use serde_json::{Value, json};

/// Adds `custom` to the members at `place` of a schema: the form in which a checkpoint stores a member written in
/// Rust, by its name and options. Messages do not list it.
pub(crate) fn admit_custom(schema: &mut Value, place: &str) {
    let options = json!({
        "type": "object",
        "properties": { "name": { "type": "string" }, "options": true },
        "required": ["name"],
    });
    if let Some(choices) = schema.pointer_mut(place).and_then(Value::as_array_mut) {
        choices.push(json!({ "type": "object", "properties": { "custom": options }, "hidden": true }));
    }
}

/// Declares the members of a section.
///
/// Each name is the module, the enum variant, the key in the file and the heading in the reference, so
/// `[optimizer.adam]` is read by `src/optimizer/adam.rs`. The module must have a `Config` that implements the
/// section's trait.
///
/// The enum is tagged externally on purpose: with internal tagging, serde buffers the value, which loses the line
/// of an error and accepts unknown keys.
///
/// A name after `;` is a member that only Rust code can choose; its `Config` has its own name.
macro_rules! registry {
    ($(#[$meta:meta])* $Name:ident: $Trait:ident { $($member:ident),+ $(; $in_rust:ident)? $(,)? }) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
        #[expect(non_camel_case_types, reason = "the variant is the key in the file and the module's name")]
        pub enum $Name {
            $(
                #[doc = concat!("See [`", stringify!($member), "`](mod@", stringify!($member), ").")]
                #[schemars(description = "")]
                $member($member::Config),
            )+
            $(
                #[doc = concat!("See [`", stringify!($in_rust), "`](mod@", stringify!($in_rust), ").")]
                #[schemars(skip)]
                $in_rust($in_rust::Config),
            )?
        }

        impl $Name {
            /// The keys of the members, in the order of the reference.
            pub const NAMES: &'static [&'static str] = &[$(stringify!($member)),+];

            /// The key of this member.
            #[must_use]
            pub fn name(&self) -> &'static str {
                match self {
                    $(Self::$member(_) => stringify!($member),)+
                    $(Self::$in_rust(config) => config.name(),)?
                }
            }

            /// The member as its section's trait.
            #[must_use]
            pub fn member(&self) -> &dyn $Trait {
                match self {
                    $(Self::$member(config) => config,)+
                    $(Self::$in_rust(config) => config,)?
                }
            }
        }
    };
}
pub(crate) use registry;
