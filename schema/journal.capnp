@0xd1b5c1f6a0a94b21;
# What is stored in the journal. Format notes: actors/JOURNAL.md.

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("pollux::schema::wire");

struct EpochRecord {
  position @0 :UInt64;
}
