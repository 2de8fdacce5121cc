#include "server/replay/text_file.h"

#include <fcntl.h>
#include <sodium.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>

namespace pollux::server {

using schema::Error;
using schema::ErrorCode;
using schema::Result;

namespace {

constexpr std::size_t kHashBytes = 32;

// One running hash.
class Hash {
 public:
  Hash() { crypto_generichash_init(&state_, nullptr, 0, kHashBytes); }
  void add(const void* bytes, std::size_t size) {
    crypto_generichash_update(&state_, static_cast<const unsigned char*>(bytes), size);
  }
  std::string hex() {
    std::array<unsigned char, kHashBytes> bytes;
    crypto_generichash_final(&state_, bytes.data(), bytes.size());
    std::string text(2 * kHashBytes + 1, '\0');
    sodium_bin2hex(text.data(), text.size(), bytes.data(), bytes.size());
    text.pop_back();
    return text;
  }

 private:
  crypto_generichash_state state_;
};

Error failed(const std::string& path, const char* what) {
  const ErrorCode code = errno == ENOENT ? ErrorCode::not_found : ErrorCode::io;
  return Error{code, std::string("cannot ") + what + ": " + std::strerror(errno), path, {}};
}

bool write_all(int file, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(file, text.data(), text.size());
    if (written < 0 && errno != EINTR) return false;
    if (written > 0) text.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

}  // namespace

std::string hash_of(const std::vector<std::string_view>& parts) {
  Hash hash;
  for (const std::string_view part : parts) {
    const std::string size = std::to_string(part.size()) + ":";
    hash.add(size.data(), size.size());
    hash.add(part.data(), part.size());
  }
  return hash.hex();
}

Result<std::string> hash_of_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return failed(path, "open it");
  Hash hash;
  std::array<char, 1 << 16> buffer;
  while (file.read(buffer.data(), buffer.size()) || file.gcount() > 0) {
    hash.add(buffer.data(), static_cast<std::size_t>(file.gcount()));
  }
  if (file.bad()) return failed(path, "read it");
  return hash.hex();
}

Result<std::string> read_text_file(const std::string& path, std::size_t bytes_max) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return failed(path, "open it");
  std::string text;
  std::array<char, 1 << 16> buffer;
  while (file.read(buffer.data(), buffer.size()) || file.gcount() > 0) {
    text.append(buffer.data(), static_cast<std::size_t>(file.gcount()));
    if (text.size() > bytes_max) {
      return Error{ErrorCode::invalid,
                   "larger than the " + std::to_string(bytes_max) + " bytes it may have",
                   path,
                   {}};
    }
  }
  if (file.bad()) return failed(path, "read it");
  return text;
}

Result<void> replace_text_file(const std::string& path, std::string_view text) {
  const std::string beside = path + ".new";
  const int file = ::open(beside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (file < 0) return failed(beside, "create it");
  const bool written = write_all(file, text) && ::fsync(file) == 0;
  const Error problem = failed(beside, "write it");
  if (::close(file) != 0 || !written) return problem;
  if (std::rename(beside.c_str(), path.c_str()) != 0) return failed(path, "replace it");
  return {};
}

}  // namespace pollux::server
