// A value or the reason there is none. Errors that can happen are returned; bugs are asserted.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>

namespace pollux::schema {

/// What kind of failure an Error is; the edge (HTTP, CLI) translates it to its own codes.
enum class ErrorCode : std::uint8_t {
  invalid,      ///< The input is malformed or breaks a rule; the same input will fail again.
  not_found,    ///< The thing named does not exist.
  conflict,     ///< The request contradicts present state.
  overloaded,   ///< A bound was reached; try again later.
  unavailable,  ///< Not ready, or shutting down.
  io,           ///< The operating system or the store failed.
  no_space,     ///< The disk is full; what waits for it goes on by itself when there is room.
  corrupt,      ///< Stored data is damaged or of an unknown format.
};

/// One failure, told to a person: what happened, where, and what can be done.
struct Error {
  ErrorCode code = ErrorCode::invalid;
  std::string message;  ///< What happened and what it means.
  std::string where;    ///< File, position, field or component; may be empty.
  std::string advice;   ///< What can be done about it; may be empty.

  /// The three parts on one line, for logs and terminals.
  std::string text() const;
};

/// Either a `T` or an `Error`. `value()` REQUIRES `ok()`; `error()` REQUIRES `!ok()`.
template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : content_(std::in_place_index<0>, std::move(value)) {}
  Result(Error error) : content_(std::in_place_index<1>, std::move(error)) {}

  bool ok() const { return content_.index() == 0; }
  explicit operator bool() const { return ok(); }

  T& value() & { return std::get<0>(content_); }
  const T& value() const& { return std::get<0>(content_); }
  T&& value() && { return std::get<0>(std::move(content_)); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  const Error& error() const& { return std::get<1>(content_); }
  Error&& error() && { return std::get<1>(std::move(content_)); }

 private:
  std::variant<T, Error> content_;
};

/// Success without a value, or an `Error`.
template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error) : error_(std::move(error)) {}

  bool ok() const { return !error_.has_value(); }
  explicit operator bool() const { return ok(); }
  const Error& error() const { return *error_; }

 private:
  std::optional<Error> error_;
};

}  // namespace pollux::schema
