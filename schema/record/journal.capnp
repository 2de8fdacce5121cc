@0xd1b5c1f6a0a94b21;
# What is stored in the journal, packed. How records are keyed, chained and checked: actors/journal/JOURNAL.md.
#
# A record names what it speaks of, so it can be read under a later version of the model: names stand once
# in tables, the rows of the batch point into them. Columns rather than a list of structs, because columns of
# small or equal numbers all but vanish in the packed encoding and are copied in one go.
#
# Numbers of fields and of enumerants are for ever: add at the end, never reuse.

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("pollux::schema::wire");

enum ValueType {
  number @0;
  boolean @1;
  symbol @2;
}

enum Quality {
  good @0;
  uncertain @1;
  stale @2;
  bad @3;
  unknown @4;
}

enum Reason {
  none @0;
  notYetObserved @1;
  reportedBySource @2;
  noRecentEvent @3;
  divisionByZero @4;
  notANumber @5;
  overflow @6;
  emptyInput @7;
  inputNotGood @8;
  pluginFailed @9;
}

enum EventKind {
  observe @0;
  correct @1;
  retract @2;
}

enum QuarantineReason {
  tooLate @0;
  fromTheFuture @1;
  poison @2;
}

struct AttributeName {
  # An attribute as it was declared when the record was written.
  name @0 :Text;
  unit @1 :Text;  # As written in the model; empty for plain numbers, booleans and symbols.
  type @2 :ValueType;
}

struct EventBatch {
  # Tables.
  entities @0 :List(Text);
  sources @1 :List(Text);
  attributes @2 :List(AttributeName);
  symbols @3 :List(Text);

  # One row an event.
  times @4 :List(Int64);  # Nanoseconds since 1970-01-01T00:00:00Z.
  sequences @5 :List(UInt64);
  entityRows @6 :List(UInt32);  # Into `entities`; 0xffffffff for a retraction, which has none.
  sourceRows @7 :List(UInt16);  # Into `sources`.
  kinds @8 :List(UInt8);  # EventKind.
  idSizes @9 :List(UInt16);
  undeclaredSourceSizes @10 :List(UInt16);
  valueCounts @11 :List(UInt16);
  text @12 :Data;
  # For each event its id, then the name of its source where that is undeclared, then the id of the event that
  # it corrects or retracts.

  # One row a reported value, in the order of the events.
  attributeRows @13 :List(UInt32);  # Into `attributes`.
  bits @14 :List(UInt64);  # Number: IEEE 754 bits. Boolean: 0 or 1. Symbol: into `symbols`. Bad, unknown: 0.
  qualities @15 :List(UInt8);  # Quality.
  reasons @16 :List(UInt8);  # Reason.

  # One row an event once more.
  namedSizes @17 :List(UInt16);  # Empty where no event corrects or retracts another.
}

struct EpochRecord {
  position @0 :UInt64;
  clock @1 :Int64;  # The twin's clock after the epoch, nanoseconds as in `times`.
  batch @2 :EventBatch;
}

struct QuarantinedEvent {
  number @0 :UInt64;
  reason @1 :QuarantineReason;
  clock @2 :Int64;  # The twin's clock when the event was set aside.
  batch @3 :EventBatch;  # Exactly one event.
}
