#include "actors/settled_state.h"

#include <sodium/crypto_shorthash.h>

#include <array>
#include <cstring>

namespace pollux::actors {

using schema::AttributeSlot;
using schema::EntityIndex;
using schema::Role;

namespace {

/// A sum of 128-bit hashes: the same whatever the order of its parts.
class HashSum {
  __extension__ using uint128 = unsigned __int128;

 public:
  void add(const std::string& bytes) {
    std::array<unsigned char, crypto_shorthash_siphashx24_BYTES> hash;
    crypto_shorthash_siphashx24(hash.data(), reinterpret_cast<const unsigned char*>(bytes.data()),
                                bytes.size(), kKey.data());
    uint128 part;
    std::memcpy(&part, hash.data(), sizeof part);
    sum_ += part;
  }

  std::string hex() const {
    std::string text;
    for (int shift = 124; shift >= 0; shift -= 4)
      text += "0123456789abcdef"[static_cast<int>(sum_ >> shift) & 15];
    return text;
  }

 private:
  static constexpr std::array<unsigned char, crypto_shorthash_siphashx24_KEYBYTES> kKey = {
      'p', 'o', 'l', 'l', 'u', 'x', ' ', 's', 't', 'a', 't', 'e', ' ', 'k', 'e', 'y'};
  uint128 sum_ = 0;
};

template <class T>
void append_bytes(std::string& bytes, const T& x) {
  bytes.append(reinterpret_cast<const char*>(&x), sizeof x);
}

}  // namespace

AttributeState SettledState::attribute(EntityIndex entity, AttributeSlot attribute) const {
  const Version& version = timeline(entity, attribute).last();
  if (model_.type_of(entity).attributes[attribute].role != Role::observed)
    return {attribute, version.value, version.from};
  const EntityImage* image = kept(entity);
  return {attribute, version.value,
          image == nullptr ? entities_[entity]->observed_at(attribute) : image->observed_at(attribute)};
}

StateView SettledState::read(std::span<const EntityIndex> entities) const {
  StateView view{position_, clock_, {}};
  view.entities.reserve(entities.size());
  for (const EntityIndex entity : entities) {
    EntityState state{entity, {}};
    const auto& attributes = model_.type_of(entity).attributes;
    for (AttributeSlot a = 0; a < attributes.size(); ++a) {
      if (attributes[a].role != Role::memory) state.attributes.push_back(attribute(entity, a));
    }
    view.entities.push_back(std::move(state));
  }
  return view;
}

const Episodes& SettledState::episodes() const {
  if (pins_ == nullptr) return episodes_;
  if (!pinned_episodes_) pinned_episodes_ = pins_->episodes(pin_, episodes_);
  return *pinned_episodes_;
}

bool SettledState::stands(const schema::EventKey& key) const {
  return admission_ == nullptr || admission_->stands(key);
}

Digest SettledState::digest() const {
  HashSum sum;
  std::string bytes;
  for (EntityIndex entity = 0; entity < entities_.size(); ++entity) {
    const auto& attributes = model_.type_of(entity).attributes;
    for (AttributeSlot a = 0; a < attributes.size(); ++a) {
      const Version& version = timeline(entity, a).last();
      const AttributeState state = attribute(entity, a);
      bytes.assign(model_.id(entity)).append(1, '\0').append(attributes[a].name).append(1, '\0');
      append_bytes(bytes, version.from);
      append_bytes(bytes, state.time);
      append_bytes(bytes, version.value.type);
      append_bytes(bytes, version.value.quality);
      append_bytes(bytes, version.value.reason);
      const bool symbol = version.value.type == schema::ValueType::symbol && version.value.usable();
      if (symbol)
        bytes.append(model_.symbol_text(version.value.as_symbol()));
      else
        append_bytes(bytes, version.value.bits);
      sum.add(bytes);
    }
  }
  return {position_, clock_, sum.hex()};
}

}  // namespace pollux::actors
