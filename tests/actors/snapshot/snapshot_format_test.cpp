#include "actors/snapshot/snapshot_format.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pollux::actors {
namespace {

using schema::ErrorCode;
using testing::HasSubstr;

SnapshotInfo sample_info() {
  SnapshotInfo info;
  info.position = 1234;
  info.clock = -5;
  info.taken = 1'700'000'000'000'000'000;
  info.twin = "plant";
  info.model_version = "abc";
  info.shape = 99;
  info.record[3] = 7;
  info.entities = 2'000;
  info.identities = 3;
  info.misfits = {{"no such entity", 4, 5}};
  return info;
}

/// A description, two blocks of entities, one of sources, and the seal.
std::string sample() {
  SnapshotEncoder encoder;
  std::string bytes;
  encoder.begin(sample_info(), bytes);
  encoder.block(Section::entities, std::string(300, 'x'), bytes);
  encoder.block(Section::entities, std::string(200, 'y'), bytes);
  encoder.block(Section::sources, "", bytes);
  encoder.seal("00ff", bytes);
  return bytes;
}

schema::Error error_of(const std::string& bytes) {
  const auto read = read_snapshot(bytes, "a.snapshot");
  return read.ok() ? schema::Error{ErrorCode::invalid, "it was read", "", ""} : read.error();
}

TEST(SnapshotFormat, WhatWasWrittenIsReadBack) {
  const std::string bytes = sample();
  const auto read = read_snapshot(bytes, "a.snapshot");
  ASSERT_TRUE(read.ok()) << read.error().text();
  EXPECT_EQ(read->info.position, 1234u);
  EXPECT_EQ(read->info.clock, -5);
  EXPECT_EQ(read->info.taken, 1'700'000'000'000'000'000);
  EXPECT_EQ(read->info.twin, "plant");
  EXPECT_EQ(read->info.model_version, "abc");
  EXPECT_EQ(read->info.shape, 99u);
  EXPECT_EQ(read->info.record, sample_info().record);
  EXPECT_EQ(read->info.entities, 2'000u);
  ASSERT_EQ(read->info.misfits.size(), 1u);
  EXPECT_EQ(read->info.misfits[0].why, "no such entity");
  EXPECT_EQ(read->digest, "00ff");
  ASSERT_EQ(read->blocks.size(), 3u);
  EXPECT_EQ(read->blocks[1].payload, std::string(200, 'y'));
  EXPECT_EQ(read->blocks[2].section, Section::sources);
  EXPECT_EQ(read_snapshot_info(bytes.substr(0, 200), "a.snapshot")->position, 1234u);
}

TEST(SnapshotFormat, EveryFlippedBitIsDetectedAndItsPlaceNamed) {
  const std::string bytes = sample();
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    for (unsigned bit = 0; bit < 8; ++bit) {
      std::string damaged = bytes;
      damaged[i] = static_cast<char>(damaged[i] ^ (1 << bit));
      const schema::Error error = error_of(damaged);
      ASSERT_EQ(error.code, ErrorCode::corrupt) << "byte " << i;
      EXPECT_EQ(error.where, "a.snapshot");
      EXPECT_NE(error.advice, "");
    }
  }
}

TEST(SnapshotFormat, DamageIsToldByItsBlock) {
  std::string bytes = sample();
  bytes[bytes.find("yyyy") + 100] = 'z';
  EXPECT_THAT(error_of(bytes).message, HasSubstr("block 2"));
  EXPECT_THAT(error_of(bytes).message, HasSubstr("(entities) is damaged"));
}

TEST(SnapshotFormat, EveryCutIsDetected) {
  const std::string bytes = sample();
  for (std::size_t size = 0; size < bytes.size(); ++size)
    ASSERT_EQ(error_of(bytes.substr(0, size)).code, ErrorCode::corrupt) << size;
  const auto after_a_block = bytes.find("yyyy") + 200;
  EXPECT_THAT(error_of(bytes.substr(0, after_a_block)).message,
              HasSubstr("cut short: its last block is missing"));
  EXPECT_THAT(error_of(bytes + "x").message, HasSubstr("something follows"));
}

TEST(SnapshotFormat, BlocksLeftOutRepeatedOrExchangedAreDetected) {
  const std::string bytes = sample();
  const std::size_t header = snapshot_format::kBlockHeaderBytes;
  const std::size_t x = bytes.find("xxxx") - header;
  const std::size_t y = bytes.find("yyyy") - header;
  const std::string block_x = bytes.substr(x, 300 + header);
  const std::string block_y = bytes.substr(y, 200 + header);
  const std::string rest = bytes.substr(y + block_y.size());
  const std::string begin = bytes.substr(0, x);
  EXPECT_EQ(error_of(begin + block_y + block_x + rest).code, ErrorCode::corrupt);
  EXPECT_EQ(error_of(begin + block_y + rest).code, ErrorCode::corrupt);
  EXPECT_EQ(error_of(begin + block_x + block_x + block_y + rest).code, ErrorCode::corrupt);
}

TEST(SnapshotFormat, AnotherVersionIsRefusedByName) {
  std::string bytes = sample();
  bytes[snapshot_format::kMagic.size()] = 9;
  EXPECT_THAT(error_of(bytes).message, HasSubstr("format version 9"));
  EXPECT_THAT(error_of("something else altogether").message, HasSubstr("does not begin as a snapshot does"));
}

}  // namespace
}  // namespace pollux::actors
