#include "actors/snapshot/state_digest.h"

#include <sodium/crypto_shorthash.h>

#include <array>
#include <cstring>

namespace pollux::actors {

namespace {

constexpr std::array<unsigned char, crypto_shorthash_siphashx24_KEYBYTES> kKey = {
    'p', 'o', 'l', 'l', 'u', 'x', ' ', 's', 't', 'a', 't', 'e', ' ', 'k', 'e', 'y'};

template <class T>
void append_bytes(std::string& bytes, const T& x) {
  bytes.append(reinterpret_cast<const char*>(&x), sizeof x);
}

}  // namespace

void StateDigest::add(const schema::Model& model, schema::EntityIndex entity, schema::AttributeSlot attribute,
                      const Version& last, schema::EventTime time) {
  const std::string& name = model.type_of(entity).attributes[attribute].name;
  bytes_.assign(model.id(entity)).append(1, '\0').append(name).append(1, '\0');
  append_bytes(bytes_, last.from);
  append_bytes(bytes_, time);
  append_bytes(bytes_, last.value.type);
  append_bytes(bytes_, last.value.quality);
  append_bytes(bytes_, last.value.reason);
  if (last.value.type == schema::ValueType::symbol && last.value.usable()) {
    bytes_.append(model.symbol_text(last.value.as_symbol()));
  } else {
    append_bytes(bytes_, last.value.bits);
  }
  std::array<unsigned char, crypto_shorthash_siphashx24_BYTES> hash;
  crypto_shorthash_siphashx24(hash.data(), reinterpret_cast<const unsigned char*>(bytes_.data()),
                              bytes_.size(), kKey.data());
  uint128 part;
  std::memcpy(&part, hash.data(), sizeof part);
  sum_ += part;
}

std::string StateDigest::hex() const {
  std::string text;
  for (int shift = 124; shift >= 0; shift -= 4)
    text += "0123456789abcdef"[static_cast<int>(sum_ >> shift) & 15];
  return text;
}

}  // namespace pollux::actors
